"""``/metrics``: the board in Prometheus's text format."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from edgefmnist import __version__
from edgefmnist.camera.events import State
from edgefmnist.camera.preview.board import BUCKETS_S, Board, Durations
from edgefmnist.camera.preview.machine import Watch
from edgefmnist.records import UNKNOWN


class Metrics:
    """What a scrape gets: the board, and this process as every Prometheus client tells it."""

    def __init__(self, board: Board, watch: Watch) -> None:
        """A registry of its own: the library's global one would outlive this run."""
        self._registry = CollectorRegistry()
        self._registry.register(_BoardCollector(board, watch))
        ProcessCollector(registry=self._registry)

    def text(self, accept: str) -> tuple[bytes, str]:
        """The body and its media type, in the format that an Accept header asks for."""
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type


class _BoardCollector(Collector):
    """Reads the board at each scrape, so that nothing is counted twice or kept in two places."""

    def __init__(self, board: Board, watch: Watch) -> None:
        self._board = board
        self._watch = watch

    def collect(self) -> Iterator[Metric]:
        board, event, health = self._board, self._board.event, self._board.health()
        build = InfoMetricFamily("edgefmnist_build", "What runs: version and model.")
        build.add_metric([], {"version": __version__, "model": board.model.name})
        yield build
        for name, help_text, value in (
            ("frames_classified", "Frames classified in this run.", board.classified),
            ("frames_dropped", "Frames captured in this run and never classified.", board.dropped),
            ("capture_restarts", "Starts of the capture after the first one.", board.restarts),
        ):
            yield CounterMetricFamily(f"edgefmnist_{name}", help_text, value=value)
        yield _one_of(
            GaugeMetricFamily(
                "edgefmnist_camera_state",
                "1 for the state that the camera is in, 0 for the others.",
                labels=["state"],
            ),
            [state.value for state in State],
            health.state.value,
        )
        if event is not None and health.frame_age_s is not None:
            yield GaugeMetricFamily(
                "edgefmnist_last_frame_timestamp_seconds",
                "Unix time at which a frame was last classified.",
                # By its age, which holds where the clock was set meanwhile.
                value=time.time() - health.frame_age_s,
            )
            yield _one_of(
                GaugeMetricFamily(
                    "edgefmnist_announced",
                    "1 for the label announced, 0 for the others.",
                    labels=["label"],
                ),
                [*event.model.labels, UNKNOWN],
                event.announced or "",  # nothing yet: 0 for all
            )
        yield _stages(board.stages)
        if self._watch.now.temperature_c is not None:
            yield GaugeMetricFamily(
                "edgefmnist_temperature_celsius",
                "Temperature of the processor.",
                value=self._watch.now.temperature_c,
            )


def _one_of(gauge: GaugeMetricFamily, values: list[str], true: str) -> GaugeMetricFamily:
    for value in values:
        gauge.add_metric([value], float(value == true))
    return gauge


def _stages(stages: dict[str, Durations]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(
        "edgefmnist_stage_duration_seconds",
        "Time that each stage took for a frame; infer counts frames with a garment found.",
        labels=["stage"],
    )
    for stage, durations in stages.items():
        # One copy: the loop goes on counting, and buckets must not contradict one another.
        totals = itertools.accumulate(list(durations.counts))
        bounds = [*map(str, BUCKETS_S), "+Inf"]
        buckets = list(zip(bounds, map(float, totals), strict=True))
        family.add_metric([stage], buckets, sum_value=durations.total_ns / 1e9)
    return family
