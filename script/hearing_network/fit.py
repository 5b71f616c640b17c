"""Trains the network on the scenes, and writes it as ONNX. Needs PyTorch and onnx.

usage: python -m script.hearing_network.fit SCENES OUT.onnx [EPOCHS [WEIGHTS.pt]]

WEIGHTS go on from an earlier fit, at a third of its rate. Every 15th file is kept for validation.
One thread, fixed seeds: the same scenes give the same network on the same machine.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import torch

from engine.hearing.band_maps import BANDS, MOST
from script.hearing_network.network import AzimuthNetwork

AZIMUTHS = 72
BATCH = 32
BLOB = 6.0
"""Degrees, one sigma, of the target around a talker."""
PEAK_RATE = 3e-3
WEIGHT_DECAY = 1e-2


def load(files: list[Path]) -> tuple[torch.Tensor, ...]:
    parts = [np.load(file) for file in files]
    return tuple(
        torch.from_numpy(np.concatenate([part[key] for part in parts]))
        for key in ("maps", "gates", "blur", "truth")
    )


def apart(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return ((a - b + 180.0) % 360.0 - 180.0).abs()


def target(truth: torch.Tensor) -> torch.Tensor:
    around = torch.arange(AZIMUTHS) * 360.0 / AZIMUTHS
    blobs = torch.exp(-0.5 * (apart(around[None, None], truth[:, :, None]) / BLOB) ** 2)
    return torch.nan_to_num(blobs).amax(1)


def mirrored(around: torch.Tensor) -> torch.Tensor:
    """(..., azimuths) in a mirror: azimuth a becomes -a."""
    return torch.roll(torch.flip(around, [-1]), 1, -1)


def judge(network: AzimuthNetwork, data: tuple[torch.Tensor, ...]) -> str:
    maps, gates, blur, truth = data
    network.eval()
    with torch.no_grad():
        logits = torch.cat(
            [
                network(*(part[i : i + 64].float() for part in (maps, gates, blur)))
                for i in range(0, len(maps), 64)
            ]
        )
    best = logits.argmax(1) * 360.0 / AZIMUTHS
    error = torch.nan_to_num(apart(best[:, None], truth), nan=999.0).amin(1)
    talks = ~torch.isnan(truth[:, 0])
    two = ~torch.isnan(truth[:, 1])
    words = []
    for name, kind in (("one", talks & ~two), ("two", two)):
        some = error[kind]
        near, far = (some <= 10.0).float().mean(), (some > 30.0).float().mean()
        words.append(f"{name}: {100 * near:.1f} % within 10, {100 * far:.1f} % beyond 30")
    return "; ".join(words)


def fit(folder: Path, out: Path, epochs: int, weights: Path | None = None) -> None:
    torch.manual_seed(0 if weights is None else 1)
    torch.set_num_threads(1)
    files = sorted(file for file in folder.glob("*.npz") if ".part" not in file.name)
    kept = files[::15]
    maps, gates, blur, truth = load([file for file in files if file not in kept])
    validation = load(kept)
    network, peak = AzimuthNetwork(), PEAK_RATE
    if weights is not None:
        network.load_state_dict(torch.load(weights))
        peak = PEAK_RATE / 3.0
    print(f"{len(maps)} examples, {sum(p.numel() for p in network.parameters())} parameters")
    optimiser = torch.optim.AdamW(network.parameters(), peak, weight_decay=WEIGHT_DECAY)
    steps = epochs * (len(maps) // BATCH) + 1
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, peak, total_steps=steps)
    started = time.monotonic()
    for epoch in range(epochs):
        network.train()
        order, total = torch.randperm(len(maps)), 0.0
        for begin in range(0, len(maps) - BATCH + 1, BATCH):
            pick = order[begin : begin + BATCH]
            x, g, y = maps[pick].float(), gates[pick].float(), truth[pick]
            if torch.rand(1) < 0.5:
                x, y = mirrored(x), -y
            if torch.rand(1) < 0.3:
                # Half a second is what the ear decides on while somebody goes on talking.
                silent = int(torch.randint(1, MOST // 2, (1,)))
                x[:, :, MOST - silent :], g[:, :, MOST - silent :] = 0.0, 0.0
            if torch.rand(1) < 0.2:
                # A band that somebody has nothing in, or all of it under noise.
                gone = int(torch.randint(BANDS, (1,)))
                x[:, gone::BANDS], g[:, gone::BANDS] = 0.0, 0.0
            # Rooms are fewer than epochs ask for: no two looks at one mixture are the same.
            heard = (torch.rand(len(pick), 1, MOST, 1) > 0.15 * float(torch.rand(1))).float()
            x, g = x * heard, g * heard[..., 0]
            logits = network(x, g, blur[pick])
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                logits, target(y), reduction="none"
            )
            loss = loss.sum(1).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        mean = total / (len(maps) // BATCH)
        took = time.monotonic() - started
        print(
            f"epoch {epoch + 1}: loss {mean:.3f}; {judge(network, validation)}; {took:.0f} s",
            flush=True,
        )
        torch.save(network.state_dict(), out.with_suffix(".pt"))
    export(network, out)


def export(network: AzimuthNetwork, out: Path) -> None:
    network.eval()
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
        network,
        example,
        out,
        input_names=names,
        output_names=["logits"],
        dynamic_axes=axes,
        dynamo=False,
        opset_version=17,
    )


if __name__ == "__main__":
    fit(
        Path(sys.argv[1]),
        Path(sys.argv[2]),
        int(sys.argv[3]) if len(sys.argv) > 3 else 10,
        Path(sys.argv[4]) if len(sys.argv) > 4 else None,
    )
