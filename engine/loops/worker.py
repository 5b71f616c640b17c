"""A thread for one loop's blocking calls: reading a device, looking, listening.

asyncio's own pool is waited for when a program ends, however long a call in
it takes; a head that has been told to stop cannot wait for a frame. This
thread is daemonic and is left behind when it does not come back in time. It
decides nothing, and knows nothing of what it calls.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

PATIENCE = 0.3
"""Seconds that `stop` waits for the call under way."""

_Call = tuple[Future[Any], Callable[..., Any], tuple[Any, ...]]


class Worker:
    """`await worker.run(call, ...)`: calls happen one after another, in one thread.

    Cancelling the await returns at once; a call under way goes on, and its
    result is dropped. The thread starts with the first call.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def run(self, call: Callable[..., T], *arguments: object) -> T:
        """What `call` returns, or raises."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        result: Future[T] = Future()
        self._calls.put((result, call, arguments))
        return await asyncio.wrap_future(result)

    async def stop(self, last: Callable[[], object] = bool, *, patience: float = PATIENCE) -> bool:
        """End the thread after the call under way and `last`; whether it ended within `patience`.

        Without a thread nothing is called. A thread that comes back later
        still does `last` before it ends.
        """
        if self._thread is None:
            return True
        ended: Future[object] = Future()
        self._calls.put((ended, last, ()))
        self._calls.put(None)
        await asyncio.wait({asyncio.wrap_future(ended)}, timeout=patience)
        return ended.done()

    def _work(self) -> None:
        while (item := self._calls.get()) is not None:
            _carry_out(*item)
            # Nothing of a picture or a voice stays with an idle thread.
            del item


def _carry_out(result: Future[Any], call: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    if not result.set_running_or_notify_cancel():
        return
    try:
        made = call(*arguments)
    except BaseException as error:  # noqa: BLE001
        result.set_exception(error)
    else:
        result.set_result(made)
