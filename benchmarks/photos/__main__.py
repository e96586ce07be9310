"""The command; see the package."""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
from pathlib import Path

import cv2

import benchmarks.photos
from benchmarks.photos import failures, measure, page
from benchmarks.photos.curve import curve, point
from benchmarks.photos.score import Answer
from benchmarks.photos.variants import ABLATIONS, APPROACHES, AS_IT_IS
from edgefmnist import files
from edgefmnist.camera.recognizer import open_recognizer
from edgefmnist.cli import reporting_errors
from edgefmnist.errors import MissingDependency
from edgefmnist.frameworks import INSTALL
from edgefmnist.render.progress import Stages
from edgefmnist.runtime import interpreter
from edgefmnist.runtime.models import resolve

_HERE = Path(__file__).parent.parent


def run(options: argparse.Namespace) -> None:
    """Measure what was asked for, and print or write it."""
    cv2.setNumThreads(1)
    if not options.quick and importlib.util.find_spec("matplotlib") is None:
        raise MissingDependency(f"the page's plots need matplotlib: {INSTALL}")
    if options.failures_out is not None:
        files.make_folder(options.failures_out)
    model = resolve(options.model)
    steady, always = open_recognizer(model), open_recognizer(model, unknown_threshold="off")
    with Stages() as stages:
        stages.stage("Reading photos")
        photos = measure.read_photos(options.photos, stages.progress)
        stages.stage("Answering photos")
        answers = measure.answer_photos(photos, always, stages.progress)
        stages.stage("Answering empty scenes")
        measured = page.Measured(
            model=model,
            runtime=interpreter.provider()[1],
            threshold=steady.unknown_threshold,
            answers=answers,
            empty=measure.answer_empty(always, stages.progress),
        )
        if options.quick:
            print(page.scores_table(measured))
            return
        stages.stage("Switching off steps")
        tuning = [photo for photo in photos if photo.tuning]
        variants = (AS_IT_IS, *ABLATIONS, *APPROACHES)
        told = measure.answer_variants(tuning, variants, always, stages.progress)
    measured = dataclasses.replace(measured, variants=list(zip(variants, told, strict=True)))
    chosen = failures.choose(measured.halves["tuning half"], measured.threshold)
    _write_page(measured, chosen, options.out)
    if options.failures_out is not None:
        failures.explain_failures(chosen, photos, steady, options.failures_out)


def _write_page(measured: page.Measured, chosen: dict[str, list[Answer]], out: Path) -> None:
    """Write ``photos.md`` and its pictures into `out`."""
    from benchmarks.photos import plots  # the quick use does without matplotlib

    pictures = out / "pictures"
    files.make_folder(pictures)
    halves = measured.halves
    points = {name: curve(answers, measured.empty) for name, answers in halves.items() if answers}
    default = point(measured.answers, measured.empty, measured.threshold)
    both = {name: own for name, own in points.items() if name != "all"}
    plots.plot_curve(both, default, pictures / "photos_curve.png")
    confusion = pictures / "photos_confusion.png"
    plots.plot_confusion(measured.answers, measured.threshold, confusion)
    failures.draw_sheet(chosen, measured.threshold, pictures / "photos_failures.png")
    files.write_text(out / "photos.md", page.page(measured, points["all"]))


def main() -> int:
    """Parse the command line; failures are one line and their exit code, as for every command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.photos",
        description=benchmarks.photos.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("photos", type=Path, metavar="PHOTOS", help="a folder for each kind")
    parser.add_argument("--model", help="as for edgefmnist predict; the shipped one by default")
    parser.add_argument("--quick", action="store_true", help="print the score table only")
    parser.add_argument("--failures-out", type=Path, metavar="DIR", help="failures with photos")
    parser.add_argument("--out", type=Path, default=_HERE, help="where photos.md goes")
    options = parser.parse_args()
    return reporting_errors(lambda: run(options))


if __name__ == "__main__":
    raise SystemExit(main())
