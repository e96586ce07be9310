"""A measurement as tables, JSON, a plot and a report."""

from edgefmnist.render.bench.plot import plot
from edgefmnist.render.bench.report import check_report, write_report
from edgefmnist.render.bench.tables import show, show_json

__all__ = [
    "check_report",
    "plot",
    "show",
    "show_json",
    "write_report",
]
