"""A bundle proves itself in a process of its own, while whoever wants to use it carries on.

The process reads the bundle, runs the model within limits, replays the golden vectors, and hands
over the very bytes it has proven, so that it does not matter what becomes of the files meanwhile.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from edgefmnist import children, json_text
from edgefmnist.errors import BadModel, EdgeFmnistError
from edgefmnist.runtime import bundle, golden, interpreter, probe
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.model_file import ModelFile
from edgefmnist.runtime.models import find

_MOST_ANSWER_BYTES = bundle.MOST_MODEL_BYTES + (1 << 20)
_PICTURES = 64
_NICER = 10  # the camera's frames come first


class Proof:
    """The proof of one bundle, from its start to `close`."""

    def __init__(self, spec: str | None) -> None:
        """Start to prove what `spec` names (see `models.resolve`). Raises: OSError."""
        self._spec = spec
        self._answer = os.memfd_create("proof")
        try:
            words = self._answer, json_text.dumps(spec)
            self._child = subprocess.Popen(
                **children.python(__name__, *words, pass_fds=(self._answer,)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except BaseException:
            os.close(self._answer)
            raise
        self._end = time.monotonic() + probe.LIMIT_S

    def poll(self) -> ModelFile | None:
        """The model that was proven, as it was then; None while the proof takes.

        Raises: BadModel; whatever else comes of an answer that is not what it should be.
        """
        exit_code = self._child.poll()
        if exit_code is None and time.monotonic() < self._end:
            return None
        head, _, content = os.pread(self._answer, _MOST_ANSWER_BYTES, 0).partition(b"\n")
        told = json.loads(head) if head else {}
        probe.judge(Path(self._spec or "the model"), exit_code, told.get("error", ""))
        if hashlib.sha256(content).hexdigest() != told["sha256"]:
            raise BadModel(f"{self._spec} did not arrive whole from its proof: try again")
        card = bundle.parse_card(told["card"])
        return ModelFile(
            name=told["name"],
            path=Path(told["path"]),
            folder=Path(told["path"]).parent,
            card=card,
            content=content,
            labels=card.labels,
        )

    def close(self) -> None:
        """End the proof at whatever point it is."""
        self._child.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):  # stuck in the kernel: leave it
            self._child.wait(1)
        with contextlib.suppress(OSError):
            os.close(self._answer)


def main() -> int:
    """The process. Its words: the descriptor to answer to, and the bundle's name as JSON."""
    answer, spec = int(sys.argv[1]), json.loads(sys.argv[2])
    with contextlib.suppress(OSError):  # a sandbox may not let us
        os.nice(_NICER)
    try:
        interpreter.provider()
        probe.confine(_MOST_ANSWER_BYTES)
        model = prove(spec)
        assert model.card is not None
        told = {
            "name": model.name,
            "path": str(model.path),
            "card": model.card.to_text(),
            "sha256": model.sha256,
        }
        content = model.read()
    except EdgeFmnistError as error:
        told, content = {"error": str(error)}, b""
    except Exception as error:  # whatever else a bundle can bring about
        told, content = {"error": f"{spec} is damaged: {error or type(error).__name__}"}, b""
    with os.fdopen(answer, "wb") as file:
        file.write(json_text.dumps(told).encode() + b"\n" + content)
    return BadModel.exit_code if "error" in told else 0


def prove(spec: str | None) -> ModelFile:
    """Load the bundle `spec`, run its model and replay its golden vectors.

    Raises: UsageError, BadModel.
    """
    model = find(spec)
    classifier = Classifier(model)
    replay = golden.replay(classifier)
    if not replay.passed:
        raise BadModel(
            f"{len(replay.mismatches)} of {replay.total} golden vectors of {replay.model} differ: "
            "copy the bundle again"
        )
    probe.exercise(classifier, _PICTURES)
    return model
