"""Recovers weights to go on from out of a network's ONNX file. Needs PyTorch and onnx.

usage: python -m script.hearing_network.recover NETWORK.onnx SCENES OUT.pt

An export has its normalisations folded into the convolutions before them. Here they get statistics
of some of SCENES, and what undoes those, so that the answers are the same, and fitting can go on.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from torch import nn

from script.hearing_network.fit import load
from script.hearing_network.network import AzimuthNetwork

SOME = 512
"""Mixtures that statistics are taken of."""
SAME = 0.02
"""Log odds that the recovered network may differ by."""


def recovered(file: Path, some: tuple[torch.Tensor, ...]) -> AzimuthNetwork:
    """The network of `file`, an export of `fit`."""
    graph = onnx.load(file).graph
    known = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    network = AzimuthNetwork().eval()
    # What is not folded has kept its name.
    network.load_state_dict({k: v for k, v in known.items() if "::" not in k}, strict=False)
    inputs = {node.name: node.input for node in graph.node if node.op_type == "Conv"}
    for name in ("first", "second", "third"):
        around = getattr(network, name)
        _, weight, offset = inputs[f"/{name}/convolution/Conv"]
        with torch.no_grad():
            around.convolution.weight.copy_(known[weight])
        undone(network, around.normal, known[offset], some)
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
    (before,) = session.run(None, {name: part.numpy() for name, part in given.items()})
    with torch.no_grad():
        now = network(*given.values()).numpy()
    apart = float(np.abs(now - before).max())
    if apart > SAME:
        raise SystemExit(f"{file}: recovered, it answers otherwise by {apart:.3f} in log odds")
    torch.save(network.state_dict(), out)
    print(f"{out}: the same answers, up to {apart:.5f} in log odds")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
