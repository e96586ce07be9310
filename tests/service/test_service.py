"""``edgefmnist service print`` and ``install``."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgefmnist.errors import CannotWrite, MissingDependency, UsageError
from edgefmnist.service.install import Secrets, install
from edgefmnist.service.program import closed_part, find_program, in_home, judge
from tests.conftest import ROOT, RunCli, assert_one_line


def command_of(unit: str) -> str:
    lines = unit.replace("\\\n    ", "").splitlines()
    return next(line for line in lines if line.startswith("ExecStart=")).partition("=")[2]


# print


def test_print_passes_the_cameras_options_on_with_dashes_or_without(run_cli: RunCli) -> None:
    words = ["--source", "rpicam", "--fps", "30", "--loop", "--preview", "0.0.0.0:8080"]
    done = run_cli("service", "print", "--", *words)
    assert done.returncode == 0
    assert command_of(done.stdout).endswith(
        " camera --source=rpicam --fps=30 --loop --preview=0.0.0.0:8080"
    )
    assert command_of(done.stdout)[:2] == ":/"
    assert run_cli("service", "print", *words).stdout == done.stdout


def test_the_unit_starts_this_installation(run_cli: RunCli) -> None:
    first = command_of(run_cli("service", "print", "--source", "demo").stdout)[1:]
    program = first.partition(" camera ")[0].split()
    assert program == list(find_program())
    done = subprocess.run([*program, "--version"], capture_output=True, text=True)
    assert done.stdout == run_cli("--version").stdout


def test_options_from_the_environment_are_not_written_down(run_cli: RunCli) -> None:
    done = run_cli("service", "print", env={"EDGEFMNIST_SOURCE": "demo:3"})
    assert command_of(done.stdout).endswith(" camera")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--sorce", "rpicam"), "--sorce"),
        (("--fps", "fast"), "--fps"),
        (("--size", "3"), "--size 3"),
        (("--log-limit", "much"), "--log-limit"),
        (("--model", "nosuch"), "nosuch"),
        (("--frames", "3"), "--frames is not for a service"),
        (("--list",), "--list is not for a service"),
        (("--learn-background",), "by hand"),
        (("--log", "/home/pi/x.jsonl"), "--log x.jsonl"),
        (("--save-uncertain", "../no-such-frames"), "/var/lib/edgefmnist"),
        (("--adapt", "/home/me/wardrobe"), "/var/lib/edgefmnist"),
        (("--preview", "0.0.0.0:80"), "8080"),
        (("--background", "background.npz"), "whole path"),
        (("--mqtt-ca", "/nosuch/ca.pem"), "no such file"),
        (("--source", "tests"), "whole path"),
        (("--mqtt", "broker"), "mqtt[s]://"),
        (("--mqtt", "mqtt://camera:secret@broker"), "password"),
        (("--source", "rtsp://me:secret@cam/1"), "EDGEFMNIST_SOURCE=ADDRESS"),
        (("--source", "http://cam/video?user=me&pwd=secret"), "/etc/edgefmnist/camera.env"),
    ],
)
def test_what_would_fail_at_boot_is_told_now(
    run_cli: RunCli, words: tuple[str, ...], told: str
) -> None:
    done = run_cli("service", "print", "--", *words, cwd=ROOT)
    assert_one_line(done, 2, told)
    assert done.stdout == "" and "secret" not in done.stderr


def test_files_that_the_service_writes_lie_in_its_own_folder(run_cli: RunCli) -> None:
    words = ("--log", "a b.jsonl", "--save-uncertain", "/var/lib/edgefmnist/frames")
    command = command_of(run_cli("service", "print", *words).stdout)
    assert '"--log=a b.jsonl" --save-uncertain=/var/lib/edgefmnist/frames' in command


def test_a_password_file_is_handed_over_by_systemd(run_cli: RunCli, tmp_path: Path) -> None:
    secret = tmp_path / "pass word"
    secret.write_text("secret\n")
    secret.chmod(0o600)
    unit = run_cli("service", "print", "--mqtt-password-file", secret).stdout
    assert f"\nLoadCredential=mqtt-password:{secret}\n" in unit
    assert command_of(unit).endswith(" --mqtt-password-file=%d/mqtt-password")


def test_a_file_that_others_cannot_read_is_refused(run_cli: RunCli) -> None:
    # Not under /tmp, of which the service has one of its own, whatever the mode.
    folder = ROOT / "build" / "tests-service"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "background.npz"
    file.write_bytes(b"x")
    try:
        file.chmod(0o600)
        done = run_cli("service", "print", "--background", file)
        assert_one_line(done, 2, str(file), "closed", "/etc/edgefmnist")
    finally:
        shutil.rmtree(folder)


# What the service's user can read


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody can read; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_closed_parts_are_found(open_folder: Path) -> None:
    inner = open_folder / "a" / "b"
    inner.mkdir(parents=True)
    file = inner / "c"
    file.write_text("")
    for part in (inner.parent, inner, file):
        part.chmod(0o755)
    assert closed_part(file) is None
    file.chmod(0o600)
    assert closed_part(file) == file
    file.chmod(0o644)
    inner.chmod(0o700)
    assert closed_part(file) == inner
    link = open_folder / "link"
    link.symlink_to(file)
    assert closed_part(link) == inner
    assert closed_part(open_folder / "nosuch") == open_folder / "nosuch"
    refused = judge((str(link), "camera")).refused
    assert str(link) in refused and "closed" in refused and "/opt/edgefmnist" in refused


def test_print_and_install_judge_an_installation_alike(run_cli: RunCli, tmp_path: Path) -> None:
    """A program that the service's user cannot read: `print` says what `install` refuses."""
    code = (
        "import sys; from edgefmnist.service import program;"
        f"program.find_program = lambda: ('{tmp_path}/edgefmnist',);"
        "sys.argv = ['edgefmnist', 'service', sys.argv[1], '--source', 'demo'];"
        "import os; os.geteuid = lambda: 0;"
        "from edgefmnist.cli import run; sys.exit(run())"
    )
    tmp_path.chmod(0o700)
    printed, installed = (
        subprocess.run([sys.executable, "-c", code, word], capture_output=True, text=True)
        for word in ("print", "install")
    )
    assert printed.returncode == 0 and "ExecStart=" in printed.stdout
    assert_one_line(installed, 2, "cannot read", str(tmp_path), "/opt/edgefmnist")
    assert printed.stderr.removeprefix("note: ") == installed.stderr.removeprefix("edgefmnist: ")


def test_homes_are_known() -> None:
    assert in_home(Path("/home/pi/.local/bin/edgefmnist")) and in_home(Path("/root/x"))
    assert not in_home(Path("/opt/edgefmnist/bin/edgefmnist")) and not in_home(Path("/homer/x"))


# install


def test_install_writes_unit_and_secrets(tmp_path: Path) -> None:
    folder, secrets = tmp_path / "system", tmp_path / "etc" / "camera.env"
    folder.mkdir()
    umask = os.umask(0o077)
    try:
        done = install("[Unit]\n", folder, secrets)
    finally:
        os.umask(umask)
    assert done.unit == folder / "edgefmnist.service"
    assert done.unit.read_text() == "[Unit]\n"
    assert stat.S_IMODE(done.unit.stat().st_mode) == 0o644
    assert done.secrets_are is Secrets.MADE and stat.S_IMODE(secrets.stat().st_mode) == 0o600
    token = secrets.read_text().partition("EDGEFMNIST_PREVIEW_TOKEN=")[2].splitlines()[0]
    assert len(token) >= 24
    assert [file.name for file in folder.iterdir()] == ["edgefmnist.service"]


def test_install_replaces_the_unit_and_keeps_the_secrets(tmp_path: Path) -> None:
    secrets = tmp_path / "camera.env"
    install("old", tmp_path, secrets)
    secrets.write_text("EDGEFMNIST_PREVIEW_TOKEN=mine\n")
    done = install("new", tmp_path, secrets)
    assert (
        done.secrets_are is Secrets.KEPT
        and secrets.read_text() == "EDGEFMNIST_PREVIEW_TOKEN=mine\n"
    )
    assert done.unit.read_text() == "new"


def test_secrets_that_others_could_read_are_closed_to_them(tmp_path: Path) -> None:
    secrets = tmp_path / "camera.env"
    secrets.write_text("EDGEFMNIST_MQTT_PASSWORD=mine\n")
    for mode, done in ((0o644, Secrets.CLOSED), (0o600, Secrets.KEPT), (0o400, Secrets.KEPT)):
        secrets.chmod(mode)
        assert install("x", tmp_path, secrets).secrets_are is done
        assert stat.S_IMODE(secrets.stat().st_mode) & 0o077 == 0
    secrets.unlink()
    secrets.symlink_to(tmp_path / "nowhere")
    with pytest.raises(CannotWrite):
        install("x", tmp_path, secrets)
    assert not (tmp_path / "nowhere").exists()


def test_secrets_that_others_can_change_are_refused(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    secrets = tmp_path / "etc" / "camera.env"
    install("x", tmp_path, secrets)
    (tmp_path / "etc").chmod(0o777)
    with pytest.raises(UsageError, match="another user can change"):
        install("y", tmp_path, secrets)
    assert (tmp_path / "edgefmnist.service").read_text() == "x"
    (tmp_path / "etc").chmod(0o755)
    for mode in (0o666, 0o660, 0o602):  # closing it now would keep what was written into it
        secrets.chmod(mode)
        with pytest.raises(UsageError, match="look what is in it"):
            install("y", tmp_path, secrets)
        assert stat.S_IMODE(secrets.stat().st_mode) == mode
    secrets.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(secrets, 65534, 65534)
        with pytest.raises(UsageError, match="chown root"):
            install("y", tmp_path, secrets)


def test_new_folder_of_secrets_is_closed_whatever_the_umask(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        install("x", tmp_path, tmp_path / "etc" / "camera.env")
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / "etc").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "etc" / "camera.env").stat().st_mode) == 0o600


def test_install_without_systemd_running_says_so(tmp_path: Path) -> None:
    if Path("/run/systemd/system").is_dir():
        pytest.skip("systemd runs here")
    assert "does not run here" in install("x", tmp_path, tmp_path / "camera.env").trouble


def test_install_where_there_is_no_systemd(tmp_path: Path) -> None:
    with pytest.raises(MissingDependency, match="systemd"):
        install("x", tmp_path / "nosuch", tmp_path / "camera.env")


def test_install_into_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "edgefmnist.service").mkdir()
    with pytest.raises(CannotWrite):
        install("x", tmp_path, tmp_path / "camera.env")


def test_only_root_installs(run_cli: RunCli) -> None:
    if os.geteuid() == 0:
        code = (
            "import os, sys; os.geteuid = lambda: 1000;"
            "sys.argv = ['edgefmnist', 'service', 'install', '--source', 'demo'];"
            "from edgefmnist.cli import run; sys.exit(run())"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    else:
        done = run_cli("service", "install", "--source", "demo")
    assert_one_line(done, 2, "sudo", "service install")
