"""HTTPS cameras with certificates that no authority signed."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from edgefmnist.camera.source import SourceConfig
from edgefmnist.camera.sources.opening import open_source
from edgefmnist.errors import CameraUnavailable, UsageError
from tests.camera.conftest import numbered
from tests.camera.sources.servers import http_server, jpeg, part, sending
from tests.camera.sources.test_mjpeg import numbers_until_the_end

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")

ANSWER = sending([part(jpeg(numbered(1)))])


def openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)


def made(folder: Path, *, name: str, days: str = "2", extension: str = "") -> tuple[Path, Path]:
    """A certificate signed by itself, and its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    extra = ["-addext", extension] if extension else []
    openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
        *("-days", days, "-subj", f"/CN={name}", "-keyout", str(key), "-out", str(certificate)),
        *extra,
    )
    return certificate, key


def serving(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@pytest.mark.parametrize(
    ("name", "extension"),
    [
        ("IPCAM", "basicConstraints=critical,CA:FALSE"),
        ("camera.local", "keyUsage=digitalSignature"),
        ("127.0.0.1", "subjectAltName=IP:127.0.0.1"),
    ],
)
def test_a_certificate_of_its_own_is_trusted_where_it_is_named(
    tmp_path: Path, name: str, extension: str
) -> None:
    """Not fit for an authority, and in a name that is not the camera's."""
    certificate, key = made(tmp_path, name=name, extension=extension)
    with http_server(ANSWER, serving(certificate, key)) as address:
        uri = f"https://{address}/stream"
        with pytest.raises(CameraUnavailable, match=r"not trusted .*--source-ca camera\.pem") as no:
            open_source(SourceConfig(uri=uri))
        assert numbers_until_the_end(open_source(SourceConfig(uri=uri, ca=certificate))) == [1]
        # The command that the message gives makes just such a file.
        found = re.search("'(openssl s_client .*?)'", str(no.value))
        assert found is not None
        words = found[1].replace("camera.pem", str(tmp_path / "saved.pem"))
        subprocess.run(words, shell=True, check=True, capture_output=True, timeout=60)
        saved = tmp_path / "saved.pem"
        assert numbers_until_the_end(open_source(SourceConfig(uri=uri, ca=saved))) == [1]


def test_another_certificate_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    certificate, key = made(tmp_path, name="127.0.0.1", extension="subjectAltName=IP:127.0.0.1")
    other, _ = made(tmp_path, name="other")
    seen = []
    with (
        http_server(lambda request: seen.append(request), serving(certificate, key)) as address,
        pytest.raises(CameraUnavailable, match=r"not trusted|not the one"),
    ):
        open_source(SourceConfig(uri=f"https://me:pw@{address}/", ca=other))
    assert not seen


def test_an_authority_of_ones_own_signs_for_its_names_only(tmp_path: Path) -> None:
    authority, authority_key = made(tmp_path, name="authority")
    for name in ("127.0.0.1", "127.0.0.2"):
        request, key, certificate = (tmp_path / f"{name}.{end}" for end in ("csr", "key", "pem"))
        names = tmp_path / "names"
        names.write_text(f"subjectAltName=IP:{name}\n")
        openssl(
            *("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=camera"),
            *("-keyout", str(key), "-out", str(request)),
        )
        openssl(
            *("x509", "-req", "-in", str(request), "-CA", str(authority), "-days", "2"),
            *("-CAkey", str(authority_key), "-extfile", str(names), "-out", str(certificate)),
        )
        with http_server(ANSWER, serving(certificate, key)) as address:
            config = SourceConfig(uri=f"https://{address}/stream", ca=authority)
            if name == "127.0.0.1":
                assert numbers_until_the_end(open_source(config)) == [1]
            else:
                with pytest.raises(CameraUnavailable, match="not trusted"):
                    open_source(config)


def test_what_is_not_a_certificate(tmp_path: Path) -> None:
    for content in (b"", b"\x30\x82", b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"):
        (tmp_path / "ca.pem").write_bytes(content)
        with http_server(ANSWER) as address, pytest.raises((UsageError, CameraUnavailable)):
            open_source(SourceConfig(uri=f"https://{address}/", ca=tmp_path / "ca.pem"))
    with http_server(ANSWER) as address, pytest.raises(UsageError, match="No such file"):
        open_source(SourceConfig(uri=f"https://{address}/", ca=tmp_path / "none.pem"))


def test_https_where_the_camera_speaks_http() -> None:
    with (
        http_server(ANSWER) as address,
        pytest.raises(CameraUnavailable, match=r"does not speak TLS .*try http://"),
    ):
        open_source(SourceConfig(uri=f"https://{address}/"))


def test_source_ca_is_for_http_alone(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--source-ca"):
        open_source(SourceConfig(uri="demo", ca=tmp_path))
