"""Write the other engines' forms of `float32.tflite` and `int8.tflite` beside them.

usage: python -m benchmarks.engines.forms MODELS
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.engines import ncnn_form, network, onnx_form


def main() -> None:
    """Read the two models in the folder MODELS and write them as ONNX and for ncnn."""
    folder = Path(sys.argv[1])
    for form in ("float32", "int8"):
        read = network.read(folder / f"{form}.tflite")
        onnx_form.write(read, folder / f"{form}.onnx")
        ncnn_form.write(read, folder, form)


if __name__ == "__main__":
    main()
