"""The network on band maps: circular in azimuth, attentive in time. Needs PyTorch.

Whatever turns the maps turns the answer: all convolutions over azimuth are circular and nothing
knows an absolute direction, so one network serves every array and every mounting.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from engine.hearing.band_maps import BANDS

AROUND, DEEP, RING = 32, 40, 64
"""Channels of the moments, of what is made of them, and of the one ring at the end."""


def wrapped(x: torch.Tensor, reach: int) -> torch.Tensor:
    """(..., azimuths) with so many of the other end on either side."""
    return torch.cat([x[..., -reach:], x, x[..., :reach]], -1)


class Around(nn.Module):
    """A convolution over (moments, azimuths), circular in azimuth, with normalisation."""

    def __init__(self, inside: int, outside: int, moments: int, azimuths: int, stride: int) -> None:
        super().__init__()
        self.reach = azimuths // 2
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
        return functional.relu(self.normal(self.convolution(wrapped(x, self.reach))))


class Ring(nn.Module):
    """A convolution over azimuth alone, circular."""

    def __init__(self, inside: int, outside: int, azimuths: int) -> None:
        super().__init__()
        self.reach = azimuths // 2
        self.convolution = nn.Conv1d(inside, outside, azimuths)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.convolution(wrapped(x, self.reach))


class AzimuthNetwork(nn.Module):
    """maps (n, 2 * bands, moments, azimuths), gates (n, 2 * bands, moments), blur (n, bands) to
    the log odds (n, azimuths) that somebody talks there."""

    def __init__(self) -> None:
        super().__init__()
        channels = 2 * (2 * BANDS) + 2 * BANDS + BANDS
        self.mix = nn.Conv2d(2 * (2 * BANDS), AROUND, 1)
        self.known = nn.Conv2d(2 * BANDS + BANDS, AROUND, 1, bias=False)
        self.normal = nn.BatchNorm2d(AROUND)
        self.first = Around(AROUND, AROUND, 5, 5, 2)
        self.second = Around(AROUND, DEEP, 3, 5, 2)
        self.third = Around(DEEP, DEEP, 3, 7, 2)
        self.attention = nn.Conv2d(DEEP, DEEP, 1)
        self.drop = nn.Dropout(0.15)
        self.down = Ring(2 * DEEP + channels, RING, 9)
        self.wide = Ring(RING, RING, 9)
        self.out = Ring(RING, 1, 5)

    def forward(self, maps: torch.Tensor, gates: torch.Tensor, blur: torch.Tensor) -> torch.Tensor:
        contrast = maps - maps.mean(3, keepdim=True)
        gate = gates[..., None]
        x = torch.cat([10.0 * contrast, contrast * (3.0 / (gate + 0.02))], 1)
        # What is alike all around is mixed once a moment, and added.
        known = torch.cat([gate, blur[:, :, None, None].expand(-1, -1, gate.shape[2], -1)], 1)
        z = functional.relu(self.normal(self.mix(x) + self.known(known)))
        z = self.third(self.second(self.first(z)))
        share = torch.softmax(self.attention(z), 2)
        beside = known.mean(2).expand(-1, -1, maps.shape[3])
        flat = torch.cat([(share * z).sum(2), z.amax(2), x.mean(2), beside], 1)
        flat = self.drop(functional.relu(self.down(self.drop(flat))))
        return self.out(functional.relu(self.wide(flat)))[:, 0]
