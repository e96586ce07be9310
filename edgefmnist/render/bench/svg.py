"""Two charts of a measurement as SVG text, drawn without a library so that a device can."""

from __future__ import annotations

import math
from html import escape

import numpy as np

from edgefmnist.bench.records import BenchRow

COLORS = 8
"""How many classes ``c0`` ... a style sheet gives a color; further rows use them again, dashed."""

_WIDTH, _LEFT, _RIGHT = 720, 76, 14
_TICKS = 8
_POINTS = 400  # of a curve
_BUCKETS = 24  # of a window


def distributions(rows: tuple[BenchRow, ...]) -> str:
    """Share of inferences done within a time, one curve a row, time on a logarithmic axis.

    From just below the fastest to the 99.9th percentile of the slowest.
    """
    height, top, bottom = 350, 18, 60
    curves = [np.quantile(row.latencies_us, _shares()) for row in rows]
    low = min(float(curve[0]) for curve in curves) * 0.95
    high = max(float(np.quantile(row.latencies_us, 0.999)) for row in rows) * 1.05

    def x(value: float) -> float:
        return _LEFT + _across(math.log(max(value, low) / low) / math.log(high / low))

    def y(share: float) -> float:
        return top + (1 - share) * (height - top - bottom)

    parts = [_open(height, "Share of inferences done within a time")]
    for share in (0, 0.25, 0.5, 0.75, 1):
        parts.append(_line(_LEFT, y(share), _WIDTH - _RIGHT, y(share), "grid"))
        parts.append(_text(_LEFT - 8, y(share) + 5, f"{share:.0%}", "end"))
    for tick in _log_ticks(low, high):
        parts.append(_line(x(tick), top, x(tick), height - bottom, "grid"))
        parts.append(_text(x(tick), height - bottom + 24, f"{tick:,g}", "middle"))
    parts.append(_text((_LEFT + _WIDTH) / 2, height - 6, "microseconds", "middle"))
    for number, (row, curve) in enumerate(zip(rows, curves, strict=True)):
        points = [
            (x(float(value)), y(float(share)))
            for value, share in zip(curve, _shares(), strict=True)
            if value <= high
        ]
        parts.append(_curve(points, number, f"{row.model}, {row.threads} threads"))
    return "\n".join([*parts, "</svg>"])


def windows(row: BenchRow, number: int) -> str:
    """Latency over time in each window of a row, so that drift and disturbances are seen.

    A window is cut into 24 stretches of as many inferences; the line is their medians, the band
    from their 5th to their 95th percentile, cut off at the top where it would hide the line.
    """
    height, top, bottom = 160, 18, 36
    parts = [_split(window.latencies_ns / 1000) for window in row.windows]
    cuts = [[np.quantile(piece, (0.05, 0.5, 0.95)) for piece in window] for window in parts]
    middle = [float(cut[1]) for window in cuts for cut in window]
    low = min(float(cut[0]) for window in cuts for cut in window) * 0.98
    high = max(*middle, 2 * float(np.median(middle)) - low) * 1.04
    slot = (_WIDTH - _LEFT - _RIGHT) / len(cuts)

    def y(value: float) -> float:
        return top + (1 - (min(value, high) - low) / (high - low)) * (height - top - bottom)

    drawn = [_open(height, f"Latency over time of {row.model}, {row.threads} threads")]
    for tick in (low, (low + high) / 2, high):
        drawn.append(_line(_LEFT, y(tick), _WIDTH - _RIGHT, y(tick), "grid"))
        drawn.append(_text(_LEFT - 8, y(tick) + 5, f"{tick:,.0f}", "end"))
    for index, window in enumerate(cuts):
        start = _LEFT + index * slot
        step = 0.9 * slot / max(len(window) - 1, 1)
        xs = [start + 0.05 * slot + i * step for i in range(len(window))]
        upper = [(at, y(float(cut[2]))) for at, cut in zip(xs, window, strict=True)]
        lower = [(at, y(float(cut[0]))) for at, cut in zip(xs, window, strict=True)]
        band = " ".join(f"{a:.1f},{b:.1f}" for a, b in upper + lower[::-1])
        drawn.append(f'<polygon class="band c{number % COLORS}" points="{band}"/>')
        line = [(at, y(float(cut[1]))) for at, cut in zip(xs, window, strict=True)]
        drawn.append(_curve(line, number, f"window {index + 1}"))
        drawn.append(_text(start + slot / 2, height - 8, f"window {index + 1}", "middle"))
    return "\n".join([*drawn, "</svg>"])


def _shares() -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.linspace(0, 1, _POINTS)


def _split(
    latencies: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    return np.array_split(latencies, min(_BUCKETS, len(latencies)))


def _across(share: float) -> float:
    return share * (_WIDTH - _LEFT - _RIGHT)


def _log_ticks(low: float, high: float) -> list[float]:
    """Round numbers in between: as many as leave room for their labels."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks: list[float] = []
    for steps in ((1, 1.5, 2, 3, 4, 5, 6, 8), (1, 2, 5), (1, 3), (1,)):
        ticks = [step * 10.0**n for n in decades for step in steps if low <= step * 10.0**n <= high]
        if len(ticks) <= _TICKS:
            break
    return ticks


def _open(height: int, title: str) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img"><title>{escape(title)}</title>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _curve(points: list[tuple[float, float]], number: int, title: str) -> str:
    told = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashed = " dashed" if number >= COLORS else ""
    return (
        f'<polyline class="curve c{number % COLORS}{dashed}" points="{told}">'
        f"<title>{escape(title)}</title></polyline>"
    )
