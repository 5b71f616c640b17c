"""Writes the network half way between two fits of which one went on from the other.

usage: python -m script.hearing_network.between BEFORE.pt AFTER.pt OUT.onnx

The mean of their weights (Wortsman et al. 2022, "Model soups") keeps what each is better at, and
costs no more than either. Needs PyTorch.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from script.hearing_network.fit import export
from script.hearing_network.network import AzimuthNetwork


def main(before: Path, after: Path, out: Path) -> None:
    first, second = torch.load(before), torch.load(after)
    network = AzimuthNetwork()
    network.load_state_dict(
        {
            name: (first[name] + value) / 2.0 if value.is_floating_point() else value
            for name, value in second.items()
        }
    )
    export(network, out)


if __name__ == "__main__":
    main(*(Path(name) for name in sys.argv[1:4]))
