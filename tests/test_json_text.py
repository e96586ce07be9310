"""What we write as JSON is JSON, for readers that are stricter than Python."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest

import edgefmnist
from edgefmnist import json_text


def strictly(text: str) -> object:
    def refuse(word: str) -> object:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("indent", [None, 1])
def test_what_is_no_number_is_null(indent: int | None) -> None:
    value = {"loss": math.nan, "rows": [(1.5, math.inf), [-math.inf]], "name": "NaN"}
    told = strictly(json_text.dumps(value, indent=indent))
    assert told == {"loss": None, "rows": [[1.5, None], [None]], "name": "NaN"}


def test_other_values_come_out_as_from_the_standard_library() -> None:
    value = {"a": [1, 2.5, None, True, "é"], "b": {}}
    assert json_text.dumps(value) == json.dumps(value)
    assert json_text.dumps(value, compact=True) == json.dumps(value, separators=(",", ":"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"[" * 200_000, "nested too deeply"),
        (b"1" * 6_000, "a number of 6,000 digits"),
        ("{}".encode("utf-16"), "utf-8"),
        (b"{", "line 1"),
        (b'{"a": {"labels": 1, "b": 2, "labels": 3}}', "'labels' twice"),
    ],
)
def test_what_is_no_json_is_said_in_words_for_people(text: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        json_text.loads(text)


def test_a_byte_order_mark_is_passed_over() -> None:
    assert json_text.loads(b"\xef\xbb\xbf" + b'{"a": 1}') == json_text.loads('{"a": 1}') == {"a": 1}


def test_nothing_goes_around_it() -> None:
    folder = Path(edgefmnist.__file__).parent
    around = [
        path.name
        for path in folder.rglob("*.py")
        if path.parent.name != "children"  # what they are handed nobody else reads
        and re.search(r"\bjson\.dumps?\(", path.read_text(encoding="utf-8"))
    ]
    assert around == ["json_text.py"]
