"""The page that travels with exported C sources, for who builds the firmware."""

from __future__ import annotations

import re
import textwrap

from edgefmnist.export.records import ExportResult

_TEXT = """\
# {prefix}

The int8 model of the bundle `{model}` as C sources for microcontrollers, written by
`edgefmnist export`. They compile as C99 and as C++11.

| file | holds | bytes of constant data |
|---|---|---|
| `{prefix}_model.c`, `.h` | the model, its constants, the size of its arena | {model_bytes:,} |
| `{prefix}_labels.c`, `.h` | the names of the classes, in UTF-8 | |
| `{prefix}_golden.c`, `.h` | {vectors} inputs with the outputs they must give | {golden_bytes:,} |
| `export.json` | what this page says, for programs | |

## In a TensorFlow Lite Micro project

{check}

```cpp
#include <cstring>

#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

#include "{prefix}_golden.h"
#include "{prefix}_model.h"

alignas(16) static uint8_t arena[{arena}];

// Number of golden vectors that came out wrong; -1 where the model cannot be set up.
int self_test() {{
  tflite::MicroMutableOpResolver<{count}> resolver;
{operators}
  tflite::MicroInterpreter interpreter(tflite::GetModel({prefix}_model), resolver, arena,
                                       sizeof arena);
  if (interpreter.AllocateTensors() != kTfLiteOk) return -1;
  int wrong = 0;
  for (int i = 0; i < {macro}_GOLDEN_COUNT; ++i) {{
    std::memcpy(interpreter.input(0)->data.int8, {prefix}_golden_inputs[i],
                {macro}_GOLDEN_PIXELS);
    if (interpreter.Invoke() != kTfLiteOk) return -1;
    for (int k = 0; k < {macro}_GOLDEN_CLASSES; ++k) {{
      const int away = interpreter.output(0)->data.int8[k] - {prefix}_golden_outputs[i][k];
      if (away > {macro}_GOLDEN_TOLERANCE || away < -{macro}_GOLDEN_TOLERANCE) {{
        ++wrong;
        break;
      }}
    }}
  }}
  return wrong;
}}
```

A picture of intensities 0 to 255 (garment bright on black, longest side 28, centred) goes in as
`{encode}`. The code above has not been compiled against TensorFlow Lite Micro's
headers here, nor run on a board.

## Memory

Flash: the bytes above, and TensorFlow Lite Micro's own code. The golden vectors are for the
self-test alone; leave them out of a release.

{memory}
"""

_CHECKED = """\
Checked: {runtime} ran these bytes on a computer, with the kernels that serve every processor. Its
outputs are the expected ones, so the same kernels must give them to the last bit. Largest
difference of an output, in steps of its scale: {step} from LiteRT's reference kernels,
{golden_step} from the bundle's own golden outputs; the class is the same on {same} of {vectors}."""

_NOT_CHECKED = """\
**Not checked in TensorFlow Lite Micro**, which was not installed. The expected outputs are those of
LiteRT's reference kernels ({made_with}), from which TensorFlow Lite Micro's may be {tolerance}
steps away."""

_MEASURED = """\
RAM: an arena of {arena_bytes:,} bytes was enough, and 16 less were not. That is on a 64-bit
computer, with an interpreter that keeps account of its memory: pointers of 32 bits take less.
Kernels made for one processor (CMSIS-NN, ESP-NN) may take scratch memory on top:
`interpreter.arena_used_bytes()` tells on the board."""

_NOT_MEASURED = """\
RAM: not measured. Start with plenty; `interpreter.arena_used_bytes()` tells on the board."""


def text(result: ExportResult) -> str:
    """The page as Markdown."""
    golden, check = result.golden, result.check
    macro = result.prefix.upper()
    adds = [adder(name) for name in result.structure.kinds]
    if check:
        told = _CHECKED.format(
            runtime=check.runtime,
            step=check.largest_step,
            golden_step=golden.largest_step,
            same=golden.same_label,
            vectors=golden.vectors,
        )
        memory = _MEASURED.format(arena_bytes=check.arena_bytes)
    else:
        told = _NOT_CHECKED.format(made_with=golden.made_with, tolerance=golden.tolerance_steps)
        memory = _NOT_MEASURED
    return _TEXT.format(
        prefix=result.prefix,
        macro=macro,
        model=result.model.name,
        model_bytes=result.flash_bytes["model"],
        golden_bytes=result.flash_bytes["golden"],
        vectors=golden.vectors,
        check=textwrap.fill(told, 100),
        arena=f"{macro}_ARENA_BYTES" if check else "128 * 1024",
        count=len(adds),
        operators="\n".join(f"  resolver.{name}();" for name in adds),
        encode=_encoding(result),
        memory=textwrap.fill(memory, 100),
    )


def adder(operator: str) -> str:
    """The method of MicroMutableOpResolver for an operator: AddConv2D for CONV_2D."""
    return "Add" + re.sub("2d$", "2D", "".join(map(str.capitalize, operator.split("_"))))


def _encoding(result: ExportResult) -> str:
    code = result.structure.input
    if (code.scale, code.zero_point) == (1.0, -128):
        return "(int8_t)(intensity - 128)"
    macro = result.prefix.upper()
    return f"lroundf(intensity / {macro}_INPUT_SCALE) + {macro}_INPUT_ZERO_POINT, cut to -128..127"
