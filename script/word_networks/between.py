"""Writes the network half way between a word's own and one that was taught further.

usage: python -m script.word_networks.between WORD TAUGHT.tflite OUT.tflite

What is learned from synthesised voices costs something of what it knew of people's. Half of it
leaves most of that, and half or more of what it learned of rooms (Wortsman et al. 2022, "Robust
fine-tuning of zero-shot models"). Needs PyTorch and tflite.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from script.word_networks.network import TrainableNetwork, package_file


def main(word: str, taught: Path, out: Path) -> None:
    network, before = TrainableNetwork(taught), TrainableNetwork(package_file(word))
    with torch.no_grad():
        for value, first in zip(network.parameters(), before.parameters(), strict=True):
            value.add_(first).mul_(0.5)
    network.write(out)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
