"""Where an int8 model loses what it loses: the error of each operator, float against int8.

Two errors are told of each. The local one is what this operator adds: its int8 self against its
float self, both given the same int8 input; the worst of these are where to look. The accumulated
one is the distance to the float32 model after everything up to here; the last operator's is that of
the model's answer.

Local errors are read by TensorFlow's QuantizationDebugger.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgefmnist import evaluate
from edgefmnist.dataset import Samples, stratified_sample
from edgefmnist.quantization import convert, paired
from edgefmnist.quantization.job import Job, open_job
from edgefmnist.quantization.nodes import Node
from edgefmnist.quantization.records import (
    LayerError,
    LayersResult,
    LeftInFloat,
    QuantizeConfig,
    QuantizeObserver,
)
from edgefmnist.quantization.selective import Calibrated
from edgefmnist.quantization.source import read_source
from edgefmnist.quiet import silenced_stderr
from edgefmnist.runtime.classifier import Classifier, Floats
from edgefmnist.runtime.model_file import ModelFile

WORST = 5
_PICTURES = 500
_BATCH = 50
_EXACT = 1e-10
"""Noise against signal under which the difference is that of float arithmetic: 100 dB."""

Powers = dict[str, tuple[float, float]]
"""Of each tensor the sums of signal and noise, squared."""


def report(config: QuantizeConfig, train: Samples, observer: QuantizeObserver) -> LayersResult:
    """Measure the error of every operator on validation pictures; test pictures are not looked at.

    The worst layers are then left in float, one at a time and all, and the answers compared.

    config: of an int8 model; `max_drop_pp` and `out` do not count.
    Raises: BadInput, BadModel, UsageError, CannotWrite; GateRefused for a model that wants other
    inputs than raw intensities.
    """
    job = open_job(read_source(config.source), config, train, None, observer)
    labels = job.validation.labels
    shown = job.validation.images[stratified_sample(labels, min(_PICTURES, len(labels)), seed=0)]
    with tempfile.TemporaryDirectory() as folder:
        float_model = ModelFile(name="float32", path=Path(folder) / "float32.tflite")
        observer.stage("Converting to float32")
        float_model.path.write_bytes(convert.convert(job.model, "float32"))
        observer.stage("Calibrating int8", len(job.calibration.images))
        calibrated = Calibrated(job.model, job.calibration.images, Path(folder), observer.progress)
        rows = _errors(calibrated, float_model, shown, observer)
        ranked = sorted(
            (row for row in rows if row.sqnr_db is not None), key=lambda row: row.sqnr_db or 0.0
        )
        worst = tuple(ranked[:WORST])
        # A layer that adds an error computes, and so can be left in float.
        layers = tuple(dict.fromkeys(row.layer for row in worst))
        throughout, kept = _left_in_float(calibrated, float_model, layers, job, observer)
    return LayersResult(
        name=job.source.name,
        rows=rows,
        worst=worst,
        throughout=throughout,
        kept=kept,
        pictures=len(shown),
        validation_count=len(labels),
        calibration_count=len(job.calibration.images),
    )


def sqnr_db(signal: float, noise: float) -> float | None:
    """Signal-to-quantization-noise ratio in decibels; None where there is no noise.

    SQNR = 10 log10(sum x^2 / sum (x - q)^2), x the float values, q the dequantized ones. Each bit
    is worth 6.02 dB: evenly spread values over the whole range of 8 bits have 49.9 dB.

    Source: Bennett 1948, "Spectra of Quantized Signals", Bell Syst. Tech. J. 27(3); for neural
    networks Lin et al. 2016, "Fixed Point Quantization of Deep Convolutional Networks", section 3.
    """
    if noise <= _EXACT * signal:
        return None
    return 10 * math.log10(signal / noise) if signal > 0 else -math.inf


def saturated(
    floats: npt.NDArray[Any], integers: npt.NDArray[Any], scale: float, zero_point: int
) -> int:
    """How many values of an int8 tensor are cut off.

    Such a value is at a limit, -128 or 127, while the float value lies more than a step beyond what
    the limit stands for. So 0 after a ReLU does not count, which the lower limit stands for, the
    float operator having clipped as well; nor does 1.0 after a softmax, whose upper limit stands
    for 255/256, a step less.
    """
    low, high = (-128 - zero_point) * scale, (127 - zero_point) * scale
    below = (integers == -128) & (floats < low - scale)
    above = (integers == 127) & (floats > high + scale)
    return int((below | above).sum())


def _errors(
    calibrated: Calibrated,
    float_model: ModelFile,
    shown: npt.NDArray[np.uint8],
    observer: QuantizeObserver,
) -> tuple[LayerError, ...]:
    local = _local(calibrated, shown, observer)
    total = _accumulated(calibrated, float_model, shown, observer)
    rows = []
    for node in calibrated.nodes:
        found = local.get(node.tensor)
        if found is None:  # no operator of arithmetic
            continue
        rows.append(
            LayerError(
                layer=node.layer,
                layers=node.layers,
                op=node.op,
                tensor=node.tensor,
                values=round(found["count"] / len(shown)),
                sqnr_db=sqnr_db(found["signal"], found["noise"]),
                accumulated_sqnr_db=sqnr_db(*total[node.tensor]),
                saturated=found["saturated"] / found["count"],
                scale=node.scale,
                zero_point=node.zero_point,
            )
        )
    return tuple(rows)


def _local(
    calibrated: Calibrated, shown: npt.NDArray[np.uint8], observer: QuantizeObserver
) -> dict[str, dict[str, float]]:
    """Sums over all pictures, by the tensor's name: signal and noise squared, values cut off."""
    import tensorflow as tf

    def batches() -> Iterator[list[Floats]]:
        for at in range(0, len(shown), _BATCH):
            part = shown[at : at + _BATCH]
            yield [part.astype(np.float32)[..., np.newaxis]]
            observer.progress(at + len(part), len(shown))

    observer.stage("Error of each operator", len(shown))
    debug = tf.lite.experimental
    # From the model's bytes: opened by a converter the debugger does not preserve the tensors that
    # these functions compare, and hands them memory that was used for something else since.
    with silenced_stderr():
        debugger = debug.QuantizationDebugger(
            quant_debug_model_content=calibrated.instrumented(),
            debug_dataset=batches,
            debug_options=debug.QuantizationDebugOptions(
                layer_debug_metrics={"count": lambda difference: difference.size},
                layer_direct_compare_metrics={
                    "signal": lambda x, q, scale, zero: _squares(x),
                    "noise": lambda x, q, scale, zero: _squares(
                        x - (q.astype(np.float64) - zero) * scale
                    ),
                    "saturated": saturated,
                },
            ),
        )
        debugger.run()
    # It gives the mean over batches.
    times = math.ceil(len(shown) / _BATCH)
    return {
        _tensor(name, calibrated.nodes): {key: times * float(mean) for key, mean in means.items()}
        for name, means in debugger.layer_statistics.items()
    }


def _tensor(name: str, nodes: Sequence[Node]) -> str:
    """The tensor that the debugger calls `name`: NumericVerify/TENSOR:INDEX.

    A digit is appended to TENSOR where the float operator beside it bears that name.
    """
    told = name.removeprefix("NumericVerify/").rpartition(":")[0]
    return max((node.tensor for node in nodes if told.startswith(node.tensor)), key=len)


def _accumulated(
    calibrated: Calibrated,
    float_model: ModelFile,
    shown: npt.NDArray[np.uint8],
    observer: QuantizeObserver,
) -> Powers:
    """Sums over all pictures of signal and noise squared against the float32 model."""
    names = [node.tensor for node in calibrated.nodes]
    threads = len(os.sched_getaffinity(0))
    both = [
        Classifier(model, threads=threads, batch=_BATCH, keep_tensors=True)
        for model in (float_model, calibrated.throughout)
    ]
    powers = dict.fromkeys(names, (0.0, 0.0))
    observer.stage("Error since the input", len(shown))
    for at in range(0, len(shown), _BATCH):
        part = shown[at : at + _BATCH]
        floats, integers = (model.inner(part, names) for model in both)
        for name in names:
            signal, noise = powers[name]
            values = floats[name].astype(np.float64)
            powers[name] = signal + _squares(values), noise + _squares(values - integers[name])
        observer.progress(at + len(part), len(shown))
    return powers


def _left_in_float(
    calibrated: Calibrated,
    float_model: ModelFile,
    worst: tuple[str, ...],
    job: Job,
    observer: QuantizeObserver,
) -> tuple[LeftInFloat, tuple[LeftInFloat, ...]]:
    """The model in int8 throughout, then with each of the layers `worst` in float, then with all.

    All of them, because a layer's float output is rounded to int8 again where the next layer is not
    in float too: alone it gains what its weights lost, and no more.
    """
    labels = job.validation.labels

    def logits(model: ModelFile, what: str) -> Floats:
        observer.stage(f"Evaluating {what}", len(labels))
        return evaluate.logits(model, job.validation.images, observer.progress)

    wanted = logits(float_model, "float32")
    before = logits(calibrated.throughout, "int8 throughout")
    same = before.argmax(axis=1) == wanted.argmax(axis=1)
    choices = [(layer,) for layer in worst] + ([worst] if len(worst) > 1 else [])
    # Of several comparisons one in twenty each stands out by chance (Bonferroni's correction).
    confidence = 1 - 0.05 / max(len(choices), 1)

    def told(layers: tuple[str, ...], model: ModelFile, answers: Floats) -> LeftInFloat:
        both = paired.compare(wanted, answers, labels)
        now = answers.argmax(axis=1) == wanted.argmax(axis=1)
        lost, gained = int((same & ~now).sum()), int((now & ~same).sum())
        low, high = paired.drop_interval(gained, lost, len(labels), confidence)
        return LeftInFloat(
            layers=layers,
            agreement=both.agreement,
            gain_pp=100 * (gained - lost) / len(labels),
            gain_interval_pp=(100 * low, 100 * high),
            drop_pp=both.drop_pp,
            size_bytes=model.path.stat().st_size,
        )

    kept = []
    for layers in choices:
        model = ModelFile(name="kept", path=calibrated.throughout.path.with_name("kept.tflite"))
        calibrated.keep(layers, model.path)
        kept.append(told(layers, model, logits(model, f"with {', '.join(layers)} in float")))
    return told((), calibrated.throughout, before), tuple(kept)


def _squares(values: npt.NDArray[Any]) -> float:
    return float(np.square(values, dtype=np.float64).sum())
