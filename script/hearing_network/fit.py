"""Trains a network on the scenes, and writes it as ONNX. Needs PyTorch and onnx.

usage: python -m script.hearing_network.fit SCENES OUT.onnx [LOOKS [WEIGHTS.pt]]

LOOKS is how many examples are looked at, most of them several times. WEIGHTS go on from an earlier
fit, at a third of its rate. Scenes that are made meanwhile are taken up. Every 15th file is kept
for validation. One thread, fixed seeds.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from engine.hearing.band_maps import BANDS, MOST
from script.hearing_network.network import AzimuthNetwork

AZIMUTHS = 72
BATCH = 64
EVERY = 500
"""Steps between two judgements."""
BLOB = 6.0
"""Degrees, one sigma, of the target around a talker."""
SHORTER = (5, 24)
"""Moments of most batches, from and below."""
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


class Mixtures:
    """The examples of a folder, in memory; what is made meanwhile is taken up when asked.

    Every 15th file is kept for validation.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: set[Path] = set()
        self._chunks: list[tuple[torch.Tensor, ...]] = []
        self._kept: list[tuple[torch.Tensor, ...]] = []
        self.look()

    def look(self) -> None:
        for file in sorted(self.folder.glob("*.npz")):
            if ".part" in file.name or file in self._files:
                continue
            self._files.add(file)
            validates = int(file.stem) % 15 == 0
            (self._kept if validates else self._chunks).append(load([file]))

    def __len__(self) -> int:
        return sum(len(chunk[0]) for chunk in self._chunks)

    def some(self, count: int) -> tuple[torch.Tensor, ...]:
        """A batch, drawn at random from all of it."""
        rows = []
        for number in torch.randint(len(self._chunks), (count,)).tolist():
            chunk = self._chunks[number]
            row = int(torch.randint(len(chunk[0]), (1,)))
            rows.append([part[row] for part in chunk])
        return tuple(torch.stack(parts) for parts in zip(*rows, strict=True))

    def validation(self) -> tuple[torch.Tensor, ...]:
        return tuple(torch.cat(parts) for parts in zip(*self._kept, strict=True))


def augmented(batch: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """Rooms are fewer than looks at them: no two looks at one mixture are the same."""
    maps, g, blur, y = batch
    x, g = maps.float(), g.float()
    if torch.rand(1) < 0.5:
        x, y = mirrored(x), -y
    if torch.rand(1) < 0.6:
        # Half a second is what the ear decides on while somebody goes on talking, and it asks
        # about thirds of that.
        begin, count = (int(torch.randint(*span, (1,))) for span in ((0, 8), SHORTER))
        x, g = x[:, :, begin : begin + count], g[:, :, begin : begin + count]
    if torch.rand(1) < 0.2:
        # A band that somebody has nothing in, or all of it under noise.
        gone = int(torch.randint(BANDS, (1,)))
        x[:, gone::BANDS], g[:, gone::BANDS] = 0.0, 0.0
    heard = (torch.rand(len(x), 1, x.shape[2], 1) > 0.15 * float(torch.rand(1))).float()
    return x * heard, g * heard[..., 0], blur, y


def fit(folder: Path, out: Path, looks: int, weights: Path | None = None) -> None:
    torch.manual_seed(0 if weights is None else 1)
    torch.set_num_threads(1)
    mixtures = Mixtures(folder)
    network, peak = AzimuthNetwork(), PEAK_RATE
    if weights is not None:
        network.load_state_dict(torch.load(weights))
        peak = PEAK_RATE / 3.0
    # Weights averaged over the last thousand steps are better than the last ones.
    steady = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.999), use_buffers=True)
    print(f"{len(mixtures)} mixtures, {sum(p.numel() for p in network.parameters())} parameters")
    optimiser = torch.optim.AdamW(network.parameters(), peak, weight_decay=WEIGHT_DECAY)
    steps = looks // BATCH
    halves = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, peak, total_steps=steps)
    started, total = time.monotonic(), 0.0
    for step in range(1, steps + 1):
        network.train()
        x, g, blur, y = augmented(mixtures.some(BATCH))
        # Half the digits are enough for a gradient, and some processors have fast units for them.
        with torch.autocast("cpu", torch.bfloat16, enabled=halves):
            logits = network(x, g, blur)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            logits.float(), target(y), reduction="none"
        )
        loss = loss.sum(1).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        steady.update_parameters(network)
        schedule.step()
        total += float(loss.detach())
        if step % EVERY == 0 or step == steps:
            mean, total = total / ((step - 1) % EVERY + 1), 0.0
            took = time.monotonic() - started
            verdict = judge(steady.module, mixtures.validation())
            print(
                f"step {step} of {steps}, {len(mixtures)} mixtures: loss {mean:.3f}; {verdict}; "
                f"{took:.0f} s",
                flush=True,
            )
            torch.save(steady.module.state_dict(), out.with_suffix(".pt"))
            mixtures.look()
    export(steady.module, out)


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
        int(sys.argv[3]) if len(sys.argv) > 3 else 520_000,
        Path(sys.argv[4]) if len(sys.argv) > 4 else None,
    )
