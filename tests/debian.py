"""What the tests that unpack Debian's packages share: its archive, and programs of this machine."""

from __future__ import annotations

import shutil
import subprocess


class NotAtHand(Exception):
    """Something that a test needs is missing on this machine; str: what, and how to get it."""


def archive() -> str:
    """Where this machine's apt gets Debian from. Raises: NotAtHand."""
    words = ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"]
    found = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    for line in found.splitlines():
        if line.rstrip("/").endswith("/debian"):
            return line
    raise NotAtHand("apt knows no Debian archive: sudo apt-get update")


def program(name: str, packages: str) -> str:
    """The path of the program `name`, which is in one of `packages`. Raises: NotAtHand."""
    found = shutil.which(name, path="/usr/bin:/usr/sbin:/usr/local/bin:/bin:/sbin")
    if found is None:
        raise NotAtHand(f"{name} is missing: sudo apt install {packages}")
    return found
