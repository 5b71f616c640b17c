"""Runs a network of seeing: on ONNX Runtime, or on OpenCV where that is missing or fails.

Both give the same numbers to five digits; OpenCV's dnn is slower, and there on
every computer that can decode a picture. Which one runs is logged once a
network. It knows nothing of what a network sees.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from engine import networks

log = logging.getLogger(__name__)

OTHER = "OpenCV"
Values = npt.NDArray[Any]


class Network(Protocol):
    """`outputs` are the names of what it computes."""

    outputs: Sequence[str]

    def run(self, outputs: Sequence[str], feed: Mapping[str, Values]) -> list[Values]:
        """The named outputs for these inputs, as float32 of the network's shapes."""


class OnnxRuntime:
    """A network on ONNX Runtime."""

    def __init__(self, name: str, threads: int = 1) -> None:
        """Raises ImportError where it is not installed, and whatever it says of a network."""
        self._session = networks.session(name, networks.SEEING, threads)
        outputs = self._session.get_outputs()
        self.outputs: Sequence[str] = tuple(output.name for output in outputs)

    def run(self, outputs: Sequence[str], feed: Mapping[str, Values]) -> list[Values]:
        return list(self._session.run(list(outputs), dict(feed)))


class OpenCV:
    """A network on OpenCV's dnn, with as many threads as OpenCV has."""

    def __init__(self, name: str) -> None:
        data = networks.verified(name, networks.SEEING)
        self._net = cv2.dnn.readNetFromONNX(np.frombuffer(data, np.uint8))
        self.outputs: Sequence[str] = tuple(self._net.getUnconnectedOutLayersNames())

    def run(self, outputs: Sequence[str], feed: Mapping[str, Values]) -> list[Values]:
        try:
            for name, values in feed.items():
                self._net.setInput(values, name)
            return [np.asarray(value) for value in self._net.forward(list(outputs))]
        finally:
            # It keeps a copy of its input.
            for name, values in feed.items():
                self._net.setInput(np.zeros_like(values), name)


class Either:
    """A network on ONNX Runtime as long as that works, else on OpenCV for good."""

    def __init__(self, name: str, threads: int = 1) -> None:
        """Raises UserError when the network itself is missing or damaged."""
        self._name = name
        self.runs_on = "ONNX Runtime"
        """The name of what it runs on."""
        networks.verified(name, networks.SEEING)
        try:
            self._inner: Network = OnnxRuntime(name, threads)
        except Exception as error:  # noqa: BLE001 (its errors have no base of their own)
            self._inner = self._other(error)
        self.outputs = self._inner.outputs

    def run(self, outputs: Sequence[str], feed: Mapping[str, Values]) -> list[Values]:
        try:
            return self._inner.run(outputs, feed)
        except Exception as error:
            if self.runs_on == OTHER:
                raise
            self._inner = self._other(error)
            return self._inner.run(outputs, feed)

    def _other(self, error: Exception) -> Network:
        said = type(error).__name__
        log.warning("ONNX Runtime: %s; the network '%s' runs on OpenCV, slower", said, self._name)
        self.runs_on = OTHER
        return OpenCV(self._name)
