"""Disk images of a Debian machine with the wheel of this tree installed: for `guest.Guest`.

Two disks, so that a new wheel does not rebuild the system: the root file system, cached by the hash
of its recipe, and ``/opt/edgefmnist``, cached by that of the wheel. Nothing here needs root.

The kernel is Debian's own with uvcvideo and vivid (the cloud kernels have no media at all). Drivers
that no emulated machine has are left out, which halves the image.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests import debian

ROOT = Path(__file__).resolve().parent.parent.parent
PLACE = ROOT / "build" / "machine"
HERE = Path(__file__).parent

SUITES = {"bookworm": ("3.11", 36), "trixie": ("3.13", 41)}
"""Python, and the newest glibc 2.x whose wheels install."""

_NEEDS = "mmdebstrap fakeroot e2fsprogs qemu-system-x86 qemu-utils util-linux"
_PACKAGES = (
    *("linux-image-amd64", "initramfs-tools", "systemd", "systemd-sysv", "udev", "dbus", "kmod"),
    *("python3", "python3-venv", "libgomp1", "v4l-utils", "curl", "psmisc", "procps", "strace"),
    *("e2fsprogs", "mosquitto", "mosquitto-clients"),
)
_MODULES = ("virtio_pci", "virtio_blk", "ext4", "overlay")
_UNUSED = (
    "drivers/gpu",
    "drivers/net",
    "drivers/infiniband",
    "drivers/scsi",
    "drivers/iio",
    "sound",
)
_MASKED = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
)
_GLIBC = (17, 24, 26, 27, 28, 31, 34, 35, 36, 38, 39, 40, 41)
_ROOT_SIZE, _PRODUCT_SIZE = "2G", "1G"


class ImageError(Exception):
    """An image could not be made; str: the command and its words."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """The disks of one Debian `suite`, and what starts them.

    root, product: raw ext4 images. kernel, initrd: for ``qemu -kernel``. folder: for what is made
    of this very system and wheel; it is gone when either changes.
    """

    suite: str
    root: Path
    product: Path
    kernel: Path
    initrd: Path
    folder: Path


def make(suite: str, wheel: Path) -> Image:
    """The image of `suite` with `wheel`, from the cache where it is there.

    Raises: ImageError, NotAtHand.
    """
    system = _cached(f"{suite}-system", _system_hash(suite), lambda at: _make_system(suite, at))
    content = hashlib.sha256(wheel.read_bytes() + system.name.encode()).hexdigest()[:12]
    product = _cached(
        f"{suite}-wheel", content, lambda at: _make_product(suite, system / "tree", wheel, at)
    )
    return Image(
        suite=suite,
        root=system / "root.img",
        product=product / "product.img",
        kernel=system / "vmlinuz",
        initrd=system / "initrd",
        folder=product,
    )


def _cached(name: str, content: str, build: Callable[[Path], None]) -> Path:
    """The folder for `content`, built where it is missing; others of that `name` are removed."""
    folder = PLACE / f"{name}-{content}"
    if not folder.is_dir():
        PLACE.mkdir(parents=True, exist_ok=True)
        for old in PLACE.glob(f"{name}-*"):
            _remove(old)
        scratch = PLACE / f"{name}-part"
        _remove(scratch)
        scratch.mkdir()
        build(scratch)
        scratch.rename(folder)
    return folder


def _system_hash(suite: str) -> str:
    recipe = (suite, _PACKAGES, _MODULES, _ROOT_SIZE, _customize(), (HERE / "agent.py").read_text())
    return hashlib.sha256(repr(recipe).encode()).hexdigest()[:12]


def _make_system(suite: str, at: Path) -> None:
    """Debian as a tar, then as a tree for `_make_product` and as an image that keeps owners."""
    tar = at / "root.tar"
    script = at / "customize.sh"
    script.write_text(_customize())
    script.chmod(0o755)
    _run(
        _program("mmdebstrap"),
        *("--quiet", "--variant=minbase", "--arch=amd64", f"--include={','.join(_PACKAGES)}"),
        f"--essential-hook=mkdir -p $1/etc/initramfs-tools && "
        f"printf '%s\\n' {' '.join(_MODULES)} > $1/etc/initramfs-tools/modules && "
        "mkdir -p $1/etc/initramfs-tools/conf.d && "
        "printf 'MODULES=list\\nCOMPRESS=gzip\\n' > $1/etc/initramfs-tools/conf.d/machine",
        f"--customize-hook=copy-in {HERE / 'agent.py'} /usr/local/lib",
        f"--customize-hook={script} $1",
        suite,
        str(tar),
        f"deb {debian.archive()} {suite} main",
    )
    tree = at / "tree"
    tree.mkdir()
    _run("tar", "-C", str(tree), "--no-same-owner", "--exclude=./dev/*", "-xf", str(tar))
    for name, pattern in (("vmlinuz", "vmlinuz-*"), ("initrd", "initrd.img-*")):
        (found,) = (tree / "boot").glob(pattern)
        shutil.copy(found, at / name)
    # fakeroot remembers the owners that the tar names, and says them to mke2fs.
    packed = 'mkdir "$1" && tar -C "$1" --exclude="./dev/*" --exclude="./boot/*" -xpf "$2" && '
    packed += _mke2fs("$1", "$3", _ROOT_SIZE)
    copy = at / "copy"
    _run(_program("fakeroot"), "sh", "-ec", packed, "sh", str(copy), str(tar), str(at / "root.img"))
    _remove(copy)
    tar.unlink()
    script.unlink()


def _customize() -> str:
    """What is set in the system: no password, the agent, the second disk, no timers of apt."""
    unit = (
        "[Unit]\\nDescription=Runs what the tests ask for\\n[Service]\\n"
        "ExecStart=/usr/bin/python3 -S -E /usr/local/lib/agent.py\\nRestart=always\\n"
        "OOMScoreAdjust=-1000\\n[Install]\\nWantedBy=multi-user.target\\n"
    )
    fstab = (
        "/dev/vda / ext4 defaults,errors=remount-ro 0 1\\n/dev/vdb /opt/edgefmnist ext4 ro 0 0\\n"
    )
    journal = "[Journal]\\nStorage=persistent\\nRateLimitIntervalSec=0\\n"
    return f"""#!/bin/sh
set -eu
cd "$1"
echo camera > etc/hostname
printf '127.0.0.1 localhost camera\\n' > etc/hosts
printf '{fstab}' > etc/fstab
mkdir -p opt/edgefmnist
ln -s /opt/edgefmnist/bin/edgefmnist usr/local/bin/edgefmnist
chroot . passwd -d root
printf '{unit}' > etc/systemd/system/agent.service
chroot . systemctl enable agent.service
chroot . systemctl disable mosquitto.service
mkdir -p etc/systemd/journald.conf.d var/log/journal
printf '{journal}' > etc/systemd/journald.conf.d/machine.conf
for unit in {" ".join(_MASKED)}; do ln -sf /dev/null etc/systemd/system/$unit; done
cd lib/modules/*/kernel
rm -rf {" ".join(_UNUSED)}
cd "$1"
chroot . depmod "$(basename lib/modules/*)"
rm -rf var/cache/apt/archives/*.deb usr/share/doc usr/share/man usr/share/locale
"""


def _make_product(suite: str, tree: Path, wheel: Path, at: Path) -> None:
    """``/opt/edgefmnist`` as README makes it, by the system's own Python and pip, from wheels."""
    wheels = at / "wheels"
    _download(suite, wheel, wheels)
    inside = tree / "opt" / "edgefmnist"
    _remove(inside)
    _in_tree(tree, wheels, "python3", "-m", "venv", "/opt/edgefmnist")
    pip = ("/opt/edgefmnist/bin/pip", "install", "--quiet", "--no-index", "--find-links", "/mnt")
    _in_tree(tree, wheels, *pip, "edgefmnist[web,mqtt]")
    _run(
        "sh", "-ec", _mke2fs("$1", "$2", _PRODUCT_SIZE), "sh", str(inside), str(at / "product.img")
    )
    shutil.rmtree(wheels)


def _download(suite: str, wheel: Path, into: Path) -> None:
    """`wheel` and what it needs for the suite's Python, in the versions of ``dev.txt``."""
    python, newest = SUITES[suite]
    into.mkdir()
    locked = (ROOT / "requirements" / "dev.txt").read_text().splitlines()
    names = [line.rstrip("\\ ") for line in locked if line and not line.startswith((" ", "#"))]
    constraints = into / "constraints.txt"
    constraints.write_text("\n".join(names))
    platforms = [f"--platform=manylinux_2_{glibc}_x86_64" for glibc in _GLIBC if glibc <= newest]
    _run(
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--only-binary=:all:", f"--python-version={python}", "--implementation=cp"),
        *(*platforms, "--platform=manylinux2014_x86_64", "-d", str(into), "-c", str(constraints)),
        f"{wheel}[web,mqtt]",
    )
    shutil.copy(wheel, into)


def _in_tree(tree: Path, mounted: Path, *words: str) -> None:
    """Run a command with `tree` as its root and `mounted` at /mnt, as root of a user namespace."""
    script = (
        'mount --rbind /dev "$1/dev" && mount --rbind /proc "$1/proc" && mount --bind "$2" "$1/mnt"'
        ' && root="$1" && shift 2 && exec chroot "$root" "$@"'
    )
    clean = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}
    enter = (_program("unshare"), "--map-root-user", "--mount", "sh", "-ec", script, "sh")
    _run(*enter, str(tree), str(mounted), *words, env=clean)


def _mke2fs(folder: str, image: str, size: str) -> str:
    """Shell words that make an ext4 `image` of a `folder`."""
    return (
        f'truncate -s {size} "{image}" && {_program("mke2fs")} -q -t ext4 -E root_owner=0:0 '
        f'-d "{folder}" "{image}"'
    )


def _remove(folder: Path) -> None:
    """Remove a tree in which folders may be closed to their owner."""
    if folder.exists():
        _run("chmod", "-R", "u+rwX", str(folder))
        shutil.rmtree(folder)


def _program(name: str) -> str:
    return debian.program(name, _NEEDS)


def _run(*words: str, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=env or os.environ)
    if done.returncode:
        raise ImageError(f"{' '.join(words[:6])}: {done.returncode}\n{done.stdout}{done.stderr}")


def _main(arguments: Sequence[str]) -> None:
    """usage: python -m tests.machine.image SUITE WHEEL"""
    suite, wheel = arguments
    print(make(suite, Path(wheel)))


if __name__ == "__main__":
    _main(sys.argv[1:])
