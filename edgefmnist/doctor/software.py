"""Python and what was installed into it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from edgefmnist import wheels
from edgefmnist.doctor import mends
from edgefmnist.doctor.finding import Finding, ok, problem, warning
from edgefmnist.environment import Source

_PYTHONS = ((3, 10), (3, 13))
_GLIBC = (2, 27)  # LiteRT's wheels are manylinux_2_27
_RUNTIMES = (
    ("ai_edge_litert.interpreter", wheels.LITERT),
    ("tflite_runtime.interpreter", wheels.LEGACY),
)


def python(source: Source) -> Iterable[Finding]:
    """Whether this Python is one that the wheels are for."""
    name = ".".join(map(str, source.python))
    least, most = _PYTHONS
    if least <= source.python[:2] <= most:
        return [ok("python", f"Python {name}")]
    found = f"Python {name}: edgefmnist and its runtime are for 3.10 to 3.13"
    return [problem("install", "python", found, mends.PYTHON)]


def architecture(source: Source) -> Iterable[Finding]:
    """Whether a runtime has wheels for this processor and userland."""
    had = wheels.offer(source.architecture, source.pointer_bits, source.python)
    if had.package == wheels.LITERT:
        return [ok("architecture", had.machine)]
    if had.package:
        found = f"{had.machine}: the older {had.package} serves, several times slower"
        return [warning("architecture", found, had.mend)]
    found = f"{had.machine}: no TensorFlow Lite runtime has wheels for it"
    return [problem("install", "architecture", found, had.mend)]


def libc(source: Source) -> Iterable[Finding]:
    """Whether the C library is one that LiteRT's wheels run on."""
    name, _, version = source.libc.partition(" ")
    if name != "glibc":
        found = f"{source.libc or 'no glibc'}: LiteRT's wheels need glibc"
        return [problem("install", "libc", found, mends.GLIBC)]
    parts = version.split(".")
    if all(part.isdigit() for part in parts) and tuple(map(int, parts)) < _GLIBC:
        found = f"glibc {version}: LiteRT's wheels need 2.27"
        return [problem("install", "libc", found, mends.GLIBC)]
    return [ok("libc", source.libc)]


def numpy(source: Source) -> Iterable[Finding]:
    """Whether NumPy imports."""
    trouble = failure(source, "numpy")
    if trouble:
        return [problem("install", "numpy", trouble, mends.NUMPY)]
    return [ok("numpy", f"NumPy {source.version('numpy')}")]


def opencv(source: Source) -> Iterable[Finding]:
    """Whether OpenCV imports, and what keeps it from it."""
    if failure(source, "numpy"):
        return []  # it rests on NumPy, whose mend comes first
    packages = [
        f"{package} {source.version(package)}"
        for package in ("opencv-python-headless", "opencv-python", "opencv-contrib-python")
        if source.version(package)
    ]
    trouble = failure(source, "cv2")
    if trouble:
        found = f"{', '.join(packages) or 'OpenCV'} does not import: {trouble}"
        mend = mends.for_opencv(trouble, source.version("numpy"))
        return [problem("install", "opencv", found, mend)]
    if len(packages) > 1:
        found = f"{' and '.join(packages)} overwrite each other's files"
        return [warning("opencv", found, mends.OPENCV)]
    return [ok("opencv", packages[0] if packages else "OpenCV of the system")]


def runtime(source: Source) -> Iterable[Finding]:
    """Which TensorFlow Lite runtime is there, and whether it imports."""
    if failure(source, "numpy"):
        return []
    broken = []
    for module, package in _RUNTIMES:
        trouble = failure(source, module)
        version = source.version(package)
        if not trouble:
            if package == wheels.LEGACY and source.version("numpy") >= "2":
                found = f"{package} {version} was built for NumPy 1"
                return [problem("install", "runtime", found, mends.NUMPY_1)]
            return [ok("runtime", f"{package} {version}")]
        if version:
            broken.append(f"{package} {version} does not import: {trouble}")
    if broken:
        return [problem("install", "runtime", "; ".join(broken), mends.for_runtime(broken[-1]))]
    had = wheels.offer(source.architecture, source.pointer_bits, source.python)
    if not had.package:
        return []  # told with the architecture
    return [problem("install", "runtime", "no TensorFlow Lite runtime", had.mend)]


def models(source: Source) -> Iterator[Finding]:
    """Whether the shipped bundles are whole, and the default one answers as when released."""
    from edgefmnist.errors import BadModel
    from edgefmnist.runtime import bundle
    from edgefmnist.runtime import models as shelf

    sound = []
    for name, folder in shelf.shipped().items():
        try:
            bundle.read_card(folder)
            sound.append(name)
        except BadModel as error:
            yield problem("model", "models", str(error), mends.REINSTALL)
    if sound:
        yield ok("models", f"{', '.join(sound)}: SHA-256 as released")
    if shelf.DEFAULT not in sound:
        if shelf.DEFAULT not in shelf.shipped():
            missing = f"this installation lacks its model {shelf.DEFAULT}"
            yield problem("model", "models", missing, mends.REINSTALL)
        return
    if any(one.status == "problem" for one in (*numpy(source), *runtime(source))):
        return  # told above
    yield _answer()


def _answer() -> Finding:
    from edgefmnist.errors import EdgeFmnistError
    from edgefmnist.runtime import golden
    from edgefmnist.runtime.classifier import Classifier
    from edgefmnist.runtime.models import resolve

    try:
        replay = golden.replay(Classifier(resolve(None)), most=1)
    except (EdgeFmnistError, ValueError, RuntimeError, ImportError) as error:
        return problem("model", "inference", str(error), mends.REINSTALL)
    by = f"{replay.runtime}, delegate {replay.delegate}"
    if not replay.passed:
        found = f"{replay.model} does not answer as it did when released ({by})"
        return problem("machine", "inference", found, mends.VERIFY)
    if replay.delegate == "none":
        return ok("inference", f"{replay.model} answers right ({by}: the slow kernels)")
    return ok("inference", f"{replay.model} answers right ({by})")


def data_set(source: Source) -> Iterable[Finding]:
    """Whether Fashion-MNIST is there; its files are not read, that takes seconds on a board."""
    if failure(source, "numpy"):
        return []
    from edgefmnist.dataset import locate
    from edgefmnist.dataset.catalogue import ALL_FILES

    named = locate.named_folder()
    folders = [named] if named else [locate.cache_folder(), *locate.system_folders()]
    places = [source.place(folder.absolute()) for folder in folders]
    missing = [
        spec.name
        for spec in ALL_FILES
        # Unlike Path.is_file this is no error in a folder that is closed to us.
        if not any(os.path.isfile(place / spec.name) for place in places)  # noqa: PTH113
    ]
    if not missing:
        return [ok("data set", "Fashion-MNIST is here; edgefmnist data checks it")]
    if named:
        found = f"EDGEFMNIST_DATA={named} lacks {', '.join(missing)}"
        return [warning("data set", found, "unset EDGEFMNIST_DATA or copy the files there")]
    found = "not here, and a device needs none; edgefmnist data --fetch gets it"
    return [ok("data set", found)]


def failure(source: Source, module: str) -> str:
    """Why a module cannot be imported; empty where it can."""
    try:
        source.load(module)
    except Exception as error:  # native modules raise far more than ImportError
        return " ".join(str(error).split()) or type(error).__name__
    return ""
