"""A list of listeners that all hear of an edge, whatever one of them does.

Used by whatever reports edges from any thread (shutter, mute, touch screen).
Holds no lock and knows no meaning; the caller decides the order of edges.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Listeners(Generic[T]):
    """Calls every listener in the order in which they came."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[T], None]] = []

    def add(self, listener: Callable[[T], None]) -> None:
        self._listeners.append(listener)

    def clear(self) -> None:
        self._listeners.clear()

    def tell(self, value: T) -> None:
        """Tell all; the first error is raised once everybody has been told."""
        first: Exception | None = None
        for listener in tuple(self._listeners):
            try:
                listener(value)
            except Exception as error:  # noqa: BLE001 - one that fails must not shield the camera from a closing shutter
                first = first or error
        if first is not None:
            raise first
