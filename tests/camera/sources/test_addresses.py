"""A source opens what it was given and nothing else: no other file, no other host."""

from __future__ import annotations

import contextlib
import os
import shutil
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgefmnist.camera.source import SourceConfig
from edgefmnist.camera.sources.opening import open_source
from edgefmnist.errors import BadPicture, CameraUnavailable
from tests.camera.sources.films import make
from tests.camera.sources.servers import byte_server, http_server, sending, whole_frames

pytestmark = pytest.mark.usefixtures("needs_ffmpeg")
NAMES = [
    "2026-01-01T12:00:00.mp4",
    "cam:1/clip.mp4",
    "file:x.mp4",
    "http:x.mp4",
    "concat:x.mp4|y.mp4",
    "data:,x.mp4",
    "pic%03d.mp4",
    "-dash.mp4",
    "new\nline.mp4",
    "no suffix",
    os.fsdecode(b"bad\xff.mp4"),
]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory, needs_ffmpeg: None) -> Path:
    """Ten frames."""
    coding = "-c:v libx264 -preset ultrafast -frames:v 10 -pix_fmt yuv420p"
    return make(tmp_path_factory.mktemp("film") / "film.mp4", coding)


@pytest.mark.parametrize("name", NAMES)
def test_a_film_is_the_file_of_that_name(
    name: str, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).parent.mkdir(exist_ok=True)
    shutil.copy(film, name)
    Path("x.mp4").write_bytes(b"another file, which is none")
    source = open_source(SourceConfig(uri=f"./{name}" if name.startswith("-") else name))
    assert len(list(whole_frames(source))) == 10
    source.close()


@contextlib.contextmanager
def somebody_else() -> Iterator[tuple[str, list[object]]]:
    """Another host: ``HOST:PORT``, and who called."""
    calls: list[object] = []

    class Called(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            calls.append(self.client_address)

    with socketserver.TCPServer(("127.0.0.1", 0), Called) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}", calls
        server.shutdown()


def playlists(address: str) -> dict[str, str]:
    """Texts that make FFmpeg open `address`."""
    segment = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{}\n#EXT-X-ENDLIST\n"
    key = '#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXT-X-KEY:METHOD=AES-128,URI="{}"\n#EXTINF:9,\n{}\n'
    return {
        "hls": segment.format(address),
        "hls-key": key.format(address, address),
        "hls-after-a-mark": "\ufeff" + segment.format(address),
        "concat": f"ffconcat version 1.0\nfile '{address}'\n",
        "sdp": f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        f"a=control:{address}\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
        "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT9S"><Period><AdaptationSet mimeType="video/mp4">'
        f'<Representation id="1" bandwidth="1"><BaseURL>{address}</BaseURL></Representation>'
        "</AdaptationSet></Period></MPD>",
    }


@pytest.mark.parametrize("name", playlists(""))
@pytest.mark.parametrize("suffix", [".mp4", ".m3u8"])
def test_a_list_in_a_file_is_not_followed(
    name: str, suffix: str, film: Path, tmp_path: Path
) -> None:
    with somebody_else() as (host, calls):
        for address in (f"http://{host}/x.ts", f"tcp://{host}", str(film), f"file://{film}"):
            path = tmp_path / f"list{suffix}"
            path.write_text(playlists(address)[name])
            with pytest.raises(BadPicture, match=r"list of other files|cannot be decoded"):
                open_source(SourceConfig(uri=str(path)))
        assert calls == []


@pytest.mark.parametrize("name", playlists(""))
def test_a_list_from_the_network_is_not_followed(name: str, film: Path) -> None:
    with somebody_else() as (host, calls):
        for address in (f"http://{host}/x.ts", f"file://{film}"):
            text = playlists(address)[name].encode()
            answer = sending([text], kind="application/octet-stream")
            with (
                byte_server(text) as raw,
                http_server(answer) as web,
            ):
                for uri in (f"tcp://{raw}/x.m3u8", f"http://{web}/x.m3u8"):
                    with pytest.raises(CameraUnavailable, match="playlist"):
                        open_source(SourceConfig(uri=uri))
        assert calls == []
