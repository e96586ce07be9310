"""The unit file, read by systemd's own tools."""

from __future__ import annotations

import ctypes
import glob
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgefmnist.errors import UsageError
from edgefmnist.service.unit import Credential, UnitConfig, quoted, unit_text

ODD = [
    "plain",
    "two words",
    " leading and trailing ",
    "100%",
    "%n %% %",
    "$HOME ${HOME} $$",
    "back\\slash \\n \\",
    "it's",
    'say "so"',
    ";",
    "",
    "-",
    "@x",
    "Größe 日本",
]

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


def analyze(unit: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *words, str(unit)], capture_output=True, text=True, timeout=60
    )


def written(folder: Path, **options: object) -> Path:
    config = UnitConfig(program=(sys.executable, "-m", "edgefmnist"), **options)  # type: ignore[arg-type]
    path = folder / "edgefmnist.service"
    path.write_text(unit_text(config), encoding="utf-8")
    return path


CREDENTIALS = {
    "options": (*ODD, Credential(option="--mqtt-password-file", name="mqtt-password")),
    "credentials": (("mqtt-password", "/etc/edgefmnist/pass word%"),),
}


@needs_systemd
@pytest.mark.parametrize("options", [{}, CREDENTIALS, {"home": Path("/home/pi")}])
def test_systemd_finds_nothing_to_say_against_it(
    tmp_path: Path, options: dict[str, object]
) -> None:
    done = analyze(written(tmp_path, **options), "verify")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_systemd
def test_systemd_would_have_something_to_say(tmp_path: Path) -> None:
    unit = written(tmp_path)
    text = unit.read_text(encoding="utf-8")
    for right, wrong in (("Restart=always", "Restart=allways"), ("camera\n", 'camera "x\n')):
        assert right in text
        unit.write_text(text.replace(right, wrong), encoding="utf-8")
        assert analyze(unit, "verify").stderr


@needs_systemd
@pytest.mark.parametrize("options", [{}, CREDENTIALS, {"home": Path("/home/pi")}])
def test_systemd_rates_its_exposure_at_most_2(tmp_path: Path, options: dict[str, object]) -> None:
    done = analyze(
        written(tmp_path, **options), "security", "--offline=true", "--no-pager", "--threshold=20"
    )
    found = re.search(r"Overall exposure level for edgefmnist.service: (\d+\.\d)", done.stdout)
    assert found is not None, done.stderr
    assert done.returncode == 0 and float(found[1]) <= 2.0


def test_the_watchdog_restarts_it_for_ever() -> None:
    lines = unit_text(UnitConfig(program=("/bin/true",))).splitlines()
    for line in ("Type=notify", "WatchdogSec=60", "Restart=always", "StartLimitIntervalSec=0"):
        assert line in lines
    for line in ("DynamicUser=yes", "ProtectSystem=strict", "NoNewPrivileges=yes"):
        assert line in lines
    assert "ProtectHome=yes" in lines and "DevicePolicy=closed" in lines
    home = unit_text(UnitConfig(program=("/bin/true",), home=Path("/home/pi/bin/edgefmnist")))
    assert "ProtectHome=read-only" in home.splitlines()


# Quoting


@pytest.fixture(scope="module")
def split() -> Callable[[str], list[str]]:
    """The function with which systemd itself splits an ExecStart."""
    found = glob.glob("/usr/lib/*/systemd/libsystemd-shared-*.so")  # noqa: PTH207
    library = ctypes.CDLL(found[0]) if found else None
    if not hasattr(library, "extract_first_word"):
        pytest.skip("systemd's shared library, or the parser in it, is not to be had")
    free = ctypes.CDLL(None).free
    free.argtypes = [ctypes.c_void_p]
    flags = 1 << 1 | 1 << 5  # EXTRACT_CUNESCAPE, EXTRACT_UNQUOTE

    def words(line: str) -> list[str]:
        rest, word = ctypes.c_char_p(line.encode()), ctypes.c_void_p()
        words = []
        while library.extract_first_word(ctypes.byref(rest), ctypes.byref(word), None, flags) > 0:
            words.append(ctypes.string_at(word).decode())
            free(word)
        return words

    if words('two words "in one" a\\tb') != ["two", "words", "in one", "a\tb"]:
        pytest.skip("the parser's flags are others in this systemd")
    return words


def test_systemd_reads_the_words_that_were_meant(split: Callable[[str], list[str]]) -> None:
    read = split(" ".join(map(quoted, ODD)))
    assert [word.replace("%%", "%") for word in read] == ODD
    for word in read:  # a single percent sign would be a specifier
        assert "%" not in word.replace("%%", "")
    assert quoted(";") != ";"  # unquoted it would begin a second command


@pytest.mark.parametrize("word", ["a\nb", "a\x00b", "a\x1b[0m", "a\udcffb"])
def test_what_cannot_stand_in_a_unit_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match="unit file"):
        quoted(word)
    with pytest.raises(UsageError, match="unit file"):
        unit_text(UnitConfig(program=("/bin/true",), credentials=(("mqtt-password", word),)))
