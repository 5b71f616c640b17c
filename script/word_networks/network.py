"""A microWakeWord network in PyTorch: taken out of its file, and put back into a copy of it.

It counts with the file's own quantisation, so what is learned survives being written as integers
of eight bits: rounding passes gradients straight through (Bengio et al. 2013, "Estimating or
propagating gradients through stochastic neurons"). The copy differs in weights alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pymicro_wakeword
import tflite
import torch
from torch import nn
from torch.nn import functional

CODES = {
    tflite.BuiltinOperator.CONV_2D: "mixes",
    tflite.BuiltinOperator.DEPTHWISE_CONV_2D: "each",
    tflite.BuiltinOperator.FULLY_CONNECTED: "sums",
}
"""What a layer does with its channels: mixes them, filters each over time, sums all up."""


def package_file(word: str) -> Path:
    """The package's file for `word`."""
    return Path(pymicro_wakeword.__file__).parent / "models" / f"{word}.tflite"


@dataclass(frozen=True, eq=False)
class Stored:
    """Integers in the file: where they lie, and what one of them stands for."""

    start: int
    values: np.ndarray
    scale: np.ndarray


@dataclass(frozen=True, eq=False)
class Layer:
    kind: str
    weights: Stored
    offsets: Stored
    scale: float
    zero: int
    """Its output stands for scale * (integer - zero)."""


def layers(raw: bytes) -> tuple[list[Layer], float, int]:
    """The layers of a file in order, and its input's scale and zero point."""
    model = tflite.Model.GetRootAs(raw, 0)
    graph = model.Subgraphs(0)
    origin = np.frombuffer(raw, np.uint8).__array_interface__["data"][0]

    def quantised(index: int) -> tuple[np.ndarray, int]:
        quantisation = graph.Tensors(index).Quantization()
        return np.array(quantisation.ScaleAsNumpy()), int(quantisation.ZeroPointAsNumpy()[0])

    def stored(index: int, dtype: type) -> Stored:
        tensor = graph.Tensors(index)
        data = model.Buffers(tensor.Buffer()).DataAsNumpy()
        start = data.__array_interface__["data"][0] - origin
        values = np.frombuffer(bytes(data), dtype).reshape(tensor.ShapeAsNumpy())
        return Stored(start, values, quantised(index)[0].astype(np.float64))

    found = []
    for number in range(graph.OperatorsLength()):
        operator = graph.Operators(number)
        code = model.OperatorCodes(operator.OpcodeIndex())
        kind = CODES.get(max(code.BuiltinCode(), code.DeprecatedBuiltinCode()))
        if kind is not None:
            _, weights, offsets = (int(i) for i in operator.InputsAsNumpy()[:3])
            scale, zero = quantised(int(operator.OutputsAsNumpy()[0]))
            found.append(
                Layer(kind, stored(weights, np.int8), stored(offsets, np.int32), scale[0], zero)
            )
    scale, zero = quantised(int(graph.InputsAsNumpy()[0]))
    return found, float(scale[0]), zero


class TrainableNetwork(nn.Module):
    """Features (batch, steps, 40) to log odds (batch, steps / stride), from silence on."""

    STRIDE = 3

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._raw = file.read_bytes()
        self._layers, self._scale, self._zero = layers(self._raw)
        self.weights = nn.ParameterList(values_of(layer.weights, layer) for layer in self._layers)
        self.offsets = nn.ParameterList(values_of(layer.offsets) for layer in self._layers)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        sound = rounded(features, self._scale, self._zero).transpose(1, 2)
        index = 0
        while index < len(self._layers):
            count = 1
            if self._layers[index].kind == "each":
                # Side by side, each on some of the channels: filters of several lengths.
                while self._layers[index + count].kind == "each":
                    count += 1
                sound = self._filtered(sound, range(index, index + count))
            else:
                sound = self._mixed(sound, index)
            index += count
        return sound[:, 0]

    def _filtered(self, sound: torch.Tensor, group: range) -> torch.Tensor:
        made, at = [], 0
        for index in group:
            weights = self._weights(index)
            length, channels = weights.shape[1], weights.shape[3]
            part = functional.pad(sound[:, at : at + channels], (length - 1, 0))
            kernel = weights[0, :, 0, :].t()[:, None]
            made.append(
                self._out(
                    functional.conv1d(part, kernel, self.offsets[index], groups=channels), index
                )
            )
            at += channels
        return torch.cat(made, 1)

    def _mixed(self, sound: torch.Tensor, index: int) -> torch.Tensor:
        weights, offsets = self._weights(index), self.offsets[index]
        if self._layers[index].kind == "sums":
            channels = sound.shape[1]
            kernel = weights.view(-1, channels).t()[None]
            late = functional.pad(sound, (kernel.shape[2] - 1, 0))
            return functional.conv1d(late, kernel, offsets)
        kernel = weights[:, :, 0, :].permute(0, 2, 1)
        stride = self.STRIDE if index == 0 else 1
        early = functional.pad(sound, (kernel.shape[2] - stride, 0))
        # Nothing below 0 is left by what these round to, so it rectifies, too.
        return self._out(functional.conv1d(early, kernel, offsets, stride=stride), index)

    def _weights(self, index: int) -> torch.Tensor:
        layer = self._layers[index]
        scale = torch.from_numpy(broad(layer).astype(np.float32))
        return torch.clamp(straight(self.weights[index] / scale), -127, 127) * scale

    def _out(self, sound: torch.Tensor, index: int) -> torch.Tensor:
        return rounded(sound, self._layers[index].scale, self._layers[index].zero)

    def write(self, file: Path) -> None:
        """A copy of the file it came from, with the weights that it has now."""
        raw = bytearray(self._raw)
        for layer, weights, offsets in zip(self._layers, self.weights, self.offsets, strict=True):
            for stored, scale, values in (
                (layer.weights, broad(layer), weights),
                (layer.offsets, layer.offsets.scale, offsets),
            ):
                whole = np.rint(values.detach().numpy().astype(np.float64) / scale)
                if stored is layer.weights:
                    whole = np.clip(whole, -127, 127)
                data = whole.astype(stored.values.dtype).tobytes()
                raw[stored.start : stored.start + len(data)] = data
        file.write_bytes(raw)


def broad(layer: Layer) -> np.ndarray:
    """The scales of a layer's weights, in a shape that multiplies them."""
    shape = {"mixes": (-1, 1, 1, 1), "each": (1, 1, 1, -1), "sums": (1, 1)}[layer.kind]
    return layer.weights.scale.reshape(shape)


def values_of(stored: Stored, layer: Layer | None = None) -> nn.Parameter:
    scale = stored.scale if layer is None else broad(layer)
    return nn.Parameter(torch.from_numpy((stored.values * scale).astype(np.float32)))


def straight(values: torch.Tensor) -> torch.Tensor:
    """Rounded, with the gradient of what was not."""
    return values + (torch.round(values) - values).detach()


def rounded(values: torch.Tensor, scale: float, zero: int) -> torch.Tensor:
    """As integers of eight bits keep them."""
    return (torch.clamp(straight(values / scale) + zero, -128, 127) - zero) * scale
