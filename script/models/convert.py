"""Converts the three networks and writes them with their cards; called by script/convert_models.

Arguments: the folder with the unpacked packages, the folder to write to. The
cards (models.json) carry origin, licence and the hash that the engine checks
before it loads a network. What was measured is in docs/measured, not here.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import from_tfjs
import from_tflite
import onnx

PACKAGES = json.loads((Path(__file__).parent / "packages.json").read_text())
# In the packed assets a list of labels comes before the network.
LABELS_END, NETWORK_END = 184, 9987912


def person(packages: Path, origin: str) -> onnx.ModelProto:
    return from_tfjs.convert(packages / "person/models/nanodet.json", "person", origin)


def pet(packages: Path, origin: str) -> onnx.ModelProto:
    packed = (packages / "pet/objectron_solution_packed_assets.data").read_bytes()
    outputs = {"raw_outputs/box_encodings": "boxes", "raw_outputs/class_predictions": "scores"}
    return from_tflite.convert(packed[LABELS_END:NETWORK_END], "pet", origin, outputs)


def face(packages: Path, origin: str) -> onnx.ModelProto:
    network = (packages / "face/face_detection_short_range.tflite").read_bytes()
    outputs = {"regressors": "boxes", "classificators": "scores"}
    return from_tflite.convert(network, "face", origin, outputs)


def main(packages: Path, target: Path) -> None:
    cards = {}
    for convert in (person, pet, face):
        name = convert.__name__
        source = PACKAGES[name]
        data = convert(packages, f"npm {source['package']}@{source['version']}").SerializeToString(
            deterministic=True
        )
        (target / f"{name}.onnx").write_bytes(data)
        cards[name] = {
            "file": f"{name}.onnx",
            "sha256": hashlib.sha256(data).hexdigest(),
            "bytes": len(data),
            **source,
        }
        print(f"{name}.onnx: {len(data)} bytes")
    (target / "models.json").write_text(json.dumps(cards, indent=2) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
