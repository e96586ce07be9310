from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edgefmnist import dataset
from edgefmnist.dataset import debian
from edgefmnist.errors import DatasetMissing

PATH_WITH_APT = "/usr/bin:/bin"
needs_apt = pytest.mark.skipif(
    not (shutil.which("apt-get") and shutil.which("dpkg-deb")), reason="apt is not on this machine"
)


def fetch_with_apt(cache: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        # apt goes where the machine's own settings send it, not through the test's dead proxy.
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            patch.delenv(name, raising=False)
        patch.setenv("PATH", PATH_WITH_APT)
        (cache / "scratch").mkdir(parents=True)
        try:
            debian.fetch(cache / "scratch", cache, lambda *_: None)
        except DatasetMissing as refusal:
            pytest.skip(f"no package archive can be reached ({refusal})")
        finally:
            shutil.rmtree(cache / "scratch")


@needs_apt
def test_the_package_fills_the_cache_without_being_installed(empty_cache: Path) -> None:
    fetch_with_apt(empty_cache)

    assert {file.path.parent for file in dataset.find()} == {empty_cache}


@needs_apt
@pytest.mark.slow
def test_empty_package_lists_are_no_hindrance(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lists" / "partial").mkdir(parents=True)
    (tmp_path / "apt.conf").write_text(f'Dir::State::lists "{tmp_path}/lists";\n')
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))

    fetch_with_apt(empty_cache)

    assert {file.path.parent for file in dataset.find()} == {empty_cache}
    assert list((tmp_path / "lists").rglob("*Packages*")) == []


@needs_apt
def test_apt_without_a_network_is_one_more_refusal(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lists" / "partial").mkdir(parents=True)
    (tmp_path / "apt.conf").write_text(
        f'Dir::State::lists "{tmp_path}/lists";\nDir::Etc::sourcelist "/dev/null";\n'
        'Dir::Etc::sourceparts "/dev/null";\n'
    )
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    monkeypatch.setenv("PATH", PATH_WITH_APT)

    with pytest.raises(DatasetMissing, match="cannot download dataset-fashion-mnist"):
        dataset.load("test")

    assert list(empty_cache.rglob("*")) == []
