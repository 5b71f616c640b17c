"""A wake word's networks, step by step: what they make of the features of 10 ms each.

A network is pymicro-wakeword's own, or a copy of it that was taught further what a filter leaves of
a word in a room with a television (models/README.md). The package's interpreter runs either, on
buffers that stay and with its very numbers: the package makes new arrays, pointers and a mean for
every step, which took three times as long as the network.
"""

from __future__ import annotations

import ctypes
import importlib
import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from engine import networks
from engine.errors import UserError

SMALLEST = 1.0 / 512.0
"""Half of the step in which a network says its probability: none of a jury counts as nearer to 0 or
1 than this."""


class Answering(Protocol):
    """Whatever answers as a network does."""

    @property
    def stride(self) -> int:
        """Steps between two answers."""

    def reset(self) -> None:
        """Forget what was heard so far."""

    def probability(self, features: npt.NDArray[np.float64]) -> float:
        """Of the word, when the features of one more step, any shape, complete as many as are
        taken at once; 0 of the steps between."""


def open_network(word: str, *, taught: bool) -> WordNetwork:
    """The network of `word`: the package's own, or the one `taught` further that ships with the
    engine. Raises ImportError or OSError where the package cannot work here, UserError where the
    taught one is not what was measured."""
    package: Any = importlib.import_module("pymicro_wakeword")
    kept: dict[str, Any] = {}
    if taught:
        for name in (word, f"{word}_settings"):
            networks.verified(name, networks.HEARING)
        kept["models_dir"] = networks.HEARING
    return WordNetwork(package.MicroWakeWord.from_builtin(package.Model(word), **kept))


class WordNetwork:
    """One of the package's `MicroWakeWord`, whose own streaming is then not to be used."""

    def __init__(self, spotter: Any) -> None:
        self._spotter = spotter
        self._features: list[npt.NDArray[np.float64]] = []
        # Both are of eight bits.
        taken = spotter.lib.TfLiteTensorByteSize(spotter.input_tensor)
        self._given = np.zeros(taken, spotter.input_dtype)
        self._said = np.zeros(1, spotter.output_dtype)
        self._given_at = ctypes.c_void_p(self._given.ctypes.data)
        self._said_at = ctypes.c_void_p(self._said.ctypes.data)

    @property
    def stride(self) -> int:
        return int(self._spotter.stride)

    def reset(self) -> None:
        """The package would read its file anew for that, which an upgrade may have replaced or
        taken away meanwhile."""
        spotter, library = self._spotter, self._spotter.lib
        library.TfLiteInterpreterDelete(spotter.interpreter)
        spotter.interpreter = library.TfLiteInterpreterCreate(spotter.model, None)
        library.TfLiteInterpreterAllocateTensors(spotter.interpreter)
        spotter.input_tensor = library.TfLiteInterpreterGetInputTensor(spotter.interpreter, 0)
        spotter.output_tensor = library.TfLiteInterpreterGetOutputTensor(spotter.interpreter, 0)
        self._features.clear()

    def probability(self, features: npt.NDArray[np.float64]) -> float:
        self._features.append(features.ravel())
        spotter = self._spotter
        if len(self._features) < spotter.stride:
            return 0.0
        steps = np.concatenate(self._features)
        self._features.clear()
        steps /= spotter.input_scale
        steps += spotter.input_zero_point
        np.rint(steps, out=steps)
        np.copyto(self._given, steps, casting="unsafe")
        library = spotter.lib
        library.TfLiteTensorCopyFromBuffer(spotter.input_tensor, self._given_at, self._given.nbytes)
        library.TfLiteInterpreterInvoke(spotter.interpreter)
        library.TfLiteTensorCopyToBuffer(spotter.output_tensor, self._said_at, self._said.nbytes)
        return float((int(self._said[0]) - spotter.output_zero_point) * spotter.output_scale)


class Jury:
    """Networks of one word as one, by the mean of their log odds: a word that one of them knows
    well need only be likely to the others, and they seldom take the same sound for it."""

    def __init__(self, members: Sequence[Answering]) -> None:
        """Raises UserError where they do not answer at the same steps."""
        strides = {member.stride for member in members}
        if len(strides) != 1:
            raise UserError(
                f"networks of one word that answer every {sorted(strides)} steps",
                "install pymicro-wakeword 2.5, of which the taught ones were made",
            )
        (self._stride,) = strides
        self._members = members
        self._steps = 0

    @property
    def stride(self) -> int:
        return self._stride

    def reset(self) -> None:
        self._steps = 0
        for member in self._members:
            member.reset()

    def probability(self, features: npt.NDArray[np.float64]) -> float:
        said = [member.probability(features) for member in self._members]
        self._steps = (self._steps + 1) % self._stride
        if self._steps:
            return 0.0
        return probability_of(sum(map(log_odds, said)) / len(said))


def log_odds(probability: float) -> float:
    """At most those of half a step from 0 or 1."""
    held = min(max(probability, SMALLEST), 1.0 - SMALLEST)
    return math.log(held / (1.0 - held))


def probability_of(odds: float) -> float:
    """Of log odds; the other way round than `log_odds`."""
    return 1.0 / (1.0 + math.exp(-odds))
