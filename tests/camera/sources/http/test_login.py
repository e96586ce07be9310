"""Logging in at cameras, each of which wants it in its own way."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable

import pytest

from edgefmnist.camera.sources.http.login import read_challenges
from edgefmnist.errors import CameraUnavailable
from tests.camera.conftest import number_of, numbered
from tests.camera.sources.servers import Handler, http_server, jpeg, part, sending
from tests.camera.sources.test_mjpeg import opened

PICTURE = part(jpeg(numbered(3)))
HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}


def basic(header: str) -> bool:
    return header == "Basic " + base64.b64encode("mé:s:cret".encode()).decode()


def digest(realm: str = "c", opaque: str = "") -> Callable[[str], bool]:
    """Checks a Digest answer as RFC 7616 says, by the algorithm and qop that it names."""

    def is_right(header: str) -> bool:
        pairs = re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^",\s]+))', header)
        told = {key: quoted or plain for key, quoted, plain in pairs}
        if not header.startswith("Digest ") or told["opaque" if opaque else "nonce"] == "":
            return False
        algorithm = told.get("algorithm", "MD5")

        def hashed(*words: str) -> str:
            name = HASHES[algorithm.removesuffix("-sess")]
            return hashlib.new(name, ":".join(words).encode()).hexdigest()

        secret = hashed("mé", realm, "s:cret")
        if algorithm.endswith("-sess"):
            secret = hashed(secret, told["nonce"], told["cnonce"])
        middle = [told["nc"], told["cnonce"], "auth"] if "qop" in told else []
        right = hashed(secret, told["nonce"], *middle, hashed("GET", told["uri"]))
        return told["response"] == right and told["uri"] == "/stream"

    return is_right


def camera(is_right: Callable[[str], bool], *challenges: str) -> Callable[[Handler], None]:
    def answer(request: Handler) -> None:
        header = request.headers.get("Authorization", "").encode("latin-1").decode()
        if header and is_right(header):
            return sending([PICTURE])(request)
        request.send_response(401)
        for challenge in challenges:
            request.send_header("WWW-Authenticate", challenge)
        request.end_headers()

    return answer


@pytest.mark.parametrize(
    ("is_right", "challenges"),
    [
        (basic, ['Basic realm="c"']),
        (basic, ["basic"]),
        (basic, ['Bearer realm="c"', 'Basic realm="c"']),
        (basic, ["Negotiate", "NTLM", 'Basic realm="c"']),
        (basic, ['Negotiate YII=, Bearer realm="a, b", Basic realm="c, d"']),
        (basic, ['Digest realm="c", nonce="n", algorithm=XYZ', 'Basic realm="c"']),
        (basic, ['Digest realm="c", nonce="n", qop="auth-int"', 'Basic realm="c"']),
        (basic, ["Digest realm", "Basic"]),
        (digest(), ['Digest realm="c", nonce="n"']),
        (digest(), ['Digest realm="c",nonce="n",qop="auth,auth-int",algorithm=MD5']),
        (digest(), ["DIGEST realm=c, nonce=n, qop=auth, algorithm=MD5-sess"]),
        (digest(), ['Digest realm="c", nonce="n", qop="auth", algorithm=SHA-256']),
        (digest(), ['Digest realm="c", nonce="n", algorithm=SHA-256-sess, qop="auth"']),
        (digest(), ['Digest realm="c", nonce="n", qop="auth", algorithm=SHA-512-256']),
        (
            digest(opaque="o"),
            [
                'Basic realm="c"',
                'Digest realm="c", nonce="a", qop="auth", algorithm=MD5, opaque="o", '
                'Digest realm="c", nonce="b", qop="auth", algorithm=SHA-256, opaque="o"',
            ],
        ),
        (digest('IP \\"Cam\\", 1'), ['Digest realm="IP \\"Cam\\", 1", nonce="n", qop="auth"']),
    ],
)
def test_the_strongest_login_that_is_known_is_used(
    is_right: Callable[[str], bool], challenges: list[str]
) -> None:
    realm = "IP"
    if realm in challenges[0]:
        is_right = digest('IP "Cam", 1')
    with http_server(camera(is_right, *challenges)) as address:
        source = opened(f"m%C3%A9:s%3Acret@{address}")
        frame = source.read()
        assert frame is not None and number_of(frame.pixels) == 3
        source.close()


def test_the_strongest_of_two_digests_is_answered() -> None:
    seen = []

    def is_right(header: str) -> bool:
        seen.append(header)
        return True

    offers = [f'Digest realm="c", nonce="n", qop="auth", algorithm={a}' for a in HASHES]
    with http_server(camera(is_right, "Basic", *offers)) as address:
        opened(f"me:pw@{address}").close()
    assert len(seen) == 1 and "algorithm=SHA-512-256" in seen[0]


@pytest.mark.parametrize(
    ("who", "challenges", "words"),
    [
        ("me:pw@", ["Bearer realm=x"], r"wants Bearer .*set Digest or Basic"),
        ("me:pw@", ["Negotiate"], r"wants Negotiate .*set Digest or Basic"),
        ("me:pw@", ["Digest"], r"wants Digest in a form"),
        ("me:pw@", ['Digest realm="'], r"wants Digest.* in a form"),
        ("me:pw@", ['Digest realm="a", nonce="b", algorithm=XYZ'], r"wants Digest in a form"),
        ("me:pw@", [], r"no known login"),
        ("me:pw@", ['Basic realm="x"'], r"user or password is wrong"),
        ("me:pw@", ['Digest realm="x", nonce="n"'], r"user or password is wrong"),
        ("me:pw@", ['Digest realm="x", nonce="n", stale=true'], r"user or password is wrong"),
        ("", ["Bearer realm=x"], r"wants Bearer, not a user and password"),
        ("", ['Basic realm="x"'], r"give user and password"),
        ("", [], r"give user and password"),
        ("me:pw@", ["Di\x1b[31mgest", "x" * 5000], r"answers 401"),
    ],
)
def test_a_login_that_cannot_be_met_is_the_cameras_doing(
    who: str, challenges: list[str], words: str
) -> None:
    with (
        http_server(camera(lambda _: False, *challenges)) as address,
        pytest.raises(CameraUnavailable, match=words) as caught,
    ):
        opened(who + address)
    message = str(caught.value)
    assert message.isprintable() and len(message) < 400 and "pw" not in message


def test_a_nonce_that_became_old_is_replaced() -> None:
    def answer(request: Handler) -> None:
        header = request.headers.get("Authorization", "")
        if 'nonce="new"' in header:
            return sending([PICTURE])(request)
        request.send_response(401)
        rest = 'nonce="new", stale=TRUE' if header else 'nonce="old"'
        request.send_header("WWW-Authenticate", f'Digest realm="c", qop="auth", {rest}')
        request.end_headers()

    with http_server(answer) as address:
        opened(f"me:pw@{address}").close()


@pytest.mark.parametrize("header", ["", ",,,", '"', "=", 'a="b', "Basic" * 10_000, "\\" * 50_000])
def test_any_header_is_read_in_time(header: str) -> None:
    read_challenges([header, header])
