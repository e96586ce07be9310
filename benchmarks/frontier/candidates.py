"""The networks that the architecture search measures: stems, blocks and widths, written short."""

from __future__ import annotations

import dataclasses

from keras import KerasTensor, Model, layers

from edgefmnist.training.networks import conv_bn, output, rescaled


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A network from 28x28 to ten logits.

    stem: `28x28` (3x3), `full` (3x3 at 28x28, then a strided 3x3), `3x3` (strided), `5x5`
        (strided), or `s2d` (space-to-depth of 2x2 pixels, then 3x3 at 14x14). All but the first end
        at 14x14.
    stages: of filters, blocks, and the stride of the first block.
    block: `residual` (He et al. 2016, two 3x3), `plain` (one 3x3, VGG), `depthwise` (3x3 depthwise
        and 1x1, MobileNet) or `inverted` (MobileNetV2, expansion 4).
    """

    name: str
    stem: str
    stem_filters: int
    stages: tuple[tuple[int, int, int], ...]
    block: str
    relu6: bool = False

    def build(self) -> Model:
        """The network with fresh weights; input float32 [n, 28, 28, 1], 0..255."""
        image, x = rescaled()
        x = self._stem(x)
        for filters, blocks, stride in self.stages:
            for number in range(blocks):
                x = getattr(self, f"_{self.block}")(x, filters, stride if number == 0 else 1)
        x = layers.GlobalAveragePooling2D()(x)
        return Model(image, output(x))

    def _stem(self, x: KerasTensor) -> KerasTensor:
        if self.stem == "28x28":
            return self._relu(conv_bn(x, self.stem_filters, 3, 1))
        if self.stem == "full":
            x = self._relu(conv_bn(x, self.stem_filters // 2, 3, 1))
        if self.stem == "s2d":
            # As a strided convolution with a kernel of 2x2: what space-to-depth can express.
            x = layers.Conv2D(4, 2, strides=2, use_bias=False)(x)
            return self._relu(conv_bn(x, self.stem_filters, 3, 1))
        return self._relu(conv_bn(x, self.stem_filters, 5 if self.stem == "5x5" else 3, 2))

    def _relu(self, x: KerasTensor) -> KerasTensor:
        return layers.ReLU(max_value=6.0 if self.relu6 else None)(x)

    def _residual(self, x: KerasTensor, filters: int, stride: int) -> KerasTensor:
        shortcut = x
        if stride != 1 or x.shape[-1] != filters:
            shortcut = conv_bn(x, filters, 1, stride)
        x = self._relu(conv_bn(x, filters, 3, stride))
        return self._relu(layers.Add()([conv_bn(x, filters, 3, 1), shortcut]))

    def _plain(self, x: KerasTensor, filters: int, stride: int) -> KerasTensor:
        return self._relu(conv_bn(x, filters, 3, stride))

    def _depthwise(self, x: KerasTensor, filters: int, stride: int) -> KerasTensor:
        x = layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(x)
        x = self._relu(layers.BatchNormalization()(x))
        return self._relu(conv_bn(x, filters, 1, 1))

    def _inverted(self, x: KerasTensor, filters: int, stride: int) -> KerasTensor:
        inside = self._relu(conv_bn(x, 4 * x.shape[-1], 1, 1))
        inside = layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(inside)
        inside = self._relu(layers.BatchNormalization()(inside))
        inside = conv_bn(inside, filters, 1, 1)
        return layers.Add()([x, inside]) if x.shape == inside.shape else inside


def _named(
    block: str,
    widths: tuple[int, ...],
    more: int | tuple[int, ...],
    stem: str = "3x3",
    stem_filters: int | None = None,
    **settings: bool,
) -> Candidate:
    """Stages each of half the side of the one before, with `more` blocks of each width."""
    blocks = (more,) * len(widths) if isinstance(more, int) else more
    tail = f" behind {stem_filters}" if stem_filters else ""
    tail += "".join(f" {setting}" for setting in settings)
    return Candidate(
        name=f"{block} {stem} {'-'.join(map(str, widths))} "
        f"x{more if isinstance(more, int) else ','.join(map(str, more))}{tail}",
        stem=stem,
        stem_filters=stem_filters or widths[0],
        stages=tuple(
            (width, count, 2 if at else 1)
            for at, (width, count) in enumerate(zip(widths, blocks, strict=True))
        ),
        block=block,
        **settings,
    )


CANDIDATES = (
    # Stems and activation, the rest being the same.
    *(_named("residual", (32, 64, 128), 1, stem) for stem in ("full", "5x5", "s2d")),
    _named("residual", (32, 64, 128), 1, relu6=True),
    # Kinds of block.
    *(
        _named("residual", widths, more)
        for more, choices in {
            1: (
                *((16, 32), (16, 48), (24, 40), (24, 48), (32, 48), (32, 64), (48, 96), (64, 128)),
                *((16, 32, 42), (16, 32, 64), (24, 48, 96), (32, 64, 96), (32, 64, 128)),
                (48, 96, 128),
            ),
            2: (
                *((16, 32), (32, 64), (48, 96), (64, 96), (64, 128)),
                *((24, 40, 54), (32, 40, 48), (48, 80, 112), (64, 96, 112)),
            ),
            3: ((64, 96), (64, 112)),
        }.items()
        for widths in choices
    ),
    *(
        _named("plain", widths, more)
        for widths, more in (
            *(((16, 48), 2), ((24, 40), 2), ((24, 48), 2), ((32, 64), 2), ((32, 64), 3)),
            *(((64, 96), 3), ((16, 32, 64), 2), ((48, 64, 96), 2)),
        )
    ),
    *(
        _named("depthwise", widths, more)
        for widths, more in (((64, 128), 3), ((32, 64, 128), 2), ((64, 128, 256), 2))
    ),
    _named("inverted", (24, 48), 3),
    _named("inverted", (16, 32, 64), 2),
)

TRIALS: dict[str, tuple[int, tuple[Candidate, ...]]] = {
    "tiny": (
        14,
        (
            _named("residual", (16, 56), 1),
            _named("residual", (32, 32, 32), 1, stem_filters=24),
            _named("residual", (16, 24, 40), (1, 2, 1)),
            _named("residual", (16, 28, 32), (1, 2, 1)),
            _named("residual", (16, 32, 48), 1),
        ),
    ),
    "edge": (
        9,
        (
            _named("residual", (32, 64), 2),
            _named("residual", (32, 48, 64), (1, 2, 1)),
            Candidate(
                name="residual 28x28 32-48-64 x1,2,1 from 14x14",
                stem="28x28",
                stem_filters=16,
                stages=((32, 1, 2), (48, 2, 2), (64, 1, 2)),
                block="residual",
            ),
            _named("residual", (16, 32, 48, 64), (1, 1, 2, 1), "28x28"),
        ),
    ),
    "accurate": (
        8,
        (
            _named("residual", (48, 80, 112), 2),
            _named("residual", (16, 32, 64), 3, "28x28"),
            _named("residual", (16, 48, 96), 3, "28x28"),
            _named("residual", (16, 48, 80, 112), (1, 2, 2, 2), "28x28"),
        ),
    ),
}
"""By recipe: for how many epochs `trials.py` trains which networks."""


def everyone() -> tuple[Candidate, ...]:
    """All of `CANDIDATES` and `TRIALS`; some are in both."""
    return (*CANDIDATES, *(candidate for _, those in TRIALS.values() for candidate in those))
