"""The camera's path on rendered scenes: what is answered, for each garment and for empty scenes.

usage: python -m benchmarks.scenes [FRAMES]

FRAMES (1000): of `edgefmnist camera --source demo`, which is what runs, with the shipped model. A
frame with a garment is right when it is answered with its class and not `unknown`; an empty one
when it is refused. The scenes are the same each time. Writes `scenes.md`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict

from benchmarks import pages
from edgefmnist.cli import reporting_errors
from edgefmnist.errors import EdgeFmnistError
from edgefmnist.records import LABELS


def main() -> None:
    frames = sys.argv[1] if len(sys.argv) > 1 else "1000"
    command = ["camera", "--source", "demo", "--frames", frames, "--jsonl", "--every-frame"]
    ran = subprocess.run(
        [sys.executable, "-m", "edgefmnist", *command], capture_output=True, text=True
    )
    if ran.returncode:
        raise EdgeFmnistError(f"edgefmnist {' '.join(command)}: {ran.stderr.strip()}")
    answers: dict[str | None, list[str]] = defaultdict(list)
    for line in ran.stdout.splitlines():
        event = json.loads(line)
        if event["event"] == "state":
            continue
        answers[event["true_label"]].append("unknown" if event["unknown"] else event["label"])
    rows = [_row(label, answers[label], label) for label in LABELS if label in answers]
    shown = [(label, answer) for label in LABELS for answer in answers.get(label, [])]
    right = sum(label == answer for label, answer in shown)
    refused = sum(answer == "unknown" for _, answer in shown)
    rows.append(("all garments", len(shown), _share(right, len(shown)), refused, ""))
    empty = [answer for label, own in answers.items() if label not in LABELS for answer in own]
    rows.append(_row("nothing there", empty, "unknown"))
    heads = ("shown", "frames", "right", "unknown", "most often else")
    told = f"{sum(map(len, answers.values()))} frames of `edgefmnist {' '.join(command)}`.\n\n"
    pages.write("scenes", "The camera's path on rendered scenes", told + pages.table(heads, rows))


def _row(name: str, answers: list[str], wanted: str) -> tuple[object, ...]:
    wrong = [answer for answer in answers if answer not in (wanted, "unknown")]
    most = max(set(wrong), key=wrong.count) if wrong else ""
    right, unknown = answers.count(wanted), answers.count("unknown")
    other = f"{most} ({wrong.count(most)})" if most else ""
    return name, len(answers), _share(right, len(answers)), unknown, other


def _share(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.1%})" if whole else "0"


if __name__ == "__main__":
    sys.exit(reporting_errors(main))
