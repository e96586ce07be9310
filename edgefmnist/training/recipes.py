"""Named trainings. Each begins with its command and, where it was run to its end, with what it
reached on the test images and what an epoch cost on two cores without a GPU.

Adding one: a network in `networks.py`, an entry here, and its row in README's table.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable
from typing import TYPE_CHECKING

from edgefmnist.errors import UsageError

if TYPE_CHECKING:  # listing recipes must not load Keras
    from keras import Model


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """How training pictures are changed (`edgefmnist.augment`).

    camera_share: changed as a camera would; the rest is only mirrored, shifted and erased, so that
        clean accuracy does not pay for all of it.
    shift: pixels, plus or minus, by which the rest is shifted.
    erased_share: of the rest, how many lose a rectangle (`augment.erased`).
    outlier_share: pictures of no garment that are added, for each picture of one.
    outlier_weight: of one such picture in the loss, a garment's being 1.
    photo_share: pictures of photos that are added where there are some, for each of the data set.
    views: how many times each picture is changed anew; later epochs have the same again. A view
        takes about 50 MB of memory.
    """

    camera_share: float = 0.5
    shift: int = 2
    erased_share: float = 0.0
    outlier_share: float = 0.15
    outlier_weight: float = 0.5
    photo_share: float = 0.3
    views: int = 10


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """The last epochs of a training, nearer to the data set's own pictures.

    What was learned under strong augmentation is kept, and the accuracy that it cost on clean
    pictures comes back: He et al. 2019, "Data Augmentation Revisited" (arXiv:1909.09148). The
    optimizer begins anew at `learning_rate`, which falls to 0. camera_share: as in `Augmentation`.
    """

    epochs: int
    learning_rate: float
    camera_share: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All that decides a training, save the seed.

    epochs: in all, those of `settling` included.
    network: name of the function in `networks.py`.
    validation_count: images held out of the 60,000, the same share of every class.
    warmup_epochs, cosine: without `cosine` the learning rate stays as it is (the tutorial).
    weight_decay: decoupled, as in AdamW (Loshchilov and Hutter 2019); 0 is plain Adam.
    label_smoothing: share of the target spread over all classes (Szegedy et al. 2016, section 7).
    teacher_share: of a teacher's answer in the target, where there is a teacher; the rest is the
        label's (Hinton et al. 2015, "Distilling the Knowledge in a Neural Network", at
        temperature 1).
    """

    name: str
    network: str
    epochs: int = 50
    batch_size: int = 512
    validation_count: int = 12_000
    learning_rate: float = 1e-3
    cosine: bool = False
    warmup_epochs: int = 0
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    teacher_share: float = 0.9
    augmentation: Augmentation | None = None
    settling: Settling | None = None

    def settled(self) -> Recipe:
        """The recipe as it is in its last epochs."""
        if self.settling is None or self.augmentation is None:
            return self
        share = self.settling.camera_share
        return dataclasses.replace(
            self,
            learning_rate=self.settling.learning_rate,
            warmup_epochs=0,
            augmentation=dataclasses.replace(self.augmentation, camera_share=share),
        )

    def build(self) -> Model:
        """A fresh network, initialised from Keras's global seed."""
        from edgefmnist.training import networks

        function: Callable[[], Model] = getattr(networks, self.network)
        return function()


_ALL = (
    # edgefmnist train --recipe seed-1
    # 90.86 % float32, 90.65 % int8. The tutorial's smallest: one convolution, Adam's defaults,
    # batch 512, 48,000/12,000 split.
    Recipe(
        name="seed-1",
        network="seed_1",
    ),
    # edgefmnist train --recipe seed-2
    # 92.48 % float32, 92.46 % int8.
    Recipe(
        name="seed-2",
        network="seed_2",
    ),
    # edgefmnist train --recipe seed-3
    # 92.67 % float32, 92.61 % int8; 15 s in bfloat16. The tutorial reports 93.08 %.
    Recipe(
        name="seed-3",
        network="seed_3",
    ),
    # edgefmnist train --recipe edge --teacher accurate
    # 94.18 % float32, 94.20 % int8; 20 s on one of the cores in bfloat16, more while views are
    # made. Made for the camera. What ships is taught further by photos of real clothes, see README.
    Recipe(
        name="edge",
        network="edge",
        epochs=72,
        batch_size=128,
        validation_count=5_000,
        learning_rate=4e-3,
        cosine=True,
        warmup_epochs=2,
        weight_decay=0.02,
        label_smoothing=0.1,
        augmentation=Augmentation(camera_share=0.35, shift=1),
        settling=Settling(epochs=14, learning_rate=2e-3, camera_share=0.1),
    ),
    # edgefmnist train --recipe quick
    # 93.08 % float32; 23 s. On the data set's own pictures alone: for a lesson, not for a camera.
    Recipe(
        name="quick",
        network="quick",
        epochs=10,
        batch_size=128,
        validation_count=2_000,
        learning_rate=8e-3,
        cosine=True,
        warmup_epochs=2,
        weight_decay=0.02,
        label_smoothing=0.05,
        augmentation=Augmentation(camera_share=0.0, shift=1, outlier_share=0.0),
    ),
    # edgefmnist train --recipe tiny --teacher accurate --seed 2
    # 94.00 % float32, 94.00 % int8; 8 s on one of the cores in bfloat16, more while views are made.
    Recipe(
        name="tiny",
        network="tiny",
        epochs=80,
        batch_size=128,
        validation_count=2_000,
        learning_rate=5e-3,
        cosine=True,
        warmup_epochs=2,
        weight_decay=0.01,
        label_smoothing=0.05,
        augmentation=Augmentation(camera_share=0.0, shift=1, outlier_share=0.05),
    ),
    # edgefmnist train --recipe accurate
    # 95.02 % float32, 95.02 % int8; 80 s on one of the cores in bfloat16. It ends at 96.5 % on its
    # own erased pictures.
    Recipe(
        name="accurate",
        network="accurate",
        epochs=40,
        batch_size=128,
        validation_count=2_000,
        learning_rate=4e-3,
        cosine=True,
        warmup_epochs=2,
        weight_decay=0.03,
        label_smoothing=0.1,
        augmentation=Augmentation(camera_share=0.0, erased_share=0.5, outlier_share=0.05, views=24),
    ),
)
RECIPES = {recipe.name: recipe for recipe in _ALL}


def get(name: str) -> Recipe:
    """The recipe called `name`.

    Raises: UsageError naming the nearest recipe.
    """
    if name in RECIPES:
        return RECIPES[name]
    near = difflib.get_close_matches(name, RECIPES, n=1, cutoff=0.3)
    hint = f"did you mean {near[0]}? " if near else ""
    raise UsageError(f"no recipe is called {name!r}: {hint}(recipes: {', '.join(RECIPES)})")
