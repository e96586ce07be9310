"""From what a user calls a model to the file to run."""

from __future__ import annotations

from pathlib import Path

from edgefmnist.errors import BadModel, UsageError, one_line
from edgefmnist.runtime import bundle, probe
from edgefmnist.runtime.model_file import ModelFile

DEFAULT = "edge"

_PACKAGE = Path(__file__).resolve().parent.parent
_SHIPPED = (_PACKAGE / "_models", _PACKAGE.parent / "models")
"""Where released bundles lie: in an installed wheel, and in a checkout."""


def shipped() -> dict[str, Path]:
    """Names and folders of the bundles that came with the program."""
    found: dict[str, Path] = {}
    for root in _SHIPPED:
        for card in sorted(root.glob(f"*/{bundle.CARD}")):
            found.setdefault(card.parent.name, card.parent)
    return found


def resolve(spec: str | None) -> ModelFile:
    """Find the model that `spec` names, and check that it is whole and can be run.

    spec: a shipped bundle's name, a bundle folder, a bare `.tflite`, or None for the default.

    Raises: UsageError when there is no such model; BadModel when it is damaged.
    """
    model = find(spec)
    if model.folder not in shipped().values():  # those are as trustworthy as the program itself
        probe.check(model)
    return model


def find(spec: str | None) -> ModelFile:
    """As `resolve`, but without running it."""
    known = shipped()
    if spec is None or spec in known:  # before the file system: any folder may be called "edge"
        return _shipped(known, spec or DEFAULT)
    path = Path(spec)
    if spec and path.is_dir():
        return _bundle(path)
    if path.is_file():
        if path.suffix == ".keras":
            raise BadModel(f"{path} must be converted first: edgefmnist quantize {path}")
        content = bundle.read_model(path)
        probe.check_mark(path, content)
        return ModelFile(name=one_line(path.stem), path=path, content=content)
    raise UsageError(
        f"no model {spec or '(an empty name)'}: name a bundle folder, a .tflite file or one of "
        f"{', '.join(known) or '(none shipped)'}"
    )


def _shipped(known: dict[str, Path], name: str) -> ModelFile:
    if name not in known:
        raise BadModel(f"this installation lacks its model {name}: install edgefmnist again")
    return _bundle(known[name])


def _bundle(folder: Path) -> ModelFile:
    if not (folder / bundle.CARD).exists() and (folder / "model.keras").is_file():
        raise BadModel(
            f"{folder} is a training run: name {folder / 'model.keras'}, or quantize it first"
        )
    card, content = bundle.read(folder)
    path = folder / bundle.MODEL
    return ModelFile(
        name=card.name, path=path, card=card, folder=folder, content=content, labels=card.labels
    )
