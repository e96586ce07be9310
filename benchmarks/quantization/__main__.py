"""The command; see the package."""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path
from string import Template

import benchmarks.quantization
from benchmarks.quantization import calibration, layers, variants
from edgefmnist import files
from edgefmnist.cli import reporting_errors
from edgefmnist.errors import MissingDependency
from edgefmnist.frameworks import INSTALL
from edgefmnist.quantization.source import read_source
from edgefmnist.render.progress import Stages

_HERE = Path(__file__).parent
_BENCHMARKS = _HERE.parent
_SECTIONS = (variants.section, calibration.section, layers.section)


def run(options: argparse.Namespace) -> None:
    """Measure all sections and write the page."""
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingDependency(f"the page's plots need matplotlib: {INSTALL}")
    source = read_source(options.run)
    pictures = options.out / "pictures"
    files.make_folder(pictures)
    with Stages() as observer:
        sections = [section(options.run, pictures, observer).strip() for section in _SECTIONS]
    words = Template((_HERE / "page.md").read_text(encoding="utf-8"))
    page = words.substitute(name=source.name, sections="\n\n".join(sections))
    files.write_text(options.out / "quantization.md", page)


def main() -> int:
    """Parse the command line; failures are one line and their exit code, as for every command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quantization",
        description=benchmarks.quantization.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    quick = _BENCHMARKS / "models" / "quick"
    parser.add_argument("run", type=Path, nargs="?", default=quick, help="by default models/quick")
    parser.add_argument("--out", type=Path, default=_BENCHMARKS, help="where the page goes")
    options = parser.parse_args()
    return reporting_errors(lambda: run(options))


if __name__ == "__main__":
    raise SystemExit(main())
