"""A wake word's network, step by step: what it makes of the features of 10 ms each.

A network is pymicro-wakeword's own, or a copy of it that was taught further what a filter leaves of
a word in a room with a television (models/README.md). The package's interpreter runs either, on
buffers that stay and with its very numbers: the package makes new arrays, pointers and a mean for
every step, which took three times as long as the network.
"""

from __future__ import annotations

import ctypes
import importlib
from typing import Any

import numpy as np
import numpy.typing as npt

from engine import networks


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
        """Steps between two answers."""
        return int(self._spotter.stride)

    def reset(self) -> None:
        """Forget what was heard so far. The package would read its file anew for that, which an
        upgrade may have replaced or taken away meanwhile."""
        spotter, library = self._spotter, self._spotter.lib
        library.TfLiteInterpreterDelete(spotter.interpreter)
        spotter.interpreter = library.TfLiteInterpreterCreate(spotter.model, None)
        library.TfLiteInterpreterAllocateTensors(spotter.interpreter)
        spotter.input_tensor = library.TfLiteInterpreterGetInputTensor(spotter.interpreter, 0)
        spotter.output_tensor = library.TfLiteInterpreterGetOutputTensor(spotter.interpreter, 0)
        self._features.clear()

    def probability(self, features: npt.NDArray[np.float64]) -> float:
        """Of the word, when the features of one more step, any shape, complete as many as the
        network takes at once; 0 of the steps between."""
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
