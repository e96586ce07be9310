"""Labels for frames that ``--save-uncertain`` kept: the files and their rules, no web in it.

`kept` lists the frames, the most informative first, `classes` says which folder of the user's
pictures a class is, `moving` moves a frame there so that a power cut loses nothing, and `labels`
does that for many at once, and undoes it. `adapting` runs `edgefmnist adapt` on them in a process
of its own, `learned` keeps the models that come of it and knows which is in use, and `learning` is
what a page needs of both.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgefmnist.camera.labelling.labels import Labelling
    from edgefmnist.camera.labelling.learning import Learning


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LabelPage:
    """All that the page to label on needs."""

    labelling: Labelling
    learning: Learning
