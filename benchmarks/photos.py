"""Score the camera's path on photos of real garments.

usage: python benchmarks/photos.py PHOTOS [--whole]

PHOTOS has one folder for each kind: dress, longsleeve, outwear, pants, shirt, shoes, t-shirt; and
hat, shorts and skirt, which Fashion-MNIST does not know. The figures in README are from the `train`
and `validation` parts of alexeygrigorev/clothing-dataset-small (CC0), 621 photos.

strict: the answer is the class the folder stands for; lenient: or a class that a person could call
the same garment. Both are means over the seven folders, with the unknown threshold on and off.
--whole: give the model the whole photo, resized, instead.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import mean

from edgefmnist.camera.pictures import read_picture
from edgefmnist.camera.recognizer import Recognizer, whole_scene
from edgefmnist.preprocess import Prepared, Preprocessor
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.models import resolve

STRICT = {
    "dress": {"Dress"},
    "longsleeve": {"Pullover"},
    "outwear": {"Coat"},
    "pants": {"Trouser"},
    "shirt": {"Shirt"},
    "shoes": {"Sandal", "Sneaker", "Ankle boot"},
    "t-shirt": {"T-shirt/top"},
}
LENIENT = STRICT | {
    "longsleeve": {"Pullover", "Shirt", "Coat"},
    "outwear": {"Coat", "Pullover", "Shirt"},
    "shirt": {"Shirt", "Pullover", "Coat"},
    "t-shirt": {"T-shirt/top", "Shirt"},
}
OUTSIDE = ("hat", "shorts", "skirt")


class WholePhoto(Preprocessor):
    """No search for the garment."""

    def prepare(self, pixels_bgr):
        return Prepared(picture=whole_scene(pixels_bgr), box=None, mask=None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--whole", action="store_true")
    options = parser.parse_args()
    classifier = Classifier(resolve(None))
    preprocessor = WholePhoto() if options.whole else Preprocessor()
    for name, threshold in (("on", classifier.unknown_threshold), ("off", None)):
        recognizer = Recognizer(preprocessor, classifier, threshold)
        answers = {}
        for folder in (*STRICT, *OUTSIDE):
            pictures = sorted((options.photos / folder).iterdir())
            found = [recognizer.recognize(read_picture(path)).prediction for path in pictures]
            answers[folder] = [None if one.unknown else one.label for one in found]
        strict, lenient = (
            {f: mean(one in labels for one in answers[f]) for f, labels in kinds.items()}
            for kinds in (STRICT, LENIENT)
        )
        refused = mean(mean(one is None for one in answers[f]) for f in OUTSIDE)
        print(f"unknown {name}: strict {mean(strict.values()):.3f}  lenient ", end="")
        print(f"{mean(lenient.values()):.3f}  hat, shorts and skirt refused {refused:.3f}")
        print("  strict: " + "  ".join(f"{f} {share:.2f}" for f, share in strict.items()))


if __name__ == "__main__":
    main()
