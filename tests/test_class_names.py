"""Names of classes, and the folders that stand for them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgefmnist.class_names import check_label, check_labels, class_of, folder_name, is_none_of_them
from edgefmnist.records import LABELS

OWN = ("Hat", "Müller's skirt", "<b>x</b>", "Short/Skort", "Skort", "👟")


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("T-shirt_top", 0), ("tshirt", 0), ("T-Shirt/Top".replace("/", " "), 0), ("tops", 0),
        ("ankle-boot", 9), ("Ankle Boots", 9), ("ANKLE_BOOT", 9), ("shirt", 6), ("Dress", 3),
        ("trousers", 1), ("7", 7), ("hat", None), ("10", None), ("", None), ("s", None),
        ("..", None), ("👗", None), ("\u00b2", 2),
    ],
)  # fmt: skip
def test_names_of_folders(name: str, label: int | None) -> None:
    assert class_of(name) == label


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("hats", 0), ("mullers skirt", None), ("MÜLLERS_SKIRT", 1), ("b x b", 2), ("short", 3),
        (unicodedata.normalize("NFD", "müllers-skirt"), 1), ("skort", 4), ("Short_Skort", 3),
        ("👟", 5), ("👞", None), ("Coat", None), ("5", 5), ("6", None), ("9", None),
    ],
)  # fmt: skip
def test_names_of_folders_for_classes_of_ones_own(name: str, label: int | None) -> None:
    assert class_of(name, OWN) == label


def test_a_name_comes_before_an_index() -> None:
    assert class_of("1", ("2", "Hat", "1")) == 2
    assert class_of("0", ("2", "Hat", "1")) == 0


def test_none_of_them() -> None:
    assert all(map(is_none_of_them, ("unknown", "Unknown", "_none_", "NONE")))
    assert not any(map(is_none_of_them, ("", "nothing", "Coat", "..")))


@pytest.mark.parametrize("labels", [LABELS, OWN, tuple(f"Hat {n}" for n in range(40))])
def test_labels_that_a_model_may_have(labels: tuple[str, ...]) -> None:
    check_labels(labels)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (("Hat",), "1 labels, where 2 to 40"),
        (tuple(f"Hat {n}" for n in range(41)), "41 labels"),
        (("Hat", "hat"), "too much alike: Hat and hat"),
        (("Hat", "Hat"), "too much alike"),
        (("T-shirt", "T shirt!"), "too much alike"),
        (("Hat", "x" * 41), "over 40 characters"),
        (("Hat", "a\nb"), '"a b" is not one printable line'),
        (("Hat", " a"), "not one printable line"),
        (("Hat", "\x1b[31mred"), r'"\x1b[31mred" is not one printable line'),
        (("Hat", "a\u202eb"), "not one printable line"),
        (("Hat", ""), "no letter"),
        (("Hat", "../"), "no letter"),
        (("Hat", "\u0301\ufe0f"), "no letter"),  # an accent and a selector, on nothing
        (("Hat", "Unknown"), "none of the classes"),
        (("Hat", "none"), "none of the classes"),
    ],
)
def test_labels_that_it_may_not(labels: tuple[str, ...], said: str) -> None:
    with pytest.raises(ValueError, match="label") as caught:
        check_labels(labels)
    assert said in str(caught.value) and str(caught.value).isprintable()


@given(st.text(max_size=45))
def test_the_folder_of_a_label_stands_for_it(label: str) -> None:
    try:
        check_label(label)
    except ValueError as error:
        assert str(error).isprintable()
        return
    name = folder_name(label)
    assert class_of(name, ("Müller's skirt 17", label)) is not None
    assert class_of(name, (label, "Müller's skirt 17")) == 0
    assert name not in ("", ".", "..") and "/" not in name and not name.startswith(".")
    assert len(name.encode()) <= 255
