"""The four files of Fashion-MNIST: names, shapes and checksums."""

from __future__ import annotations

import dataclasses
from typing import Literal

Split = Literal["train", "test"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FileSpec:
    """What one file of the data set must be.

    name: file name as published, gzip-compressed.
    shape: shape of the uint8 array in it, samples first.
    sha256: hex SHA-256 of the *uncompressed* IDX bytes.
    """

    name: str
    shape: tuple[int, ...]
    sha256: str


# The checksums are of the uncompressed bytes because Debian recompressed the .gz wrappers: a
# wrapper from the Debian package differs from Zalando's while the content is the same.
FILES: dict[Split, tuple[FileSpec, FileSpec]] = {
    "train": (
        FileSpec(
            name="train-images-idx3-ubyte.gz",
            shape=(60_000, 28, 28),
            sha256="c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ),
        FileSpec(
            name="train-labels-idx1-ubyte.gz",
            shape=(60_000,),
            sha256="bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ),
    ),
    "test": (
        FileSpec(
            name="t10k-images-idx3-ubyte.gz",
            shape=(10_000, 28, 28),
            sha256="5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ),
        FileSpec(
            name="t10k-labels-idx1-ubyte.gz",
            shape=(10_000,),
            sha256="0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ),
}
"""Images and labels of each split (Xiao et al. 2017, section 2)."""

ALL_FILES = (*FILES["train"], *FILES["test"])
