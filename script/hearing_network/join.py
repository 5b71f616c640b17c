"""Writes a narrow and a wide network as one ONNX file: their mean. Needs PyTorch and onnx.

usage: python -m script.hearing_network.join OUT.onnx NARROW.pt WIDE.pt
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from engine.hearing.band_maps import BANDS, MOST
from script.hearing_network.fit import AZIMUTHS
from script.hearing_network.network import SIZES, AzimuthNetwork, Pair


def join(out: Path, weights: list[Path]) -> None:
    networks = {}
    for size, file in zip(SIZES, weights, strict=True):
        networks[size] = AzimuthNetwork(size)
        networks[size].load_state_dict(torch.load(file))
    example = (
        torch.zeros(2, 2 * BANDS, MOST, AZIMUTHS),
        torch.zeros(2, 2 * BANDS, MOST),
        torch.zeros(2, BANDS),
    )
    names = ["maps", "gates", "blur"]
    # Several stretches at once, and shorter ones.
    axes = {
        "maps": {0: "stretches", 2: "moments"},
        "gates": {0: "stretches", 2: "moments"},
        "blur": {0: "stretches"},
        "logits": {0: "stretches"},
    }
    torch.onnx.export(
        Pair(networks).eval(),
        example,
        out,
        input_names=names,
        output_names=["logits"],
        dynamic_axes=axes,
        dynamo=False,
        opset_version=17,
    )


if __name__ == "__main__":
    join(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:4]])
