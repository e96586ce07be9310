"""What ``edgefmnist camera`` shows: a live view, or plain lines, and a summary."""

from __future__ import annotations

import contextlib
import io
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.color import Color
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.style import Style
from rich.table import Table
from rich.text import Text

from edgefmnist.camera.events import CameraEvent, Sink, State, Status
from edgefmnist.camera.loop import CameraSummary
from edgefmnist.camera.recognizer import LoadedModel
from edgefmnist.camera.sinks.jsonl import JsonLines
from edgefmnist.camera.sinks.lines import LineSink, WholeLines
from edgefmnist.errors import one_line, printable
from edgefmnist.records import LABELS, UNKNOWN
from edgefmnist.render.console import SafeConsole, notes, results
from edgefmnist.render.damping import Damped
from edgefmnist.render.progress import counting

_MIN_WIDTH, _MIN_HEIGHT = 72, 18  # of a terminal that the view fits into
_REDRAW_S = 1 / 12
_PARTS = (("capture", "cyan"), ("preprocess", "magenta"), ("infer", "yellow"))
_LOST = (
    "the scene no longer fits the learned background (camera moved, light switched?): garments are "
    "searched for without it; learn it again with --learn-background"
)
_FITS_AGAIN = "the learned background fits again"
_NO_PICTURE = np.zeros((28, 28), np.uint8)


@contextlib.contextmanager
def view(source: str, model: str, *, jsonl: bool, every_frame: bool = False) -> Iterator[Sink]:
    """Yield the sink that shows each event: JSON lines, a live view or plain lines."""
    if jsonl:
        lines = WholeLines.of(sys.stdout)
        yield _Notices(JsonLines(lines, "stdout", every_frame=every_frame))
    elif _fits(results):
        with Live(console=results, auto_refresh=False) as live:
            screen = _Screen(live, source)
            try:
                yield screen
            finally:
                screen.draw()
    else:
        yield _Notices(_Lines(f"source {source}, model {model}"))


def show_preview(url: str, note: str) -> None:
    """Tell where the page is, and what should be said of that, if anything."""
    notes.print(f"preview: {url}" + (f" ({note})" if note else ""), soft_wrap=True)


def show_open_password() -> None:
    """Warn of a password among the words of the command."""
    notes.print(
        "note: every user of this machine can read a password in --source while this runs (ps); "
        "give the address in the environment instead, as EDGEFMNIST_SOURCE",
        soft_wrap=True,
    )


def show_shared_topic(topic: str) -> None:
    """Warn that two runs on this machine publish under one topic."""
    notes.print(
        f"mqtt: another run on this machine publishes under {topic} too; give this one a topic of "
        "its own: --mqtt mqtt://HOST/TOPIC",
        soft_wrap=True,
    )


def show_trouble(sink: Sink, error: OSError | None, missed: int = 0) -> None:
    """Tell that a sink fails, or works again. missed: changes between the two not told."""
    if error is None:
        told = "works again"
    else:
        told = error.strerror or str(error)
        told = f"{printable(str(error.filename))}: {told}" if error.filename else told
    more = f" ({missed:,} changes since the last line)" if missed else ""
    notes.print(one_line(f"{sink.name}: {told}{more}"), soft_wrap=True)


def show_loaded(model: LoadedModel) -> None:
    """Say on stderr which model answers from now on."""
    file = model.classifier.model
    known = f", SHA-256 {file.card.sha256[:12]}..." if file.card else ""
    notes.print(one_line(f"model: {file.name}{known}, from now on"), soft_wrap=True)


def show_refused(error: Exception, instead: str = "the one in use stays") -> None:
    """Say on stderr why a model was refused, and which answers."""
    notes.print(one_line(f"model: {instead}: {error}"), soft_wrap=True)


def show_learned_model(name: str, folder: Path) -> None:
    """Say on stderr that a model answers which was learned and taken before this run."""
    notes.print(f"model: {printable(name)} of {printable(str(folder))}, learned", soft_wrap=True)


def show_bad_model(error: Exception | None) -> None:
    """Say on stderr that the model's answers are none, or are again."""
    told = "answers again" if error is None else f"no answer, so frames are unknown: {error}"
    notes.print(one_line(f"model: {told}"), soft_wrap=True)


@contextlib.contextmanager
def learning() -> Iterator[Callable[[int, int], None]]:
    """Ask for an empty scene and yield the hook for progress."""
    notes.print("learning the background: keep the scene empty and still for two seconds")
    with counting("frames") as progress:
        yield progress


def show_status(status: Status) -> None:
    """Say on stderr what ails the camera."""
    if status.fault:
        notes.print(one_line(f"camera {status.state.value} {status.detail}"), soft_wrap=True)


def show_learned(file: Path) -> None:
    """Tell where the learned background went."""
    name = printable(str(file))
    notes.print(
        f"background learned, saved in {name}; next time: --background {name}", soft_wrap=True
    )


def show_not_learned(file: Path) -> None:
    """Tell that a stop came first."""
    left = "is as it was" if file.exists() else "was not written"
    notes.print(
        f"stopped before the background was learned: {printable(str(file))} {left}", soft_wrap=True
    )


class _Notices:
    """A sink, and a line on stderr where the camera or the learned background is lost or found."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._fits = True
        self._damped = Damped()

    @property
    def name(self) -> str:
        return self._sink.name

    def on_event(self, event: CameraEvent) -> None:
        if event.background_fits is not None and event.background_fits is not self._fits:
            self._fits = event.background_fits
            notes.print(_FITS_AGAIN if self._fits else _LOST, soft_wrap=True)
        self._sink.on_event(event)

    def on_status(self, status: Status) -> None:
        if line := self._damped.line(status):
            notes.print(one_line(line), soft_wrap=True)
        self._sink.on_status(status)

    def close(self) -> None:
        self._sink.close()


def _fits(console: Console) -> bool:
    return (
        console.is_terminal
        and not console.is_dumb_terminal
        and console.encoding.startswith("utf")
        and console.width >= _MIN_WIDTH
        and console.height >= _MIN_HEIGHT
    )


class _Lines(LineSink):
    """One line for each change of the announced label."""

    def __init__(self, headline: str) -> None:
        super().__init__(WholeLines.of(sys.stdout), "stdout")
        self._headline: str | None = printable(headline)

    def on_event(self, event: CameraEvent) -> None:
        line = None
        if event.changed and event.announced is not None:
            scores = dict(event.prediction.top)  # the label is pooled over frames, these are not
            score = f"  {scores[event.announced]:.0%}" if event.announced in scores else ""
            line = f"frame {event.frame}: {event.announced}{score}"
        self.put(line)

    def on_status(self, status: Status) -> None:
        """What ails a camera is told on stderr."""
        self.put(self._headline)
        self._headline = None


class _Screen:
    """The live view, redrawn a dozen times a second whatever the frame rate."""

    name = "terminal"

    def __init__(self, live: Live, source: str) -> None:
        self._live = live
        self._status: Status | None = None
        self._source = source
        self._last: CameraEvent | None = None
        self._frames = 0
        self._drawn_s = 0.0
        self._latency_ms = np.zeros(3)

    def on_event(self, event: CameraEvent) -> None:
        """Take one event in, and redraw where it is time."""
        latest = np.array([event.capture_ns, event.preprocess_ns, event.infer_ns]) / 1e6
        # Digits that change at every frame cannot be read: they follow with some delay.
        self._latency_ms += (latest - self._latency_ms) * (0.15 if self._frames else 1.0)
        self._last = event
        self._frames += 1
        now = time.monotonic()
        if now - self._drawn_s >= _REDRAW_S:
            self._drawn_s = now
            self.draw()

    def on_status(self, status: Status) -> None:
        """Show how the camera is, at once."""
        self._status = status
        self.draw()

    def close(self) -> None:
        """`view` draws the last picture."""

    def draw(self) -> None:
        """Draw the last event."""
        if self._last is not None:
            self._live.update(self._layout(self._live.console.width, self._last), refresh=True)

    def _layout(self, width: int, event: CameraEvent) -> RenderableType:
        picture = event.picture if event.picture is not None else _NO_PICTURE
        seen = Panel(half_blocks(picture), title="the model sees", border_style="dim", width=32)
        bar = min(60, width - 32 - 28)
        right = Panel(
            Group(
                _headline(event),
                _top(event, bar),
                Text(),
                self._latency(bar),
                Text(),
                self._facts(event),
            ),
            title="edgefmnist camera",
            border_style="dim",
            width=min(width - 32, 60 + 28),
            height=16,
        )
        grid = Table.grid()
        grid.add_row(seen, right)
        return grid

    def _latency(self, bar: int) -> Table:
        total = max(float(self._latency_ms.sum()), 1e-6)
        table = _bars()
        for (name, colour), value in zip(_PARTS, self._latency_ms, strict=True):
            table.add_row(name, _bar(value / total, bar, colour), f"{value:.2f} ms")
        return table

    def _facts(self, event: CameraEvent) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        table.add_column(style="dim", no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)  # it shrinks, not the names
        if self._status is not None:
            fine = self._status.state is State.LIVE
            told = f"{self._status.state.value} {self._status.detail}".strip()
            table.add_row("camera", Text(one_line(told), "green" if fine else "bold red"))
        speed = f"{event.fps:.1f} fps, {self._frames:,} frames, {event.dropped:,} dropped"
        table.add_row("speed", speed)
        table.add_row("source", f"{self._source} {event.name}".strip())
        table.add_row("model", event.model.name)
        if event.background_fits is not None:
            told = "learned" if event.background_fits else "fits no more: --learn-background"
            table.add_row("background", told)
        return table


def half_blocks(picture: npt.NDArray[np.uint8]) -> Text:
    """A grey picture, uint8 [even height, width], as text: two pixels above one another a cell."""
    text = Text()
    for upper, lower in zip(picture[::2], picture[1::2], strict=True):
        for above, below in zip(upper.tolist(), lower.tolist(), strict=True):
            style = Style(color=_grey(above), bgcolor=_grey(below))
            text.append("▀", style)
        text.append("\n")
    text.right_crop(1)
    return text


def _grey(level: int) -> Color:
    return Color.from_rgb(level, level, level)


def _headline(event: CameraEvent) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    if event.announced is None:
        text.append("...", "dim")
    else:
        text.append(event.announced, "bold yellow" if event.announced == UNKNOWN else "bold green")
    if event.true_label is not None:
        truth = "nothing there" if event.true_label < 0 else LABELS[event.true_label]
        text.append(f"   truth: {truth}", "dim")
    return text


def _top(event: CameraEvent, bar: int) -> Table:
    table = _bars()
    for label, score in (event.prediction.top or (("no garment", 0.0),))[:3]:
        colour = "yellow" if event.prediction.unknown else "green"
        table.add_row(label, _bar(score, bar, colour), f"{score:.1%}" if score else "")
    for _ in range(3 - max(1, min(3, len(event.prediction.top)))):
        table.add_row("", "", "")
    known = event.prediction.known
    table.add_row("known", _bar(known, bar, "blue"), f"{known:.1%}" if known else "")
    return table


def _bars() -> Table:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(width=11, no_wrap=True, overflow="ellipsis")
    table.add_column()
    table.add_column(width=9, justify="right", no_wrap=True)
    return table


def _bar(share: float, width: int, colour: str) -> Text:
    """A bar of eighths of a cell, always `width` cells wide."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    part = " ▏▎▍▌▋▊▉"[eighths % 8] if eighths % 8 else ""
    return Text(("█" * (eighths // 8) + part).ljust(width), colour)


def show_summary(summary: CameraSummary, *, jsonl: bool) -> None:
    """Print how the run went: on stderr where stdout carries JSON."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    seconds = summary.duration_ns / 1e9
    table.add_row(
        "frames",
        f"{summary.classified:,} classified in {seconds:.1f} s ({summary.fps:.1f} fps), "
        f"{summary.unknown:,} unknown, {summary.dropped:,} dropped",
    )
    if summary.garments:
        table.add_row("garments", _share(summary.garments_correct, summary.garments, "right"))
    if summary.empty:
        table.add_row("empty", _share(summary.empty_refused, summary.empty, "refused"))
    table.add_row(
        "p50",
        f"capture {summary.capture_p50_ns / 1e6:.2f} ms, "
        f"preprocess {summary.preprocess_p50_ns / 1e6:.2f} ms, "
        f"infer {summary.infer_p50_ns / 1e6:.2f} ms",
    )
    if jsonl or results.is_terminal:
        return (notes if jsonl else results).print(table)
    text = io.StringIO()
    SafeConsole(file=text, width=results.width).print(table)
    try:
        WholeLines.of(sys.stdout).write(text.getvalue().rstrip("\n"))
    except BrokenPipeError:
        raise
    except OSError as error:  # a full disk: the run itself went well
        notes.print(one_line(f"stdout: {error.strerror}"), soft_wrap=True)


def _share(part: int, whole: int, word: str) -> str:
    return f"{part:,} of {whole:,} {word} ({part / whole:.1%})"
