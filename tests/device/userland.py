"""A Raspberry Pi OS-like userland for 64-bit Arm on this machine: no kernel, no container, no Pi.

Debian's packages for arm64 in a folder, entered by `proot`, run by `qemu-aarch64-static` as a named
Cortex core. Correctness and installability can be seen so; speed cannot.

What has to be known:
- ai-edge-litert reads ``/proc/cpuinfo`` and crashes on one that is not Arm's, so the guest has its
  own.
- The core must be a named one: qemu 7.2 computes int8 models wrongly as ``max``.
- proot translates no path of the newer calls faccessat2 and statx: ``os.access`` and ``ls`` tell of
  this machine's file of that name, so options that must be readable need a path that is here too.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests import debian

ROOT = Path(__file__).resolve().parent.parent.parent
PLACE = ROOT / "build" / "arm64"

SUITES = ("bookworm", "trixie")
CORES = {"cortex-a53": "0xd03", "cortex-a72": "0xd08", "cortex-a76": "0xd0b"}
"""Of Pi 3 and Zero 2 W, Pi 4, Pi 5; their CPU part in ``/proc/cpuinfo``."""

_NEEDS = "qemu-user-static proot mmdebstrap"
_PACKAGES = (
    *("bash", "ca-certificates", "coreutils", "dash", "libgomp1", "libstdc++6"),
    *("python3", "python3-venv"),
)
_FROM_HOST = ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt")
_PIP_SETTINGS = ("PIP_INDEX_URL", "PIP_DEFAULT_TIMEOUT")  # an index of one's own
_INSTALL_S = 1200.0


class UserlandError(Exception):
    """A userland could not be made, or a command in it did not end as it should; str: its words."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Userland:
    """One Debian `suite` unpacked in `folder`, which is its root."""

    suite: str
    folder: Path

    def start(self, core: str, words: Sequence[str], **options: object) -> subprocess.Popen[str]:
        """Start a command of the guest on `core`, which starts as fresh as after a log-in."""
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
            [*self._proot(core), *words],
            env=self._environment(core),
            text=True,
            start_new_session=True,
            **options,
        )

    def run(
        self, core: str, *words: str, timeout_s: float = 300.0
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the guest to its end, output caught."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with self.start(core, words, **pipes) as child:
            try:
                out, err = child.communicate(timeout=timeout_s)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)  # and what it started, which holds the pipes
                out, err = child.communicate()
                raise UserlandError(f"{words} took over {timeout_s:.0f} s\n{out}\n{err}") from None
        return subprocess.CompletedProcess(words, child.returncode, out, err)

    def check(self, core: str, *words: str, timeout_s: float = 300.0) -> str:
        """Run a command that must end with 0; its stdout. Raises: UserlandError."""
        done = self.run(core, *words, timeout_s=timeout_s)
        if done.returncode:
            raise UserlandError(f"{words} on {core}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def install(self, venv: str, lock: Path, wheel: Path) -> None:
        """Make the virtual environment `venv` with what `lock` names, once, and `wheel` in it.

        Done by the guest's own Python and pip, which choose the files as they would on a Pi.
        Raises: UserlandError.
        """
        inside = self.folder / venv.lstrip("/")
        stamp = inside / ".lock"
        wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
        core = "cortex-a76"
        if not stamp.is_file() or stamp.read_text() != wanted:
            shutil.rmtree(inside, ignore_errors=True)
            # Without a pip of its own, which takes a minute to unpack: Debian's lies at hand.
            self.check(core, "python3", "-m", "venv", "--without-pip", venv)
            shutil.copy(lock, self.folder / "root" / "lock.txt")
            self._pip(core, venv, "--require-hashes", "-r", "/root/lock.txt")
            stamp.write_text(wanted)
        shutil.copy(wheel, self.folder / "root")
        self._pip(core, venv, "--force-reinstall", f"/root/{wheel.name}")

    def _pip(self, core: str, venv: str, *words: str) -> None:
        (pip,) = (self.folder / "usr/share/python-wheels").glob("pip-*.whl")
        self.check(
            core,
            *("env", f"PYTHONPATH=/usr/share/python-wheels/{pip.name}", f"{venv}/bin/python"),
            *("-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"),
            *("--only-binary=:all:", *words),
            timeout_s=_INSTALL_S,
        )

    def _proot(self, core: str) -> list[str]:
        cpuinfo = self.folder / f"cpuinfo-{core}"
        cpuinfo.write_text(_cpuinfo(CORES[core]))
        binds = ["/proc", "/dev", "/sys", *_FROM_HOST, f"{cpuinfo}:/proc/cpuinfo"]
        words = [
            debian.program("proot", _NEEDS),
            "-q",
            debian.program("qemu-aarch64-static", _NEEDS),
            "-0",
        ]
        words += ["-r", str(self.folder), "-w", "/root"]
        return words + [word for bind in binds for word in ("-b", bind)]

    def _environment(self, core: str) -> dict[str, str]:
        settings = {name: os.environ[name] for name in _PIP_SETTINGS if name in os.environ}
        return settings | {
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PIP_CERT": "/etc/ssl/certs/ca-certificates.crt",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "QEMU_CPU": core,
        }


def make(suite: str) -> Userland:
    """The userland of `suite` below `PLACE`, made if it is not there. Raises: UserlandError."""
    recipe = hashlib.sha256(suite.encode() + Path(__file__).read_bytes()).hexdigest()
    folder = PLACE / suite
    stamp = folder / ".recipe"
    if not stamp.is_file() or stamp.read_text() != recipe:
        scratch = PLACE / f"{suite}.part"
        for old in (folder, scratch):
            shutil.rmtree(old, ignore_errors=True)
        PLACE.mkdir(parents=True, exist_ok=True)
        _unpack(suite, scratch)
        (scratch / stamp.name).write_text(recipe)
        scratch.rename(folder)
    return Userland(suite=suite, folder=folder)


def _unpack(suite: str, folder: Path) -> None:
    """Packages are unpacked and none of their scripts run, so nothing of the guest's does."""
    words = [debian.program("mmdebstrap", _NEEDS), "--quiet", "--variant=extract", "--arch=arm64"]
    words += [f"--include={','.join(_PACKAGES)}", suite, str(folder)]
    done = subprocess.run(
        [*words, f"deb {debian.archive()} {suite} main"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UserlandError(f"mmdebstrap {suite}: {done.returncode}\n{done.stderr}")
    for name in ("bin", "sbin", "lib"):  # what a package's script would do
        if not (folder / name).exists():
            (folder / name).symlink_to(f"usr/{name}")
    for name in ("proc", "sys", "dev", "tmp", "root", "opt", "etc/ssl/certs"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name in _FROM_HOST:
        (folder / name.lstrip("/")).touch()


def _cpuinfo(part: str) -> str:
    features = "fp asimd evtstrm crc32 cpuid"
    if part == CORES["cortex-a76"]:
        features += " aes pmull sha1 sha2 atomics fphp asimdhp asimdrdm lrcpc dcpop asimddp"
    core = (
        f"BogoMIPS\t: 108.00\nFeatures\t: {features}\nCPU implementer\t: 0x41\n"
        f"CPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: {part}\nCPU revision\t: 3\n"
    )
    return "\n".join(f"processor\t: {number}\n{core}" for number in range(4))
