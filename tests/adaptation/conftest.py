"""A wardrobe to learn."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import wardrobe as photos


@pytest.fixture(scope="session")
def wardrobe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Coats, two classes of one's own, and pictures of none: 12 of each."""
    return photos.make(tmp_path_factory.mktemp("wardrobe"))
