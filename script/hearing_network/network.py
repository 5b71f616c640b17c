"""The network on band maps: circular in azimuth, attentive in time. Needs PyTorch.

Whatever turns the maps turns the answer: all convolutions over azimuth are circular and nothing
knows an absolute direction, so one network serves every array and every mounting.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from engine.hearing.band_maps import BANDS

AROUND = 32


class Around(nn.Module):
    """A convolution over (moments, azimuths), circular in azimuth, with normalisation."""

    def __init__(self, inside: int, outside: int, moments: int, azimuths: int, stride: int) -> None:
        super().__init__()
        self.padding = (azimuths // 2, azimuths // 2, 0, 0)
        self.convolution = nn.Conv2d(
            inside,
            outside,
            (moments, azimuths),
            stride=(stride, 1),
            padding=(moments // 2, 0),
            bias=False,
        )
        self.normal = nn.BatchNorm2d(outside)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.pad(x, self.padding, mode="circular")
        return functional.relu(self.normal(self.convolution(x)))


class Ring(nn.Module):
    """A convolution over azimuth alone, circular."""

    def __init__(self, inside: int, outside: int, azimuths: int) -> None:
        super().__init__()
        self.padding = (azimuths // 2, azimuths // 2)
        self.convolution = nn.Conv1d(inside, outside, azimuths)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.convolution(functional.pad(x, self.padding, mode="circular"))


class AzimuthNetwork(nn.Module):
    """maps (n, 2 * bands, moments, azimuths), gates (n, 2 * bands, moments), blur (n, bands) to
    the log odds (n, azimuths) that somebody talks there."""

    def __init__(self) -> None:
        super().__init__()
        channels = 2 * (2 * BANDS) + 2 * BANDS + BANDS
        self.mix = Around(channels, AROUND, 1, 1, 1)
        self.first = Around(AROUND, AROUND, 5, 5, 2)
        self.second = Around(AROUND, 40, 3, 5, 2)
        self.third = Around(40, 40, 3, 7, 2)
        self.attention = nn.Conv2d(40, 40, 1)
        self.down = Ring(80 + channels, 64, 9)
        self.wide = Ring(64, 64, 9)
        self.out = Ring(64, 1, 5)

    def forward(self, maps: torch.Tensor, gates: torch.Tensor, blur: torch.Tensor) -> torch.Tensor:
        contrast = maps - maps.mean(3, keepdim=True)
        gate = gates[..., None]
        shape = (maps.shape[0], BANDS, maps.shape[2], maps.shape[3])
        everywhere = gate.expand(-1, -1, -1, maps.shape[3])
        looks = blur[:, :, None, None].expand(*shape)
        x = torch.cat([10.0 * contrast, 3.0 * contrast / (gate + 0.02), everywhere, looks], 1)
        z = self.third(self.second(self.first(self.mix(x))))
        share = torch.softmax(self.attention(z), 2)
        flat = torch.cat([(share * z).sum(2), z.amax(2), x.mean(2)], 1)
        flat = functional.relu(self.down(flat))
        return self.out(functional.relu(self.wide(flat)))[:, 0]
