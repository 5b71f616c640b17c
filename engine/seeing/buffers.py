"""The only memory of ours in which a picture may lie, and its erasure.

A `Workspace` lends arrays by name and overwrites all of them at once; one that
must change its shape is overwritten before it is let go. The number of names
is fixed by the code that uses it, so the pool cannot grow with time. It must
not hand an array to anybody who keeps it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class Workspace:
    """Scratch arrays, one a name, reused from frame to frame."""

    def __init__(self) -> None:
        self._arrays: dict[str, Array] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
        """The array called `name`; its content is arbitrary, its life ends with `wipe`."""
        found = self._arrays.get(name)
        if found is None or found.shape != shape or found.dtype != dtype:
            if found is not None:
                found.fill(0)
            found = self._arrays[name] = np.zeros(shape, dtype)
        return found

    def wipe(self) -> None:
        """Overwrite everything that was lent."""
        for array in self._arrays.values():
            array.fill(0)

    def arrays(self) -> tuple[Array, ...]:
        """All buffers, for tests that look for remains of a picture."""
        return tuple(self._arrays.values())

    @contextmanager
    def wiped(self) -> Iterator[Workspace]:
        """Lend within a block, overwrite at its end, whether it succeeds or not."""
        try:
            yield self
        finally:
            self.wipe()
