"""Write requirements/LICENCES.md: what the packages of the lock files say of their licences.

    python requirements/licences.py

It reads the metadata of the packages installed beside it and asks nobody.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE / "LICENCES.md"
EXTRAS = {
    "web": ("starlette", "uvicorn", "prometheus-client"),
    "mqtt": ("paho-mqtt",),
}
COPYLEFT = re.compile(r"\b(A?GPL|LGPL|MPL|EPL|Mozilla|General Public)", re.IGNORECASE)
OPENCV = "Apache-2.0; **the wheel carries FFmpeg (LGPL-2.1) as separate shared libraries**"
HEAD = """\
# Licences of the dependencies

Written by `python requirements/licences.py` from the packages' own metadata, of which it is no more
than a list: read the packages' licence files before you pass them on. edgefmnist itself is MIT.
Copyleft licences are in bold: they ask something of who passes the package on, not of who runs it.

Wheels also carry libraries that the metadata need not name. The Linux wheels of OpenCV hold FFmpeg
(LGPL-2.1) as shared libraries; those of NumPy and OpenCV hold GCC's libgfortran (GPL-3 with the GCC
runtime library exception) and libquadmath (LGPL). Their licence files are inside the wheels.

No check against known vulnerabilities is part of this: the tools for it, such as pip-audit, ask a
service on the network. Where there is one: `pip-audit --require-hashes -r requirements/core.txt`.

| package | needed by | licence |
|---|---|---|
"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(HEAD + "".join(_rows()), encoding="utf-8")


def packages() -> dict[str, list[str]]:
    """What needs a package, by the package's name: `core`, `train`, `web`, `mqtt`."""
    needed: dict[str, list[str]] = {}
    for part in ("core", "train"):
        for name in locked(HERE / f"{part}.txt"):
            needed.setdefault(name, []).append(part)
    for extra, roots in EXTRAS.items():
        for name in sorted(set(_with_dependencies(roots))):
            needed.setdefault(name, []).append(extra)
    return {
        name: [part for part in parts if part == "core" or "core" not in parts]
        for name, parts in sorted(needed.items())
    }


def locked(file: Path) -> list[str]:
    """The names in a lock file, each once."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==", file.read_text(encoding="utf-8"), re.MULTILINE)
    return sorted(set(found))


def _with_dependencies(names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        yield name.lower()
        try:
            asked = importlib.metadata.requires(name) or ()
        except importlib.metadata.PackageNotFoundError:  # for another Python or system
            continue
        plain = [one for one in asked if "extra ==" not in one]
        yield from _with_dependencies(tuple(re.split(r"[^\w.-]", one)[0] for one in plain))


def _rows() -> Iterator[str]:
    for name, parts in packages().items():
        licence = _licence(name)
        if COPYLEFT.search(licence) and "**" not in licence:
            licence = f"**{licence}**"
        yield f"| {name} | {', '.join(parts)} | {licence} |\n"


def _licence(name: str) -> str:
    """What the installed package says, as one short text."""
    if name == "opencv-python-headless":
        return OPENCV
    try:
        said = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed on this system"
    expression, text = said.get("License-Expression"), (said.get("License") or "").strip()
    classified = [
        line.rpartition(" :: ")[2]
        for line in said.get_all("Classifier", [])
        if line.startswith("License ::")
    ]
    if expression:
        return expression
    if text and len(text) < 40 and "\n" not in text:
        return text
    return ", ".join(classified) or "not stated in its metadata"


if __name__ == "__main__":
    main()
