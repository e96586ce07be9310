"""A model ready to answer: pictures in, scores out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edgefmnist.errors import BadModel
from edgefmnist.runtime import interpreter
from edgefmnist.runtime.model_file import ModelFile

Pictures = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

_SMALLEST_PROBABILITY = 1e-6


class Classifier:
    """One interpreter, built once and used for every picture.

    Pictures are uint8 [n, 28, 28] with raw intensities 0..255, garment bright on 0. How they
    become the model's input, scale and zero point included, is read from the model.

    Raises: BadModel (not a 28x28 classifier of the model's labels), MissingDependency (no runtime).
    """

    def __init__(
        self,
        model: ModelFile,
        threads: int = 1,
        batch: int = 1,
        *,
        reference: bool = False,
        keep_tensors: bool = False,
    ) -> None:
        """Load `model` with `threads` CPU threads, to take `batch` pictures at a time.

        reference: use the kernels that define the format (`interpreter.read`).
        keep_tensors: for `inner`; needs more memory.
        """
        self.model = model
        self.runtime: str = interpreter.provider()[1]
        content = model.read()
        self.size_bytes = len(content)
        self._interpreter: Any = interpreter.build(
            model.path,
            threads,
            batch,
            content=content,
            reference=reference,
            keep_tensors=keep_tensors,
        )
        self.delegate = interpreter.delegate(self._interpreter)
        self._input: dict[str, Any] = self._interpreter.get_input_details()[0]
        self._batch = int(self._input["shape"][0])
        self._output: dict[str, Any] = self._interpreter.get_output_details()[0]
        self.labels = model.labels
        _check_count(int(self._output["shape"][1]), model)
        self._invoke = self._invoker()
        self.temperature = model.card.temperature if model.card else 1.0
        # Without a bundle nothing was calibrated: a bare model is never sure enough to refuse.
        self.unknown_threshold = model.card.unknown_threshold if model.card else 0.0
        self._known_curve = (model.card.known_weight, model.card.known_bias) if model.card else None
        blank = self.outputs(np.zeros((1, 28, 28), np.uint8))[0]
        self._ends_in_softmax = bool(blank.min() >= 0 and abs(blank.sum() - 1) < 0.05)

    @property
    def input_dtype(self) -> str:
        """Name of the input tensor's dtype, such as "int8"."""
        return str(np.dtype(self._input["dtype"]).name)

    def encode(self, images: Pictures) -> npt.NDArray[Any]:
        """The values of the input tensor [n, 28, 28] for `images`, in its own dtype."""
        encoded = np.empty((len(images), *interpreter.INPUT_SHAPE), self._input["dtype"])
        fill_input(encoded, self._input["quantization"], self.model)(images)
        return encoded[..., 0]

    def raw(self, images: Pictures) -> npt.NDArray[Any]:
        """Exact output tensor [n, classes] in the model's own dtype."""
        if len(images) == self._batch:  # as for a camera: nothing to gather
            return self._invoke(images)
        answers = np.empty((len(images), len(self.labels)), dtype=self._output["dtype"])
        for at in range(0, len(images), self._batch):
            part = images[at : at + self._batch]
            lacking = self._batch - len(part)
            full = np.pad(part, ((0, lacking), (0, 0), (0, 0))) if lacking else part
            answers[at : at + len(part)] = self._invoke(full)[: len(part)]
        return answers

    def outputs(self, images: Pictures) -> Floats:
        """Dequantized output [n, classes]: logits, or probabilities after a softmax."""
        return _dequantized(self.raw(images), self._output)

    def logits(self, images: Pictures) -> Floats:
        """Logits [n, classes], finite, up to a constant a row where the model ends in softmax.

        Raises: BadModel where the model answers with what is not a number.
        """
        answers = self.outputs(images)
        if self._ends_in_softmax:
            answers = np.log(np.maximum(answers, _SMALLEST_PROBABILITY))
        if not np.isfinite(answers).all():
            raise BadModel(
                f"{self.model.path} answers with values that are not finite numbers: it is damaged "
                "or its training diverged; take another model, or train it again"
            )
        return answers

    def scores(self, images: Pictures) -> Floats:
        """Calibrated probabilities [n, classes]: softmax of the logits over the temperature.

        Source: temperature scaling, Guo et al. 2017, "On Calibration of Modern Neural Networks",
        section 4.2.
        """
        return self.probabilities(self.logits(images))

    def probabilities(self, logits: Floats) -> Floats:
        """Calibrated probabilities [n, classes] from logits of the same shape."""
        return softmax(logits / self.temperature)

    def known(self, logits: Floats) -> Floats:
        """Probability [n], 0..1, that a picture shows one of the classes, from its `logits`.

        A logistic curve over the best logit (the maximum logit score, Hendrycks et al. 2022,
        "Scaling Out-of-Distribution Detection for Real-World Settings"), fitted when the model was
        quantized. A bare model, for which nothing was fitted, gives its best probability
        (Hendrycks and Gimpel 2017).
        """
        if self._known_curve is None:
            return np.asarray(softmax(logits).max(axis=1), np.float32)
        weight, bias = self._known_curve
        return sigmoid(logits.max(axis=1) * np.float32(weight) + np.float32(bias))

    def inner(self, images: Pictures, names: Sequence[str]) -> dict[str, Floats]:
        """Dequantized values of the tensors `names` for `images`, which must fill one batch.

        Needs `keep_tensors`.
        """
        self._invoke(images)
        found: dict[str, Floats] = {}
        for detail in self._interpreter.get_tensor_details():
            if detail["name"] in names:
                values = self._interpreter.get_tensor(detail["index"])
                found[detail["name"]] = _dequantized(values, detail)
        return found

    def _invoker(self) -> Callable[[Pictures], npt.NDArray[Any]]:
        """The function that answers one full batch, with all that it needs bound once.

        After an inference the caches are cold: each attribute looked up on the way, each array
        made, costs a fraction of a microsecond (`benchmarks/engines/overhead.py`).
        """
        tensor = np.zeros((self._batch, *interpreter.INPUT_SHAPE), self._input["dtype"])
        fill = fill_input(tensor, self._input["quantization"], self.model)
        put, run, get = (
            self._interpreter.set_tensor,
            self._interpreter.invoke,
            self._interpreter.get_tensor,
        )
        source, target = self._input["index"], self._output["index"]

        def invoke(images: Pictures) -> npt.NDArray[Any]:
            fill(images)
            put(source, tensor)
            try:
                run()
            except (ValueError, RuntimeError) as error:
                raise BadModel(f"{self.model.path} cannot answer this picture: {error}") from error
            answer: npt.NDArray[Any] = get(target)
            return answer

        return invoke


def _check_count(outputs: int, model: ModelFile) -> None:
    labels = len(model.labels)
    if outputs == labels:
        return
    if model.card is None:
        raise BadModel(
            f"{model.path} gives {outputs} scores and nothing names their classes: without a "
            f"bundle a model has Fashion-MNIST's {labels}; name the bundle's folder instead"
        )
    raise BadModel(
        f"{model.path} gives {outputs} scores, its record names {labels} labels: "
        "copy the bundle again"
    )


def softmax(logits: Floats) -> Floats:
    """Row-wise softmax of [n, k]."""
    shares: Floats = np.exp(logits - logits.max(axis=1, keepdims=True)).astype(np.float32)
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def sigmoid(values: Floats) -> Floats:
    """Logistic function; written with tanh, which cannot overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * values)), np.float32)


def _dequantized(values: npt.NDArray[Any], detail: dict[str, Any]) -> Floats:
    """`values` of the tensor that `detail` describes as floats."""
    scale, zero_point = detail["quantization"]
    floats: Floats = values.astype(np.float32)
    return (floats - np.float32(zero_point)) * np.float32(scale) if scale else floats


def fill_input(
    tensor: npt.NDArray[Any], quantization: tuple[float, int], model: ModelFile
) -> Callable[[Pictures], None]:
    """The function that fills `tensor` [n, 28, 28, 1] with n pictures as the model's own values."""
    dtype = tensor.dtype
    scale, zero_point = quantization
    pictures = tensor[..., 0]
    if dtype == np.float32:
        table = np.arange(256, dtype=dtype)
    elif dtype.kind not in "iu" or not scale:
        raise BadModel(f"{model.path} has a {dtype.name} input without a scale: convert it again")
    elif dtype == np.int8 and scale == 1.0 and zero_point == -128:
        return _flipper(pictures.view(np.uint8))
    else:
        limits = np.iinfo(dtype)
        steps = np.clip(np.round(np.arange(256) / scale) + zero_point, limits.min, limits.max)
        table = steps.astype(dtype)

    def fill(images: Pictures) -> None:
        pictures[:] = table[images]

    return fill


def _flipper(pictures: Pictures) -> Callable[[Pictures], None]:
    """The usual case of int8: subtracting 128 from a byte is flipping its top bit."""
    flip, top = np.bitwise_xor, np.uint8(0x80)

    def fill(images: Pictures) -> None:
        flip(images, top, pictures)

    return fill
