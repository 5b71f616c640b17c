"""Recovers weights to go on from out of a network's ONNX file. Needs PyTorch and onnx.

usage: python -m script.hearing_network.recover NETWORK.onnx SCENES OUT.pt

An export has its normalisations folded into the convolutions before them. Here they get statistics
of some of SCENES, and what undoes those, so that the answers are the same, and fitting can go on.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from torch import nn

from engine.hearing.band_maps import BANDS
from script.hearing_network.fit import load
from script.hearing_network.network import AzimuthNetwork

SOME = 512
"""Mixtures that statistics are taken of."""
SAME = 0.02
"""Log odds that the recovered network may differ by."""


def convolutions(file: Path) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """(weights, offsets) in the order in which the network uses them."""
    graph = onnx.load(file).graph
    known = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    for node in graph.node:
        if node.op_type == "Conv" and len(node.input) == 3:
            yield known[node.input[1]], known[node.input[2]]


def recovered(file: Path, some: tuple[torch.Tensor, ...]) -> AzimuthNetwork:
    """The network of `file`, an export of before what is alike all around was mixed apart."""
    network = AzimuthNetwork().eval()
    mix, first, second, third, attention, down, wide, out = convolutions(file)
    with torch.no_grad():
        network.mix.weight.copy_(mix[0][:, : 4 * BANDS])
        network.known.weight.copy_(mix[0][:, 4 * BANDS :])
        network.mix.bias.zero_()
        pairs = ((network.first, first), (network.second, second), (network.third, third))
        for around, (weight, _) in pairs:
            around.convolution.weight.copy_(weight)
        plain = ((network.attention, attention),)
        rings = ((network.down, down), (network.wide, wide), (network.out, out))
        for part, (weight, offset) in (*plain, *((r.convolution, w) for r, w in rings)):
            part.weight.copy_(weight)
            part.bias.copy_(offset)
    undone(network, network.normal, mix[1], some)
    for around, (_, offset) in pairs:
        undone(network, around.normal, offset, some)
    return network


def undone(
    network: nn.Module, normal: nn.BatchNorm2d, offset: torch.Tensor, some: tuple[torch.Tensor, ...]
) -> None:
    """Give `normal` the statistics of what it sees, and make it add `offset` and nothing else."""
    seen: list[torch.Tensor] = []
    hook = normal.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    with torch.no_grad():
        network(*some)
        hook.remove()
        mean, spread = seen[0].mean((0, 2, 3)), seen[0].var((0, 2, 3))
        normal.running_mean.copy_(mean)
        normal.running_var.copy_(spread)
        normal.weight.copy_(torch.sqrt(spread + normal.eps))
        normal.bias.copy_(mean + offset)


def main(file: Path, folder: Path, out: Path) -> None:
    files = sorted(f for f in folder.glob("*.npz") if ".part" not in f.name)
    maps, gates, blur, _ = load(files[: -(-SOME // 200) + 1])
    some = (maps[:SOME].float(), gates[:SOME].float(), blur[:SOME])
    network = recovered(file, some)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    given = dict(zip(("maps", "gates", "blur"), (part[:64] for part in some), strict=True))
    with torch.no_grad():
        now = network(*given.values()).numpy()
    before = np.concatenate(
        [
            session.run(None, {name: part[i : i + 1].numpy() for name, part in given.items()})[0]
            for i in range(64)
        ]
    )
    apart = float(np.abs(now - before).max())
    if apart > SAME:
        raise SystemExit(f"{file}: recovered, it answers otherwise by {apart:.3f} in log odds")
    torch.save(network.state_dict(), out)
    print(f"{out}: the same answers, up to {apart:.5f} in log odds")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
