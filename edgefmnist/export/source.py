"""A model, its labels and its golden vectors as C: C99, and C++11 all the same.

Every array is ``const``, so that a linker for a microcontroller leaves it in flash, and declared
``extern "C"``, so that the sources can be compiled by either compiler for either.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from edgefmnist.export.structure import Code, Structure
from edgefmnist.runtime.bundle import BundleCard
from edgefmnist.runtime.interpreter import INPUT_SHAPE

PIXELS = INPUT_SHAPE[0] * INPUT_SHAPE[1]
_PLAIN = frozenset((string.ascii_letters + string.digits + " !#%&'()*+,-./:;<=>[]^_{|}~").encode())
"""Bytes that stand for themselves in a C string."""

_HEADER = """\
/* {about}
 * Written by `edgefmnist export`. */
#ifndef {guard}
#define {guard}

{include}#ifdef __cplusplus
extern "C" {{
#endif

{body}
#ifdef __cplusplus
}}
#endif

#endif
"""

_MODEL = """\
/* SHA-256 {sha256} */
#define {macro}_MODEL_BYTES {size}

{arena}
/* A tensor's real value is scale x (value - zero point). Input: int8 [1, 28, 28, 1], intensities
 * 0 to 255, garment bright on black. Output: int8 [1, {classes}]{output}. */
#define {macro}_INPUT_SCALE {input_scale}
#define {macro}_INPUT_ZERO_POINT {input_zero_point}
#define {macro}_OUTPUT_SCALE {output_scale}
#define {macro}_OUTPUT_ZERO_POINT {output_zero_point}

/* Probabilities of the classes: softmax(logits / temperature). Probability that the picture
 * shows one of them at all: 1 / (1 + exp(-(known weight x best logit + known bias))); under the
 * threshold the answer is "unknown". */
#define {macro}_TEMPERATURE {temperature}
#define {macro}_KNOWN_WEIGHT {known_weight}
#define {macro}_KNOWN_BIAS {known_bias}
#define {macro}_UNKNOWN_THRESHOLD {unknown_threshold}

/* The TensorFlow Lite flatbuffer, aligned to 16 bytes. */
extern const unsigned char {prefix}_model[{macro}_MODEL_BYTES];
"""

_ARENA = """\
/* Smallest tensor arena, aligned to 16 bytes, that TensorFlow Lite Micro ran the golden vectors in:
 * on a 64-bit computer, with its reference kernels. Pointers of 32 bits take less of it; optimised
 * kernels may take scratch memory on top: ask MicroInterpreter::arena_used_bytes() on the board. */
#define {macro}_ARENA_BYTES {arena_bytes}
"""

_NO_ARENA = """\
/* The size of the tensor arena was not measured, for want of TensorFlow Lite Micro: start with
 * plenty and ask MicroInterpreter::arena_used_bytes() on the board. */
"""

_MODEL_ARRAY = """\
#include "{prefix}_model.h"

#if defined(__cplusplus)
#define {macro}_ALIGNED alignas(16)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define {macro}_ALIGNED _Alignas(16)
#else
#define {macro}_ALIGNED __attribute__((aligned(16)))
#endif

{macro}_ALIGNED const unsigned char {prefix}_model[{macro}_MODEL_BYTES] = {{
{values}
}};
"""

_LABELS = """\
#define {macro}_LABEL_COUNT {count}

/* Names of the classes, in the order of the outputs. */
extern const char *const {prefix}_labels[{macro}_LABEL_COUNT];
"""

_LABEL_ARRAY = """\
#include "{prefix}_labels.h"

const char *const {prefix}_labels[{macro}_LABEL_COUNT] = {{
{values}
}};
"""

_GOLDEN = """\
#define {macro}_GOLDEN_COUNT {count}
#define {macro}_GOLDEN_PIXELS {pixels}
#define {macro}_GOLDEN_CLASSES {classes}

/* How far an output of the reference kernels of TensorFlow Lite Micro may be from the expected one.
 * Other kernels may round otherwise. */
#define {macro}_GOLDEN_TOLERANCE {tolerance}

/* Pictures as the input tensor takes them, and what the output tensor must hold after each. */
extern const int8_t
    {prefix}_golden_inputs[{macro}_GOLDEN_COUNT][{macro}_GOLDEN_PIXELS];
extern const int8_t
    {prefix}_golden_outputs[{macro}_GOLDEN_COUNT][{macro}_GOLDEN_CLASSES];
"""

_GOLDEN_ARRAYS = """\
#include "{prefix}_golden.h"

const int8_t {prefix}_golden_inputs[{macro}_GOLDEN_COUNT][{macro}_GOLDEN_PIXELS] = {{
{inputs}
}};

const int8_t {prefix}_golden_outputs[{macro}_GOLDEN_COUNT][{macro}_GOLDEN_CLASSES] = {{
{outputs}
}};
"""


def prefix_of(name: str) -> str:
    """`name` of a bundle as the start of C identifiers and file names, such as edgefmnist_edge."""
    words = re.findall(r"[0-9A-Za-z]+", name)
    return "_".join(["edgefmnist", *(words or ["model"])])


def model(
    prefix: str, content: bytes, card: BundleCard, structure: Structure, arena_bytes: int | None
) -> dict[str, str]:
    """Header and source of the model's bytes and constants, by file name."""
    macro = prefix.upper()
    arena = _NO_ARENA if arena_bytes is None else _ARENA
    body = _MODEL.format(
        prefix=prefix,
        macro=macro,
        sha256=card.sha256,
        size=len(content),
        classes=len(card.labels),
        arena=arena.format(macro=macro, arena_bytes=arena_bytes),
        output=_output(structure),
        **_numbers("input", structure.input),
        **_numbers("output", structure.output),
        temperature=_float(card.temperature),
        known_weight=_float(card.known_weight),
        known_bias=_float(card.known_bias),
        unknown_threshold=_float(card.unknown_threshold),
    )
    values = _rows((f"0x{byte:02x}" for byte in content), 16)
    return {
        f"{prefix}_model.h": _header(prefix, "model", "Classifier of clothes.", body),
        f"{prefix}_model.c": _MODEL_ARRAY.format(prefix=prefix, macro=macro, values=values),
    }


def labels(prefix: str, names: Sequence[str]) -> dict[str, str]:
    """Header and source of the class `names`, in UTF-8, by file name."""
    macro = prefix.upper()
    body = _LABELS.format(prefix=prefix, macro=macro, count=len(names))
    values = ",\n".join(f"    {_literal(name)}" for name in names)
    return {
        f"{prefix}_labels.h": _header(prefix, "labels", "Names of the classes.", body),
        f"{prefix}_labels.c": _LABEL_ARRAY.format(prefix=prefix, macro=macro, values=values),
    }


def golden(
    prefix: str,
    inputs: npt.NDArray[np.int8],
    outputs: npt.NDArray[np.int8],
    tolerance_steps: int,
    made_with: str,
) -> dict[str, str]:
    """Header and source of `inputs` [n, 28, 28] and `outputs` [n, classes] expected, by name."""
    macro = prefix.upper()
    body = _GOLDEN.format(
        prefix=prefix,
        macro=macro,
        count=len(inputs),
        pixels=PIXELS,
        classes=outputs.shape[1],
        tolerance=tolerance_steps,
    )
    about = f"Golden vectors, expected outputs by {made_with}."
    return {
        f"{prefix}_golden.h": _header(prefix, "golden", about, body, "#include <stdint.h>\n\n"),
        f"{prefix}_golden.c": _GOLDEN_ARRAYS.format(
            prefix=prefix,
            macro=macro,
            inputs=_nested(inputs.reshape(len(inputs), PIXELS)),
            outputs=_nested(outputs),
        ),
    }


def _header(prefix: str, part: str, about: str, body: str, include: str = "") -> str:
    guard = f"{prefix.upper()}_{part.upper()}_H"
    return _HEADER.format(about=about, guard=guard, body=body, include=include)


def _output(structure: Structure) -> str:
    if structure.ends_in_softmax:
        return ",\n * probabilities, of which the logarithms serve as logits"
    return ", logits"


def _literal(text: str) -> str:
    """`text` as a C string literal whose bytes are UTF-8, whatever the compiler takes files for.

    Octal escapes, which end after three digits; hexadecimal ones would take in what follows.
    Question marks too, since two of them begin a trigraph.
    """
    return '"' + "".join(map(_character, text.encode())) + '"'


def _character(byte: int) -> str:
    return chr(byte) if byte in _PLAIN else f"\\{byte:03o}"


def _numbers(name: str, code: Code) -> dict[str, str]:
    return {f"{name}_scale": _float(code.scale), f"{name}_zero_point": f"({code.zero_point})"}


def _float(value: float) -> str:
    """A float constant that reads back as the same single-precision number."""
    text = f"{np.float32(value)!s}f"
    return f"({text})" if text.startswith("-") else text


def _rows(values: Iterable[str], width: int) -> str:
    every = list(values)
    rows = (every[at : at + width] for at in range(0, len(every), width))
    return ",\n".join(f"    {', '.join(row)}" for row in rows)


def _nested(values: npt.NDArray[np.int8]) -> str:
    return ",\n".join(f"    {{\n{_rows(map(str, row.tolist()), 16)}\n    }}" for row in values)
