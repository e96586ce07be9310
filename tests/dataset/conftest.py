"""A user with nothing but an empty cache, and servers on loopback that serve well or badly."""

from __future__ import annotations

import dataclasses
import http.server
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

TEST_LABELS = "t10k-labels-idx1-ubyte.gz"
TEST_IMAGES = "t10k-images-idx3-ubyte.gz"


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without a data set, without apt and without a network beyond loopback.

    Child processes inherit it. Returns: the (not yet existing) cache folder.
    """
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody_listens = f"http://127.0.0.1:{taken.getsockname()[1]}"
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, nobody_listens)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    for name in ("EDGEFMNIST_DATA", "EDGEFMNIST_DATA_MIRROR", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "no-programs"))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "no-system-data"))
    monkeypatch.setenv("EDGEFMNIST_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@dataclasses.dataclass
class Mirror:
    """A running server. answer: (path, content) -> (declared length, bytes really sent)."""

    url: str
    answer: Callable[[str, bytes], tuple[int, bytes]]
    requests: list[str] = dataclasses.field(default_factory=list)


@pytest.fixture
def mirror(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """A server of the real files that EDGEFMNIST_DATA_MIRROR names; set `answer` to spoil them."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.requests.append(self.path)
            file = data_folder / self.path.lstrip("/")
            if not file.is_file():
                self.send_error(404)
                return
            declared, body = served.answer(self.path, file.read_bytes())
            self.send_response(200)
            self.send_header("Content-Length", str(declared))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served = Mirror(
            url=f"http://127.0.0.1:{server.server_port}",
            answer=lambda path, content: (len(content), content),
        )
        monkeypatch.setenv("EDGEFMNIST_DATA_MIRROR", served.url)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield served
        server.shutdown()


@pytest.fixture
def copied_test_files(data_folder: Path, tmp_path: Path) -> Path:
    """A folder that holds the two test files and no training files."""
    folder = tmp_path / "copied"
    folder.mkdir()
    for name in (TEST_IMAGES, TEST_LABELS):
        (folder / name).write_bytes((data_folder / name).read_bytes())
    return folder
