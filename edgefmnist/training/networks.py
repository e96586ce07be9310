"""The networks that the recipes train, in Keras 3 alone so that any of its backends can run them.

All take raw intensities 0..255, float32 [n, 28, 28, 1]; rescaling is a layer of the model, so that
training, calibration and the device share one normalisation and an int8 input is the pixel less
128.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from keras import Input, KerasTensor, Model, layers

CLASSES = 10


def seed_1() -> Model:
    """One convolution of the tutorial: 173,738 parameters, softmax output [n, 10]."""
    image, x = rescaled()
    x = layers.Conv2D(32, 3, activation="relu", kernel_initializer="he_normal")(x)
    x = layers.Dropout(0.2)(layers.MaxPooling2D(2)(x))
    x = layers.Dense(32, activation="relu")(layers.Flatten()(x))
    return Model(image, output(x, "softmax"), name="seed_1")


def seed_2() -> Model:
    """Two convolutions of the tutorial: 515,146 parameters, softmax output [n, 10]."""
    image, x = rescaled()
    x = layers.Conv2D(32, 3, activation="relu", kernel_initializer="he_normal")(x)
    x = layers.Dropout(0.2)(layers.MaxPooling2D(2)(x))
    x = layers.Dropout(0.25)(layers.Conv2D(64, 3, activation="relu")(x))
    x = layers.Dense(64, activation="relu")(layers.Flatten()(x))
    return Model(image, output(x, "softmax"), name="seed_2")


def seed_3() -> Model:
    """Three convolutions, the tutorial's best: 1,421,194 parameters, softmax output [n, 10]."""
    image, x = rescaled()
    x = layers.Conv2D(32, 3, activation="relu", kernel_initializer="he_normal")(x)
    x = layers.Dropout(0.25)(layers.MaxPooling2D(2)(x))
    x = layers.Dropout(0.25)(layers.Conv2D(64, 3, activation="relu")(x))
    x = layers.Dropout(0.4)(layers.Conv2D(128, 3, activation="relu")(x))
    x = layers.Dropout(0.4)(layers.Dense(128, activation="relu")(layers.Flatten()(x)))
    return Model(image, output(x, "softmax"), name="seed_3")


def quick() -> Model:
    """Residual network of nine 3x3 convolutions: 170,794 parameters, logits [n, 10].

    Basic blocks of He et al. 2016 ("Deep Residual Learning", section 3): two of 32 channels at
    14x14, two of 64 at 7x7. No layer but the strided stem sees 28x28, which makes epochs short.
    """
    return _residual("quick", 32, _stages((32, 64), 2))


def tiny() -> Model:
    """Three residual blocks behind a strided stem: 49,914 parameters, logits [n, 10].

    16 channels at 14x14, 32 at 7x7 and 42 at 4x4: of the networks of its size those of three
    stages learn more than one of two (`benchmarks/frontier/trials.md`), this one in less time too
    (`search.md` beside it).
    """
    return _residual("tiny", 16, _stages((16, 32, 42), 1))


def edge() -> Model:
    """Residual network of nine 3x3 convolutions: 166,634 parameters, logits [n, 10].

    Basic blocks of 32 channels at 14x14, twice 48 at 7x7 and 64 at 4x4, behind a strided stem. One
    of its size that sees 28x28 learned neither more nor less beyond chance, and is slower
    (`benchmarks/frontier/findings.md`).
    """
    return _residual("edge", 32, ((32, 1), (48, 2), (48, 1), (64, 2)))


def accurate() -> Model:
    """Residual network of nineteen 3x3 convolutions: 591,578 parameters, logits [n, 10].

    Three basic blocks each of 16 channels at 28x28, 48 at 14x14 and 96 at 7x7: ResNet-20 of He et
    al. 2016 (section 4.2) with wider second and third stages. Seeing 28x28 taught it more than
    wider strided networks learned (`benchmarks/frontier/findings.md`).
    """
    return _residual("accurate", 16, _stages((16, 48, 96), 3), stem_strides=1)


def widened(model: Model, classes: int) -> Model:
    """The same network with outputs for `classes`, of which the new ones begin at 0."""
    last = model.layers[-1]
    if classes <= last.units:
        return model
    dense = layers.Dense(classes, activation=last.activation, dtype="float32")
    wide = Model(model.inputs[0], dense(last.input), name=model.name)
    dense.set_weights(_padded(last.get_weights(), classes))
    return wide


def narrowed(model: Model) -> Model:
    """The same network with the outputs of Fashion-MNIST's classes only, which come first."""
    last = model.layers[-1]
    dense = layers.Dense(CLASSES, activation=last.activation, dtype="float32")
    narrow = Model(model.inputs[0], dense(last.input), name=model.name)
    dense.set_weights([values[..., :CLASSES] for values in last.get_weights()])
    return narrow


def multiply_accumulates(model: Model) -> int:
    """Multiply-accumulate operations of one picture's inference, in convolutions and dense layers.

    A measure of work, not of time: `benchmarks/frontier/search.md` shows how far they differ.
    """
    total = 0
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D):
            rows, columns = layer.output.shape[1:3]
            total += rows * columns * math.prod(layer.kernel.shape)
        elif isinstance(layer, layers.Dense):
            total += math.prod(layer.kernel.shape)
    return total


def rescaled() -> tuple[KerasTensor, KerasTensor]:
    """A network's input, float32 [n, 28, 28, 1], 0..255, and the same in 0..1."""
    image = Input((28, 28, 1), name="image")
    return image, layers.Rescaling(1 / 255)(image)


def output(x: KerasTensor, activation: str | None = None) -> KerasTensor:
    """From features [n, k] to the last layer's answers, float32 [n, 10]."""
    # In float32 even where the rest is mixed: half precision is too coarse for a loss.
    return layers.Dense(CLASSES, activation=activation, dtype="float32")(x)


def conv_bn(x: KerasTensor, filters: int, kernel: int, strides: int = 1) -> KerasTensor:
    """A square convolution without bias and its batch normalisation: [n, h, w, filters]."""
    x = layers.Conv2D(
        filters,
        kernel,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
    )(x)
    return layers.BatchNormalization()(x)


def _padded(weights: list[Any], outputs: int) -> list[Any]:
    """Kernel and bias with zeros behind, for `outputs` in all."""
    missing = outputs - weights[1].shape[0]
    return [np.pad(one, [(0, 0)] * (one.ndim - 1) + [(0, missing)]) for one in weights]


def _stages(widths: tuple[int, ...], blocks: int) -> tuple[tuple[int, int], ...]:
    """(filters, strides) of stages of `blocks` each, at half the side of the stage before."""
    return tuple(
        (filters, 2 if stage and not block else 1)
        for stage, filters in enumerate(widths)
        for block in range(blocks)
    )


def _residual(
    name: str, stem: int, blocks: tuple[tuple[int, int], ...], stem_strides: int = 2
) -> Model:
    """Basic blocks of (filters, strides) behind a stem, and a mean over what is left."""
    image, x = rescaled()
    x = layers.ReLU()(conv_bn(x, stem, 3, stem_strides))
    for filters, strides in blocks:
        x = _basic_block(x, filters, strides)
    x = layers.GlobalAveragePooling2D()(x)
    return Model(image, output(x), name=name)


def _basic_block(x: KerasTensor, filters: int, strides: int) -> KerasTensor:
    shortcut = x
    if strides != 1 or x.shape[-1] != filters:
        shortcut = conv_bn(x, filters, 1, strides)
    x = layers.ReLU()(conv_bn(x, filters, 3, strides))
    return layers.ReLU()(layers.Add()([conv_bn(x, filters, 3), shortcut]))
