"""A model in TensorFlow Lite Micro's interpreter, in a child process.

The interpreter trusts the file as LiteRT does: a damaged model ends the process.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgefmnist import children, json_text
from edgefmnist.errors import BadModel, MissingDependency
from edgefmnist.runtime.interpreter import INPUT_SHAPE

_LIMIT_S = 600
_MOST_ARENA_BYTES = 16 * 2**20
"""More than a microcontroller has."""
_ALIGNMENT_BYTES = 16


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MicroRun:
    """outputs: int8 [n, classes], by kernels that TensorFlow Lite Micro runs on any processor."""

    outputs: npt.NDArray[np.int8]
    arena_bytes: int
    runtime: str


def run(path: Path, inputs: npt.NDArray[np.int8]) -> MicroRun | None:
    """Run `inputs`, int8 [n, 28, 28], in the smallest arena that the model takes.

    Returns: None where tflite-micro is not installed.
    Raises: BadModel when TensorFlow Lite Micro cannot run the model.
    """
    try:
        child = subprocess.run(
            **children.python(__name__, path),
            input=inputs.tobytes(),
            capture_output=True,
            timeout=_LIMIT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise BadModel(f"{path} did not run in TensorFlow Lite Micro in {_LIMIT_S} s") from error
    if child.returncode == MissingDependency.exit_code:
        return None
    if child.returncode < 0:
        raise BadModel(f"{path} crashes TensorFlow Lite Micro: quantize it again")
    told = child.stdout.decode(errors="replace").strip().splitlines()[-1:]
    if child.returncode > 0 or not told:
        # Its own log comes first and says more than the exception after it.
        reason = (child.stderr.decode(errors="replace").strip().splitlines() or told)[:1]
        raise BadModel(f"{path} does not run in TensorFlow Lite Micro: {' '.join(reason)}")
    answer = json.loads(told[0])
    outputs = np.array(answer["outputs"], np.int8)
    return MicroRun(outputs=outputs, arena_bytes=answer["arena_bytes"], runtime=answer["runtime"])


def _smallest(fits: Callable[[int], bool]) -> int:
    """The smallest multiple of the alignment up to the most that `fits`, found by bisection."""
    low, high = 0, _MOST_ARENA_BYTES // _ALIGNMENT_BYTES
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle * _ALIGNMENT_BYTES) else (middle, high)
    return high * _ALIGNMENT_BYTES


def main() -> int:
    """The child: run the model that is its one word on the pictures in stdin."""
    import importlib.metadata

    try:
        from tflite_micro.python.tflite_micro import runtime
    except ImportError:
        return MissingDependency.exit_code
    model = Path(sys.argv[1]).read_bytes()
    inputs = np.frombuffer(sys.stdin.buffer.read(), np.int8).reshape(-1, 1, *INPUT_SHAPE)

    def fits(arena_bytes: int) -> bool:
        try:
            runtime.Interpreter.from_bytes(model, arena_size=arena_bytes)
        except RuntimeError:
            return False
        return True

    try:  # first with plenty: what fails there is the model's fault, not the arena's
        interpreter = runtime.Interpreter.from_bytes(model, arena_size=_MOST_ARENA_BYTES)
        interpreter.set_input(inputs[0], 0)
        interpreter.invoke()
    except Exception as error:  # its reader of flatbuffers raises many kinds at damaged bytes
        print(f"{type(error).__name__}: {error}")
        return BadModel.exit_code
    arena_bytes = _smallest(fits)
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=arena_bytes)
    outputs = []
    for one in inputs:
        interpreter.set_input(one, 0)
        interpreter.invoke()
        outputs.append(interpreter.get_output(0)[0].tolist())
    version = importlib.metadata.version("tflite-micro")
    told = {
        "outputs": outputs,
        "arena_bytes": arena_bytes,
        "runtime": f"tflite-micro {version}",
    }
    print(json_text.dumps(told))
    return 0
