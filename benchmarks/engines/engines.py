"""The engines: each takes one picture, uint8 [28, 28], and gives ten scores as a NumPy array.

What a user must do between the two is part of it and is timed: making the input tensor, handing it
over, fetching the scores. Settings are those that each engine documents for the latency of single
inferences; `settings` names them for the page.

Imports of the engines stand inside: each has an environment of its own.
"""

from __future__ import annotations

import abc
import importlib
import importlib.metadata
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Scores = npt.NDArray[Any]
_SIGN = np.uint8(0x80)


class Engine(abc.ABC):
    """One engine with one model. name: in tables. package: whose version is told.

    suffix: of the model's file in the folder of models; a model is called by its form.
    """

    name: ClassVar[str]
    package: ClassVar[str]
    settings: ClassVar[str]
    suffix: ClassVar[str] = ".tflite"

    @abc.abstractmethod
    def __init__(self, path: Path, threads: int) -> None:
        """Load the model at `path` for `threads` threads."""

    @abc.abstractmethod
    def scores(self, picture: Picture) -> Scores:
        """The ten scores; int8 where the engine's own output is."""

    @classmethod
    def version(cls) -> str:
        """Version of the package that is installed here."""
        return importlib.metadata.version(cls.package)


class _Interpreter(Engine):
    """The Interpreter of either package, which both have it in a module of that name."""

    _module: ClassVar[str]

    def __init__(self, path: Path, threads: int) -> None:
        built = importlib.import_module(f"{self._module}.interpreter").Interpreter(
            model_path=str(path), num_threads=threads
        )
        built.allocate_tensors()
        self._built = built
        self._source = built.get_input_details()[0]["index"]
        self._target = built.get_output_details()[0]["index"]
        self._encode = _encoder(built.get_input_details()[0]["dtype"])

    def scores(self, picture: Picture) -> Scores:
        self._built.set_tensor(self._source, self._encode(picture).reshape(1, 28, 28, 1))
        self._built.invoke()
        answer: Scores = self._built.get_tensor(self._target)[0]
        return answer


class LiteRT(_Interpreter):
    name, package, _module = "LiteRT Interpreter", "ai-edge-litert", "ai_edge_litert"
    settings = "XNNPACK, its default; `num_threads`"


class TFLiteRuntime(_Interpreter):
    name, package, _module = "tflite-runtime", "tflite-runtime", "tflite_runtime"
    settings = "XNNPACK, its default; `num_threads`"


class CompiledModel(Engine):
    name, package = "LiteRT CompiledModel", "ai-edge-litert"
    settings = "CPU; `CpuOptions(num_threads)`"

    def __init__(self, path: Path, threads: int) -> None:
        from ai_edge_litert.compiled_model import CompiledModel as Model
        from ai_edge_litert.hardware_accelerator import HardwareAccelerator
        from ai_edge_litert.options import CpuOptions, Options

        options = Options(
            hardware_accelerators=HardwareAccelerator.CPU,
            cpu_options=CpuOptions(num_threads=threads),
        )
        self._model = Model.from_file(str(path), options=options)
        self._inputs = self._model.create_input_buffers(0)
        self._outputs = self._model.create_output_buffers(0)
        signature = next(iter(self._model.get_signature_list()))
        (told,) = self._model.get_input_tensor_details(signature).values()
        self._dtype = np.dtype(told["dtype"]).type
        self._encode = _encoder(self._dtype)

    def scores(self, picture: Picture) -> Scores:
        self._inputs[0].write(self._encode(picture))
        self._model.run_by_index(0, self._inputs, self._outputs)
        answer: Scores = self._outputs[0].read(10, self._dtype)
        return answer


class ONNXRuntime(Engine):
    name, package, suffix = "ONNX Runtime", "onnxruntime", ".onnx"
    settings = (
        "all graph optimisations, sequential; `intra_op_num_threads`. int8 as QDQ, activations in "
        "uint8, weights in seven bits (its `reduce_range`, which its documentation advises for "
        "CPUs without VNNI)"
    )

    def __init__(self, path: Path, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        self._session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )

    def scores(self, picture: Picture) -> Scores:
        answer: Scores = self._session.run(None, {"picture": picture.reshape(1, 1, 28, 28)})[0][0]
        return answer


class OpenVINO(Engine):
    name, package = "OpenVINO", "openvino"
    settings = (
        "reads the `.tflite` files, batch fixed at 1; `PERFORMANCE_HINT` LATENCY, `NUM_STREAMS` 1, "
        "`INFERENCE_NUM_THREADS`; tensors shared, not copied"
    )

    def __init__(self, path: Path, threads: int) -> None:
        import openvino

        core = openvino.Core()
        model = core.read_model(path)
        model.reshape([1, 28, 28, 1])
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": threads,
        }
        compiled = core.compile_model(model, "CPU", options)
        dtype = compiled.input(0).get_element_type().to_dtype()
        if dtype == np.int8:
            _refuse_float_convolutions(compiled)
        self._request = compiled.create_infer_request()
        self._encode = _encoder(dtype)

    def scores(self, picture: Picture) -> Scores:
        tensor = self._encode(picture).reshape(1, 28, 28, 1)
        answer = self._request.infer([tensor], share_inputs=True, share_outputs=True)
        scores: Scores = answer[0][0]
        return scores


class NCNN(Engine):
    name, package, suffix = "ncnn", "ncnn", ".param"
    settings = "no Vulkan; `opt.num_threads`; the other options as they are"

    def __init__(self, path: Path, threads: int) -> None:
        import ncnn

        self._net = ncnn.Net()
        self._net.opt.use_vulkan_compute = False
        self._net.opt.num_threads = threads
        if self._net.load_param(str(path)) or self._net.load_model(str(path.with_suffix(".bin"))):
            raise ValueError(f"ncnn refuses {path}")
        self._from_pixels = ncnn.Mat.from_pixels
        self._gray = ncnn.Mat.PixelType.PIXEL_GRAY

    def scores(self, picture: Picture) -> Scores:
        extractor = self._net.create_extractor()
        extractor.input("picture", self._from_pixels(picture, self._gray, 28, 28))
        _, answer = extractor.extract("scores")
        return np.array(answer)


ENGINES: tuple[type[Engine], ...] = (
    LiteRT,
    CompiledModel,
    TFLiteRuntime,
    ONNXRuntime,
    OpenVINO,
    NCNN,
)


def _encoder(dtype: Any) -> Callable[[Picture], npt.NDArray[Any]]:
    """From intensities to the input's values; our int8 input has scale 1 and zero point -128."""
    if dtype == np.int8:
        return lambda picture: (picture ^ _SIGN).view(np.int8)
    return lambda picture: picture.astype(np.float32)


def _refuse_float_convolutions(compiled: Any) -> None:
    """OpenVINO falls back to float in silence. Raises: ValueError where it did."""
    told = [step.get_rt_info() for step in compiled.get_runtime_model().get_ops()]
    steps = [(one["layerType"].astype(str), one["primitiveType"].astype(str)) for one in told]
    kernels = [kernel for layer, kernel in steps if layer == "Convolution"]
    if not kernels or not all("i8" in kernel.lower() for kernel in kernels):
        raise ValueError(f"OpenVINO runs convolutions of an int8 model as {', '.join(kernels)}")
