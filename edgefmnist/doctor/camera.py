"""Cameras: those that libcamera drives and those of V4L2, and whether this user may open them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from edgefmnist.camera.sources import v4l2_device, v4l2_identity
from edgefmnist.camera.sources.rpicam_listing import parse_listing
from edgefmnist.doctor.finding import Finding, ok, problem, warning
from edgefmnist.doctor.service import is_running
from edgefmnist.doctor.software import failure
from edgefmnist.environment import Source
from edgefmnist.service.unit import NAME

_LISTING = ("rpicam-hello", "--list-cameras")
_NO_CAMERA = (
    "with the power off check the ribbon cable (contacts, latch) or plug in a USB camera; "
    "edgefmnist camera --source demo needs none"
)
_JOIN = "sudo usermod -aG video $USER, then log in again"
_MOST_SIZES = 4


def cameras(source: Source) -> Iterator[Finding]:
    """Every camera, the tools that drive them, and what keeps them from us."""
    found = 0
    for finding in (*_csi(source), *_v4l2(source)):
        found += finding.check == "camera"
        yield finding
    if not found:
        yield warning("camera", "no camera", _NO_CAMERA)


def _csi(source: Source) -> Iterator[Finding]:
    listing = source.run(_LISTING)
    board = source.text("proc/device-tree/model").startswith("Raspberry Pi")
    if listing is None:
        if board:
            found = "rpicam-apps are not installed: no ribbon-cable camera can be used"
            yield warning("rpicam", found, "sudo apt install rpicam-apps-lite")
    elif "failed" in listing and not re.search(r"^\s*\d+ : ", listing, re.M):
        yield warning("rpicam", f"rpicam-hello: {listing[-200:]}", "rpicam-hello --list-cameras")
    else:
        yield ok("rpicam", "rpicam-hello and rpicam-vid")
        yield from _sensors(source, listing)
    if board:
        yield _picamera2(source, listing is not None)


def _sensors(source: Source, listing: str) -> Iterator[Finding]:
    closed = [path for path in source.each("dev/media*") if source.is_closed(source.root / path)]
    for one in parse_listing(listing):
        words = f"rpicam:{one.number}" if one.number else "rpicam"
        found = f"{one.sensor} (--source {words}), sensor {', '.join(one.sizes)}"
        if closed:
            yield _closed(source, f"{found}: no permission for /{closed[0]}")
        else:
            yield ok("camera", found)


def _picamera2(source: Source, has_rpicam: bool) -> Finding:
    trouble = failure(source, "picamera2")
    if not trouble:
        return ok("picamera2", "imports")
    if has_rpicam:
        return ok("picamera2", f"does not import, and --source rpicam needs none ({trouble})")
    mend = (
        "sudo apt install rpicam-apps-lite; or python3-picamera2 and an environment made with "
        "--system-site-packages"
    )
    return warning("picamera2", trouble, mend)


def _v4l2(source: Source) -> Iterator[Finding]:
    devices, sysfs = source.root / "dev", source.root / "sys/class/video4linux"
    for number in v4l2_device.numbers(devices):
        card = source.text(f"sys/class/video4linux/video{number}/name")
        node = f"/dev/video{number}" + (f" {card}" if card else "")
        if source.is_closed(devices / f"video{number}"):
            # The Pi's own nodes are closed along with the camera's, and need no line each.
            second = v4l2_identity.is_second_stream(number, sysfs)
            if not second and not card.startswith(v4l2_device.NOT_CAMERAS):
                yield _closed(source, f"{node}: no permission")
            continue
        try:
            with v4l2_device.opened(number, devices) as handle:
                about = v4l2_device.capability(handle)
                if about is None or not about.is_camera:
                    continue
                yield _usb(source, number, about.card, handle)
        except OSError as error:
            mend = f"plug it in again; 'fuser -v /dev/video{number}' shows who has it"
            yield problem("camera", "camera", f"{node} does not open: {error.strerror}", mend)


def _usb(source: Source, number: int, card: str, handle: int) -> Finding:
    formats = [
        f"{form} {', '.join(sizes[:_MOST_SIZES])}{', ...' if len(sizes) > _MOST_SIZES else ''}"
        for form, sizes in v4l2_device.offers(handle).items()
    ]
    found = f"{card} (--source /dev/video{number}), {'; '.join(formats) or 'no formats'}"
    if v4l2_device.is_busy(handle):
        if is_running(source):  # which most likely has it, as it should
            return ok("camera", f"{found}: in use, and {NAME} is running")
        mend = f"'fuser -v /dev/video{number}' shows the program; end it to use the camera"
        return warning("camera", f"{found}: busy", mend)
    return ok("camera", found)


def _closed(source: Source, found: str) -> Finding:
    told = re.search(r"^video:[^:]*:(\d+):", source.text("etc/group"), re.M)
    if told is not None and int(told[1]) in source.groups:
        mend = "see who may open it: ls -l /dev/video* /dev/media*"
    else:
        mend = _JOIN
    return problem("camera", "camera", found, mend)
