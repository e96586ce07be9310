"""The command; see the package."""

from __future__ import annotations

import argparse
import importlib.util

import benchmarks.soak
from benchmarks import pages
from benchmarks.soak import judge
from benchmarks.soak.run import run
from edgefmnist.cli import reporting_errors
from edgefmnist.environment import Watch
from edgefmnist.errors import GateRefused, MissingDependency, UsageError
from edgefmnist.frameworks import INSTALL
from edgefmnist.render.progress import Stages

_SAMPLES = 2000  # readings of /proc in a run: one alone swings by what is in flight
_EVERY = 10  # frames between two, at least: to read takes some milliseconds


class BoundBroken(GateRefused):
    """The soak found what it looks for."""

    exit_code = 1


def soak(options: argparse.Namespace) -> None:
    """Run, judge, write. Raises: BoundBroken, MissingDependency, UsageError."""
    if options.frames < 10 * _EVERY or options.seconds < 1:
        raise UsageError(f"give --frames of {10 * _EVERY} or more and --seconds of 1 or more")
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingDependency(f"the page's picture needs matplotlib: {INSTALL}")
    from benchmarks.soak import page

    conditions = Watch()
    with Stages() as stages:
        stages.stage(f"{options.frames:,} frames at full speed")
        every = max(_EVERY, options.frames // _SAMPLES)
        long = run(("--source", "demo"), options.frames, every, stages.progress)
        stages.stage(f"{options.seconds} seconds at {judge.FPS} frames a second")
        source = ("--source", "demo", "--realtime", "--fps", str(judge.FPS))
        frames = options.seconds * judge.FPS
        short = run(source, frames, judge.FPS, stages.progress, ages=True)
    verdicts = [*judge.judge_long(long, options.frames), *judge.judge_ages(short)]
    told = page.body(long, short, verdicts)
    if options.frames >= judge.FRAMES and options.seconds >= judge.SECONDS:
        page.plot(long, pages.HERE / page.PICTURE)
        page.record(long, short, pages.HERE / "soak.json.gz")
        title = f"Soak: {judge.FRAMES:,} frames with every output on"
        pages.write("soak", title, told, conditions.end())
    else:
        print(told)
    broken = [f"{one.what}: {one.found}" for one in verdicts if not one.held]
    if broken:
        raise BoundBroken(f"the soak broke {len(broken)} bounds: {'; '.join(broken)}")


def main() -> int:
    """Parse, and do it."""
    parser = argparse.ArgumentParser(
        description=benchmarks.soak.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=judge.FRAMES, help="at full speed")
    parser.add_argument("--seconds", type=int, default=judge.SECONDS, help="at 30 a second")
    options = parser.parse_args()
    return reporting_errors(lambda: soak(options))


if __name__ == "__main__":
    raise SystemExit(main())
