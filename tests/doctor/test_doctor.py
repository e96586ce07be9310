"""Each machine is told what it can and cannot do, and each lack has its mend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgefmnist.camera.sources import v4l2_device
from edgefmnist.doctor import Finding, examine, worst
from tests.camera.sources.fake_v4l2 import Device, Fcntl, VideoCapture
from tests.doctor import machines
from tests.doctor.machines import Played
from tests.environment.machines import Machine

_BOARDS = [machines.pi_3, machines.pi_4, machines.pi_5]


def _told(played: Played) -> dict[str, Finding]:
    """By check; of several with one name the worst."""
    order = ("ok", "unknown", "warning", "problem")
    found: dict[str, Finding] = {}
    for one in examine(played.source):
        assert one.status == "unknown" or (one.status == "ok") == (not one.mend), one
        assert (one.status == "problem") == (one.kind is not None)
        assert "\n" not in one.found + one.mend
        before = found.setdefault(one.check, one)
        if order.index(one.status) > order.index(before.status):
            found[one.check] = one
    return found


def _code(played: Played) -> int:
    error = worst(examine(played.source))
    return 0 if error is None else error.exit_code


@pytest.fixture
def usb(monkeypatch: pytest.MonkeyPatch) -> Callable[[Played, int, Device], None]:
    """Plug a USB camera into a played machine."""
    monkeypatch.setattr(v4l2_device, "fcntl", Fcntl)
    monkeypatch.setattr(VideoCapture, "devices", {})

    def plug(played: Played, number: int, device: Device) -> None:
        monkeypatch.setattr(v4l2_device, "DEVICES", played.machine.root / "dev")
        played.node(number, device.card)
        VideoCapture.devices[number] = device

    return plug


@pytest.mark.parametrize("make", _BOARDS)
def test_a_board_in_order(tmp_path: Path, make: Callable[[Path], Played]) -> None:
    told = _told(make(tmp_path))
    assert {one.status for one in told.values()} == {"ok"}
    assert "imx708 (--source rpicam), sensor 1536x864, 2304x1296" in told["camera"].found
    assert told["governor"].found == "ondemand"
    assert told["machine"].found.startswith("Raspberry Pi ")
    assert told["runtime"].found == "ai-edge-litert 2.3.0"
    assert "SHA-256" in told["models"].found
    assert "answers right" in told["inference"].found
    assert "No module named 'picamera2'" in told["picamera2"].found


def test_the_pis_own_nodes_are_no_cameras(tmp_path: Path) -> None:
    found = examine(machines.pi_4(tmp_path).source)
    assert sum(one.check == "camera" for one in found) == 1


def test_a_board_without_a_camera(tmp_path: Path) -> None:
    played = machines.without_camera(tmp_path)
    told = _told(played)["camera"]
    assert (told.status, told.found) == ("warning", "no camera")
    assert "ribbon" in told.mend
    assert _code(played) == 0


def test_a_board_without_rpicam(tmp_path: Path) -> None:
    played = machines.pi_5(tmp_path)
    del played.tools["rpicam-hello"]
    told = _told(played)
    assert told["rpicam"].mend == "sudo apt install rpicam-apps-lite"
    assert told["picamera2"].status == "warning"


def test_an_under_voltage(tmp_path: Path) -> None:
    played = machines.under_voltage(tmp_path)
    told = _told(played)["power"]
    assert (told.status, told.found) == ("problem", "under-voltage, throttled (bits 0x50005)")
    assert "power supply" in told.mend
    assert _code(played) == 3
    played.machine.firmware["get_throttled"] = "throttled=0x50000"
    told = _told(played)["power"]
    assert (told.status, "since boot" in told.found) == ("warning", True)


def test_a_plain_pc(tmp_path: Path) -> None:
    played = machines.pc(tmp_path)
    told = _told(played)
    assert {name for name, one in told.items() if one.status == "unknown"} == {"power"}
    assert {name for name, one in told.items() if one.status == "warning"} == {"camera"}
    assert "rpicam" not in told and "picamera2" not in told
    assert _code(played) == 0


def test_a_usb_camera(tmp_path: Path, usb: Callable[[Played, int, Device], None]) -> None:
    played = machines.pc(tmp_path)
    device = Device(card="HD Webcam", modes={"MJPG": {(640, 480): 30, (1280, 720): 30}})
    usb(played, 0, device)
    told = _told(played)["camera"]
    assert told.status == "ok"
    assert told.found == "HD Webcam (--source /dev/video0), MJPG 640x480, 1280x720"
    device.reader = object()
    told = _told(played)["camera"]
    assert (told.status, "fuser -v /dev/video0" in told.mend) == ("warning", True)
    played.tools["systemctl"] = "LoadState=loaded\nActiveState=active"
    told = _told(played)["camera"]
    assert told.status == "ok" and "in use, and edgefmnist.service is running" in told.found


def test_of_a_closed_camera_the_second_node_is_no_other(tmp_path: Path) -> None:
    played = machines.pc(tmp_path)
    for number in (0, 1):
        played.node(number, "HD Webcam")
        played.machine.write(f"sys/class/video4linux/video{number}/index", f"{number}\n")
        played.closed.add(f"video{number}")
    told = [one for one in examine(played.source) if one.check == "camera"]
    assert len(told) == 1 and "/dev/video0 HD Webcam" in told[0].found


def test_a_camera_that_is_closed_to_this_user(tmp_path: Path) -> None:
    played = machines.pc(tmp_path)
    played.machine.write("etc/group", "video:x:44:\n")
    played.node(0, "HD Webcam")
    played.closed, played.groups = {"video0"}, frozenset({1000})
    told = _told(played)["camera"]
    assert (told.status, "usermod -aG video" in told.mend) == ("problem", True)
    assert "HD Webcam" in told.found
    assert _code(played) == 6
    played.groups = frozenset({44})
    assert "ls -l" in _told(played)["camera"].mend


def test_a_ribbon_camera_that_is_closed_to_this_user(tmp_path: Path) -> None:
    played = machines.pi_5(tmp_path)
    played.closed, played.groups = {"media0", "video0", "video19", "video20"}, frozenset({1000})
    closed = [one for one in examine(played.source) if one.status == "problem"]
    assert [one.check for one in closed] == ["camera"]  # one line, not one for each node
    assert "imx708" in closed[0].found


@pytest.mark.parametrize(
    ("message", "numpy", "mend"),
    [
        ("No module named 'cv2'", "2.4.6", "pip install opencv-python-headless"),
        ("libxcb.so.1: cannot open shared object file", "2.4.6", "pip uninstall -y opencv-python "),
        ("libGL.so.1: cannot open shared object file", "2.4.6", "pip uninstall -y opencv-python "),
        ("numpy.core.multiarray failed to import", "2.4.6", "'opencv-python-headless>=4.12'"),
        ("_ARRAY_API not found", "1.26.4", "'opencv-python-headless<4.10'"),
    ],
)
def test_an_opencv_that_does_not_import(
    tmp_path: Path, message: str, numpy: str, mend: str
) -> None:
    played = machines.pi_4(tmp_path)
    played.broken["cv2"] = ImportError(message)
    played.versions["numpy"] = numpy
    told = _told(played)["opencv"]
    assert told.status == "problem"
    assert message in told.found
    assert mend in told.mend
    assert _code(played) == 4
    assert "imx708" in _told(played)["camera"].found  # found without it


def test_powersave(tmp_path: Path) -> None:
    played = machines.pi_4(tmp_path)
    played.machine.governor("powersave")
    told = _told(played)["governor"]
    assert (told.status, "scaling_governor" in told.mend) == ("warning", True)


def test_an_emulated_board_says_so(tmp_path: Path) -> None:
    played = machines.pi_4(tmp_path)
    played.machine.write("proc/cpuinfo", "vendor_id\t: GenuineIntel\nmodel name\t: Intel Core i5")
    assert "emulated" in _told(played)["machine"].found


def test_without_numpy_what_rests_on_it_is_not_blamed(tmp_path: Path) -> None:
    played = machines.pi_4(tmp_path)
    for module in ("numpy", "cv2", "ai_edge_litert.interpreter", "tflite_runtime.interpreter"):
        played.broken[module] = ImportError("libopenblas.so.0: cannot open shared object file")
    told = _told(played)
    assert [name for name, one in told.items() if one.status != "ok"] == ["numpy"]
    assert "libopenblas" in told["numpy"].found
    assert not {"opencv", "runtime", "inference"} & {*told}
    assert _code(played) == 4


def test_two_opencvs_in_one_place(tmp_path: Path) -> None:
    played = machines.pi_4(tmp_path)
    played.versions["opencv-python"] = "4.13.0.90"
    told = _told(played)["opencv"]
    assert (told.status, "pip uninstall" in told.mend) == ("warning", True)


def test_no_runtime_and_broken_ones(tmp_path: Path) -> None:
    played = machines.pi_4(tmp_path)
    for package in ("ai_edge_litert", "tflite_runtime"):
        missing = ModuleNotFoundError(f"No module named '{package}'")
        played.broken[f"{package}.interpreter"] = missing
    del played.versions["ai-edge-litert"]
    told = _told(played)
    assert "pip install ai-edge-litert" in told["runtime"].mend
    assert "inference" not in told  # cannot be tried
    assert _code(played) == 4
    played.versions["tflite-runtime"] = "2.14.0"
    played.broken["tflite_runtime.interpreter"] = ImportError("_ARRAY_API not found")
    told = _told(played)
    assert "_ARRAY_API" in told["runtime"].found
    assert "numpy<2" in told["runtime"].mend
    del played.broken["tflite_runtime.interpreter"]
    told = _told(played)
    assert (told["runtime"].status, "numpy<2" in told["runtime"].mend) == ("problem", True)
    played.versions["numpy"] = "1.26.4"
    assert _told(played)["runtime"].found == "tflite-runtime 2.14.0"


@pytest.mark.parametrize(
    ("architecture", "bits", "python", "status", "words"),
    [
        ("aarch64", 64, (3, 13, 5), "ok", "64-bit"),
        ("armv7l", 32, (3, 11, 2), "warning", "tflite-runtime"),
        ("aarch64", 32, (3, 11, 2), "warning", "32-bit system under a 64-bit kernel"),
        ("armv8l", 32, (3, 11, 2), "warning", "32-bit system under a 64-bit kernel"),
        ("armv7l", 32, (3, 13, 5), "problem", "Python 3.13"),
        ("aarch64", 32, (3, 13, 5), "problem", "ends at 3.11"),
        ("armv6l", 32, (3, 11, 2), "problem", "ARMv6"),
        ("riscv64", 64, (3, 13, 5), "problem", "no TensorFlow Lite runtime has wheels"),
    ],
)
def test_architectures(
    tmp_path: Path,
    architecture: str,
    bits: int,
    python: tuple[int, int, int],
    status: str,
    words: str,
) -> None:
    played = machines.pi_3(tmp_path)
    played.machine.source = Machine(tmp_path, architecture).source
    played.bits, played.python = bits, python
    told = _told(played)["architecture"]
    assert told.status == status
    assert words in told.found


@pytest.mark.parametrize(
    ("python", "status"),
    [((3, 9, 2), "problem"), ((3, 10, 0), "ok"), ((3, 13, 9), "ok"), ((3, 14, 0), "problem")],
)
def test_pythons(tmp_path: Path, python: tuple[int, int, int], status: str) -> None:
    played = machines.pi_5(tmp_path)
    played.python = python
    told = _told(played)["python"]
    assert told.status == status
    assert status == "ok" or "python3.13" in told.mend


@pytest.mark.parametrize(
    ("libc", "status"),
    [("glibc 2.36", "ok"), ("glibc 2.24", "problem"), ("musl 1.2.5", "problem"), ("", "problem")],
)
def test_c_libraries(tmp_path: Path, libc: str, status: str) -> None:
    played = machines.pi_5(tmp_path)
    played.libc = libc
    assert _told(played)["libc"].status == status


@pytest.mark.parametrize(
    ("celsius", "status"), [(74.9, "ok"), (75, "warning"), (80, "problem"), (86.2, "problem")]
)
def test_heat(tmp_path: Path, celsius: float, status: str) -> None:
    played = machines.pi_4(tmp_path)
    played.machine.temperature(celsius)
    assert _told(played)["temperature"].status == status


@pytest.mark.parametrize(("megabytes", "status"), [(100, "problem"), (200, "warning"), (400, "ok")])
def test_memory_that_is_left(tmp_path: Path, megabytes: int, status: str) -> None:
    played = machines.pi_3(tmp_path)
    played.machine.write("proc/meminfo", f"MemTotal: 930000 kB\nMemAvailable: {megabytes}000 kB")
    assert _told(played)["memory"].status == status


def test_a_full_card(tmp_path: Path) -> None:
    played = machines.pi_3(tmp_path)
    played.free = 12_000_000
    assert _told(played)["disk"].status == "problem"
    assert _code(played) == 3


_RUNNING = "LoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\n"


@pytest.mark.parametrize(
    ("state", "status", "words"),
    [
        (_RUNNING + "NRestarts=0\nStatusText=live: Sneaker, 29.8 fps", "ok", "Sneaker"),
        (_RUNNING + "NRestarts=40", "warning", "40 times"),
        (_RUNNING.replace("enabled", "disabled"), "warning", "disabled"),
        (_RUNNING.replace("=active", "=inactive"), "warning", "inactive"),
        (_RUNNING.replace("=active", "=failed") + "Result=exit-code", "problem", "exit-code"),
        ("System has not been booted with systemd as init system", "ok", "systemd does not run"),
    ],
)
def test_the_service(tmp_path: Path, state: str, status: str, words: str) -> None:
    played = machines.pi_4(tmp_path)
    played.tools["systemctl"] = state
    told = _told(played)["service"]
    assert told.status == status
    assert words in told.found


def test_a_data_set_that_is_named_and_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = machines.pi_4(tmp_path)
    monkeypatch.delenv("EDGEFMNIST_DATA", raising=False)
    assert _told(played)["data set"].status == "ok"  # a device needs none
    monkeypatch.setenv("EDGEFMNIST_DATA", "/nowhere")
    assert _told(played)["data set"].status == "warning"


def test_a_machine_that_tells_nothing(tmp_path: Path) -> None:
    told = _told(Played(Machine(tmp_path / "nowhere"), free=None))
    unknown = {name for name, one in told.items() if one.status == "unknown"}
    assert unknown == {"governor", "temperature", "power", "memory", "disk"}
    assert told["camera"].status == "warning"


def test_systemd_that_cannot_be_asked_is_not_called_absent(tmp_path: Path) -> None:
    played = machines.pi_4(tmp_path)
    played.tools["systemctl"] = "Failed to connect to bus: Permission denied"
    (played.machine.root / "run/systemd/system").mkdir(parents=True, exist_ok=True)
    found = _told(played)["service"]
    assert (found.status, found.mend) == ("unknown", "systemctl status edgefmnist.service")
    assert "Permission denied" in found.found


def test_a_machine_where_everything_fails(tmp_path: Path) -> None:
    """Tools print nonsense, files hold it, nothing imports: it is told, never raised."""
    played = machines.pi_4(tmp_path)
    played.tools = {"rpicam-hello": "\x00 failed\n", "systemctl": "LoadState=loaded\nNRestarts=x"}
    for module in ("numpy", "cv2", "picamera2", "ai_edge_litert.interpreter"):
        played.broken[module] = RuntimeError()
    played.broken["tflite_runtime.interpreter"] = OSError("illegal instruction")
    for path in ("proc/meminfo", "proc/cpuinfo", "sys/class/thermal/thermal_zone0/temp"):
        played.machine.write(path, "\x00N/A")
    told = _told(played)
    assert told["service"].status == "unknown"
    assert "could not be looked at: ValueError" in told["service"].found
    assert told["numpy"].status == "problem"
    assert _code(played) == 4
