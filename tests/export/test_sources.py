"""The C sources, compiled by real compilers, hold what the bundle holds."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgefmnist.export import readme, source
from edgefmnist.records import LABELS
from edgefmnist.runtime import bundle, golden
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.models import resolve
from tests import own_classes
from tests.conftest import ROOT, RunCli
from tests.export.conftest import Exports, MakeBundle

STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
Compiler = tuple[str, ...]
C, CPP = ("gcc", "-x", "c", "-std=c99"), ("g++", "-x", "c++", "-std=c++11")

MAIN = """\
#include <stdio.h>
#include "P_model.h"
#include "P_model.h"
#include "P_labels.h"
#include "P_labels.h"
#include "P_golden.h"
#include "P_golden.h"
#include <stdint.h>

int main(void) {
  int i;
  printf("%d %d %d %.9g %d %.9g %d %.9g %.9g %.9g %.9g\\n", (int)((uintptr_t)P_model % 16),
         (int)sizeof P_model, M_GOLDEN_COUNT, M_INPUT_SCALE, M_INPUT_ZERO_POINT, M_OUTPUT_SCALE,
         M_OUTPUT_ZERO_POINT, M_TEMPERATURE, M_KNOWN_WEIGHT, M_KNOWN_BIAS, M_UNKNOWN_THRESHOLD);
  for (i = 0; i < M_LABEL_COUNT; ++i) printf("%s\\n", P_labels[i]);
  fwrite(P_model, 1, sizeof P_model, stdout);
  fwrite(P_golden_inputs, 1, sizeof P_golden_inputs, stdout);
  fwrite(P_golden_outputs, 1, sizeof P_golden_outputs, stdout);
  return 0;
}
"""


def compiled(folder: Path, build: Path, arrays: Compiler, main: Compiler) -> bytes:
    """What a program prints that was linked from the export and the main above."""
    for compiler in (arrays[0], main[0]):
        if shutil.which(compiler) is None:
            pytest.skip(f"no {compiler} here")
    (prefix,) = {file.name.removesuffix("_model.c") for file in folder.glob("*_model.c")}
    text = re.sub(r"\bP_", f"{prefix}_", re.sub(r"\bM_", f"{prefix.upper()}_", MAIN))
    (build / "main.c").write_text(text)
    objects = []
    for file, compiler in [
        *((one, arrays) for one in folder.glob("*.c")),
        (build / "main.c", main),
    ]:
        objects.append(build / f"{file.stem}.o")
        command = [*compiler, *STRICT, "-fno-pie", "-I", folder, "-c", file, "-o", objects[-1]]
        subprocess.run(command, check=True, timeout=120)
    subprocess.run(["g++", "-no-pie", *objects, "-o", build / "main"], check=True, timeout=60)
    done = subprocess.run([build / "main"], check=True, capture_output=True, timeout=60)
    return done.stdout


@pytest.mark.parametrize(
    ("name", "arrays", "main"),
    [
        ("tiny", C, C),
        ("tiny", C, CPP),
        ("tiny", CPP, C),
        ("edge", CPP, CPP),
        ("accurate", C, C),
    ],
)
def test_compiled_sources_hold_the_bundles_bytes(
    exports: Exports, tmp_path: Path, name: str, arrays: Compiler, main: Compiler
) -> None:
    exported = exports(name)
    told = compiled(Path(exported["out"]), tmp_path, arrays, main)
    numbers, *labels = told.split(b"\n", 11)[:11]
    held = told.split(b"\n", 11)[11]
    model = resolve(exported["model"])
    content = model.path.read_bytes()
    with np.load(ROOT / "models" / exported["model"] / bundle.GOLDEN) as stored:
        images, outputs = stored["images"], stored["outputs"]
    assert [label.decode() for label in labels] == list(LABELS)
    assert held[: len(content)] == content
    held = held[len(content) :]
    inputs = Classifier(model).encode(images)
    assert held[: inputs.nbytes] == inputs.tobytes()
    expected = np.frombuffer(held[inputs.nbytes :], np.int8).reshape(outputs.shape)
    away = np.abs(expected.astype(int) - outputs)
    assert away.max() == exported["golden"]["largest_step"] <= 14
    same = expected.argmax(axis=1) == outputs.argmax(axis=1)
    assert same.sum() == exported["golden"]["same_label"]
    assert (same | golden.tied(outputs)).all()
    card = model.card
    assert card is not None
    misaligned, size, count, *constants = map(float, numbers.split())
    assert (misaligned, size, count) == (0, len(content), len(images))
    wanted = [exported["input"]["scale"], exported["input"]["zero_point"]]
    wanted += [exported["output"]["scale"], exported["output"]["zero_point"], card.temperature]
    wanted += [card.known_weight, card.known_bias, card.unknown_threshold]
    assert constants == [pytest.approx(value, rel=1e-7) for value in wanted]


def test_classes_of_ones_own_in_c(run_cli: RunCli, own_bundle: Path, tmp_path: Path) -> None:
    names = ('say "hi" \\', "Müller's ??/ skirt", "%d 1\u00e91", "👟", "<b>x</b>")
    folder = own_classes.write(tmp_path / "own", names, range(5))
    done = run_cli("export", folder, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    build = tmp_path / "build"
    build.mkdir()
    for compiler in (C, CPP):
        told = compiled(tmp_path / "out", build, compiler, compiler)
        assert tuple(told.decode(errors="replace").split("\n")[1:6]) == names
        with np.load(folder / bundle.GOLDEN) as stored:
            outputs = stored["outputs"]
        held = np.frombuffer(told[-outputs.nbytes :], np.int8).reshape(outputs.shape)
        assert outputs.shape[1] == 5 and np.abs(held.astype(int) - outputs).max() <= 14
    assert (tmp_path / "out" / "edgefmnist_own_labels.c").read_bytes().isascii()
    assert "int8 [1, 5]" in (tmp_path / "out" / "edgefmnist_own_model.h").read_text()


def test_every_array_is_read_only_and_of_the_size_told(
    tiny_export: dict[str, Any], tmp_path: Path
) -> None:
    compiled(Path(tiny_export["out"]), tmp_path, C, C)
    kinds = {}
    for part, size in {**tiny_export["flash_bytes"], "labels": 0}.items():
        file = tmp_path / f"{tiny_export['prefix']}_{part}.o"
        for line in _printed("nm", file):
            kinds[line.split()[2]] = line.split()[1]
        text, data, bss = map(int, _printed("size", file)[1].split()[:3])
        assert (data, bss) == (0, 0)
        assert size <= text
        assert not size or text <= size + 64  # and a note of the compiler's
    parts = ["golden_inputs", "golden_outputs", "labels", "model"]
    assert kinds == {f"{tiny_export['prefix']}_{part}": "R" for part in parts}


def _printed(*command: object) -> list[str]:
    told = subprocess.run([*map(str, command)], check=True, capture_output=True, text=True)
    return told.stdout.splitlines()


def test_a_name_that_would_break_c(
    run_cli: RunCli, make_bundle: MakeBundle, tmp_path: Path
) -> None:
    folder = make_bundle(name='9 "é*/ #error `x` ??/')
    result = run_cli("export", folder, "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    build = tmp_path / "build"
    build.mkdir()
    for compiler in (C, CPP):
        assert compiled(tmp_path / "out", build, compiler, compiler)
    assert (tmp_path / "out" / "edgefmnist_9_error_x_model.c").is_file()


@pytest.mark.parametrize("name", ["edge", "9", "", "int", "a__b", "_", "x-y.z", "Ä", "a\nb"])
def test_prefixes_are_identifiers_that_c_and_cpp_leave_to_us(name: str) -> None:
    prefix = source.prefix_of(name)
    assert re.fullmatch(r"edgefmnist(_[0-9A-Za-z]+)+", prefix)
    assert "__" not in prefix


def test_operators_have_the_names_of_the_resolvers_methods() -> None:
    # From micro_mutable_op_resolver.h of TensorFlow Lite Micro.
    wanted = {
        "ADD": "AddAdd",
        "AVERAGE_POOL_2D": "AddAveragePool2D",
        "CONV_2D": "AddConv2D",
        "DEPTHWISE_CONV_2D": "AddDepthwiseConv2D",
        "FULLY_CONNECTED": "AddFullyConnected",
        "L2_POOL_2D": "AddL2Pool2D",
        "MAX_POOL_2D": "AddMaxPool2D",
        "MEAN": "AddMean",
        "RELU6": "AddRelu6",
        "SPACE_TO_BATCH_ND": "AddSpaceToBatchNd",
        "STRIDED_SLICE": "AddStridedSlice",
    }
    assert {name: readme.adder(name) for name in wanted} == wanted


STAND_IN = """\
#include <cstddef>
#include <cstdint>
enum TfLiteStatus { kTfLiteOk };
struct TfLiteTensor { union { int8_t *int8; } data; };
namespace tflite {
struct Model;
const Model *GetModel(const void *);
struct MicroOpResolver {};
template <unsigned int N> struct MicroMutableOpResolver : MicroOpResolver {
  TfLiteStatus AddAdd();
  TfLiteStatus AddConv2D();
  TfLiteStatus AddFullyConnected();
  TfLiteStatus AddMean();
};
struct MicroInterpreter {
  MicroInterpreter(const Model *, const MicroOpResolver &, uint8_t *, size_t);
  TfLiteStatus AllocateTensors();
  TfLiteStatus Invoke();
  TfLiteTensor *input(size_t);
  TfLiteTensor *output(size_t);
};
}
"""


def test_the_readmes_code_is_sound_cpp(tiny_export: dict[str, Any], tmp_path: Path) -> None:
    """Against a stand-in for the library's headers, as its own are not to be had as a package."""
    if shutil.which("g++") is None:
        pytest.skip("no g++ here")
    code = re.findall(
        r"```cpp\n(.*?)```", (Path(tiny_export["out"]) / "README.md").read_text(), re.S
    )
    assert len(code) == 1
    for i, header in enumerate(re.findall(r'#include "(tensorflow/.*)"', code[0])):
        (tmp_path / header).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / header).write_text("" if i else STAND_IN)
    (tmp_path / "use.cpp").write_text(code[0])
    command = ["g++", "-std=c++17", *STRICT, "-fsyntax-only"]
    command += ["-I", str(tmp_path), "-I", tiny_export["out"], str(tmp_path / "use.cpp")]
    subprocess.run(command, check=True, timeout=60)
