"""A garment of the data set as a camera and the search for it would deliver it."""

from __future__ import annotations

import numpy as np

from edgefmnist.augment import shoes
from edgefmnist.augment.canvas import Pixels, Plane, Random, Warp, fitted, lay, lift
from edgefmnist.augment.tones import finished
from edgefmnist.augment.wear import worn
from edgefmnist.records import LABELS

_TROUSER, _DRESS = LABELS.index("Trouser"), LABELS.index("Dress")
_SHORT_SLEEVED = {LABELS.index("T-shirt/top"), _DRESS}
_LONG_SLEEVED = {LABELS.index(name) for name in ("Pullover", "Coat", "Shirt")}
_TOPS = _LONG_SLEEVED | {LABELS.index("T-shirt/top")}
_SLOPPY = 0.1
"""Share of the garments that lie much more askew than the rest."""


def camera_like(picture: Pixels, label: int, rng: Random) -> Pixels:
    """Change a picture as a camera would; the class can still be told.

    picture: uint8 [28, 28], garment bright on 0; label: its class. Returns the same shape and
    range; the picture itself where it holds nothing.
    """
    cloth = lift(picture)
    if cloth.empty:
        return picture
    if label in shoes.LABELS_OF_SHOES:
        tones, mask = shoes.lay_shoes(cloth, label, rng)
    else:
        tones, mask = lay(cloth, _worn_or_laid_out(label, rng), rng)
    return drawn(tones, mask, rng, picture)


def drawn(tones: Plane, mask: Pixels, rng: Random, otherwise: Pixels) -> Pixels:
    """Finish what is on the canvas: outline, crop to 28x28, tones; `otherwise` if nothing is left.

    tones, mask: see `canvas.lay`. Returns uint8 [28, 28].
    """
    mask, foreign = worn(np.ascontiguousarray(mask), rng)
    small = fitted(tones, mask, foreign)
    if small is None or not small.kept.any():
        return otherwise
    return finished(small, rng)


def _worn_or_laid_out(label: int, rng: Random) -> Warp:
    """How garments lie before a camera, which is not how a shop photographs them.

    Dresses and trousers of children are wider than those of the data set's models; sleeves spread;
    the cloth lies in waves and a little askew.
    """
    aspect = float(np.exp(rng.normal(0, 0.12)))
    arms = legs = taper = 0.0
    if label in _TOPS:
        aspect *= rng.uniform(0.95, 1.4)
        taper = rng.uniform(-0.15, 0.1)
    elif label in (_TROUSER, _DRESS):
        aspect *= rng.uniform(1.0, 2.0)
    if label == _DRESS:
        taper = rng.uniform(-0.35, 0.1)
    if label == _TROUSER and rng.random() < 0.4:
        legs = rng.uniform(0.05, 0.35)
    if label in _LONG_SLEEVED and rng.random() < 0.5:
        arms = rng.uniform(5, 60)
    elif label in _SHORT_SLEEVED and rng.random() < 0.2:
        arms = rng.uniform(5, 30)
    # What is pulled wide must stay on the canvas.
    room = min(1.0, 1.1 / aspect**0.5) * (1 - 0.25 * np.sin(np.deg2rad(arms)))
    return Warp(
        rotation=rng.normal(0, 20 if rng.random() < _SLOPPY else 8),
        scale=(aspect**0.5 * room, aspect**-0.5 * room),
        shear=rng.normal(0, 0.08),
        mirror=bool(rng.random() < 0.5),
        arms=arms,
        shoulder=rng.uniform(0.5, 0.7),
        legs=legs,
        taper=taper,
        waves=0.05 * rng.random(),
    )
