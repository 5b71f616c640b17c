"""`heliotrope run`: the engine, with a page and a broker, until Ctrl-C or a recording's end.

Owns the terminal: the one-time link, a line that tells what the head does and
why, and what a played recording came to. Signals end it; SIGUSR1, or Enter on
a terminal, prints another link.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.app import Running, running
from engine.config import Config
from engine.config_file import load_config
from engine.core.types import Snapshot
from engine.errors import HeliotropeError, RunError, UserError
from engine.logs import start_logging
from engine.ports import SourceFailed
from engine.urgent import switch_often

HELP = "The engine: follow people, with a page and a broker."
EXAMPLES = """
  heliotrope run
      in the simulated room, or with the hardware of ./config.yaml
  heliotrope run --config /etc/heliotrope/config.yaml
  heliotrope run --camera clip.mp4 --microphones clip.wav
      play a recording and follow the people in it with an electronic pan
  heliotrope run --camera 0 --microphones none
      a USB camera, deaf
  heliotrope run --camera rtsp://192.168.1.20/stream
"""

log = logging.getLogger(__name__)

INTERRUPTED = 130
LEFT_SECONDS = 0.3
ENDING = (signal.SIGINT, signal.SIGTERM)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", type=Path, help="configuration (YAML)")
    parser.add_argument(
        "--camera", metavar="SRC", help="a device, a URL, a video, a folder of pictures, none"
    )
    parser.add_argument("--microphones", metavar="SRC", help="a device, a wav file, none")
    parser.add_argument(
        "--fov", metavar="DEG", type=float, help="the horizontal field of view of the camera"
    )
    parser.add_argument("--quiet", action="store_true", help="no status line")


def run(arguments: argparse.Namespace) -> int:
    config = configured(arguments)
    start_logging(config.log.level.value)
    switch_often()
    # A status line and log lines would overwrite each other; a person who
    # watches the terminal sees the line, a service's journal the log.
    live = sys.stderr.isatty() and not arguments.quiet
    try:
        return _until_done(_play(config, Terminal(live)))
    except SourceFailed as error:
        raise UserError(str(error)) from None


def configured(arguments: argparse.Namespace) -> Config:
    """The configuration with the sources of the command line.

    What is simulated beside a real source is left out (`parts.of_one_world`).
    """
    config = load_config(arguments.config)
    camera, microphones = config.camera, config.microphones
    if arguments.camera is not None:
        camera = replace(camera, source=arguments.camera)
    if arguments.microphones is not None:
        microphones = replace(microphones, source=arguments.microphones)
    if arguments.fov is not None:
        if not 10.0 <= arguments.fov <= 360.0:
            raise UserError(f"--fov {arguments.fov:g}", "give between 10 and 360 degrees")
        camera = replace(camera, field_of_view=arguments.fov)
    return replace(config, camera=camera, microphones=microphones)


def _until_done(work: Coroutine[Any, Any, int]) -> int:
    """`asyncio.run`, but it does not wait for asyncio's pool of threads.

    A name that is being looked up, or a broker that does not answer, keeps one
    of them for many seconds.
    """
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.run_until_complete(_end_tasks())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _end_tasks() -> None:
    """Whatever an integration left behind."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=LEFT_SECONDS)


async def _play(config: Config, terminal: Terminal) -> int:
    ending = Ending()
    with ending.on_signals():
        ending.while_starting(asyncio.current_task())
        try:
            async with running(config) as engine:
                ending.once_up(engine)
                with _links(engine, terminal):
                    terminal.welcome(engine)
                    await _until_ended(engine, ending, terminal)
                failure = engine.failure
        except asyncio.CancelledError:
            if not ending.asked.is_set():
                raise
            return INTERRUPTED
    terminal.farewell(engine)
    if failure is not None:
        if isinstance(failure, HeliotropeError | SourceFailed):
            raise failure
        log.error("a part failed", exc_info=failure)
        raise RunError(f"the engine stopped: {type(failure).__name__}: {failure}")
    return INTERRUPTED if ending.asked.is_set() and not engine.ended.is_set() else 0


async def _until_ended(engine: Running, ending: Ending, terminal: Terminal) -> None:
    """Until a signal, the recording's end, or a failure."""
    watching = asyncio.create_task(terminal.watch(engine))
    waits = [asyncio.create_task(e.wait()) for e in (ending.asked, engine.ended)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in (*waits, watching):
        task.cancel()
    await asyncio.gather(*waits, watching, return_exceptions=True)


class Ending:
    """SIGINT and SIGTERM end the engine, from its very beginning; a second one ends the process."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self._engine: Running | None = None
        self._starting: asyncio.Task[Any] | None = None

    def while_starting(self, task: asyncio.Task[Any] | None) -> None:
        """Until it is up, the start itself is broken off."""
        self._starting = task

    def once_up(self, engine: Running) -> None:
        self._engine, self._starting = engine, None

    @contextlib.contextmanager
    def on_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in ENDING:
            loop.add_signal_handler(number, self._in_the_loop)
            # asyncio's own handler does nothing, and the loop comes to it when it can. The torque
            # does not wait for the loop: this runs between two instructions of the main thread.
            signal.signal(number, self._at_once)
        try:
            yield
        finally:
            for number in ENDING:
                loop.remove_signal_handler(number)

    def _at_once(self, number: int, _frame: object) -> None:
        if self._engine is not None:
            self._engine.let_go()
        if self.asked.is_set():
            os._exit(128 + number)  # somebody is impatient

    def _in_the_loop(self) -> None:
        self.asked.set()
        if self._starting is not None:
            self._starting.cancel()


@contextlib.contextmanager
def _links(engine: Running, terminal: Terminal) -> Iterator[None]:
    """SIGUSR1, and Enter on a terminal, print another link."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, lambda: terminal.link(engine))
    if sys.stdin is not None and sys.stdin.isatty():
        _on_enter(lambda: loop.call_soon_threadsafe(terminal.link, engine))
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGUSR1)


def _on_enter(call: Callable[[], object]) -> None:
    def read() -> None:
        for _ in sys.stdin:
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                call()

    threading.Thread(target=read, name="enter", daemon=True).start()


class Terminal:
    """What a person at the terminal reads. stdout has the link, stderr the status line."""

    def __init__(self, live: bool) -> None:
        self._live = live
        self._moves = 0
        self._seen: set[int] = set()
        self._last: Snapshot | None = None

    def welcome(self, engine: Running) -> None:
        for line in engine.parts.summary:
            print(line)
        if engine.broker is not None:
            print(f"broker: {engine.broker.host}:{engine.broker.port} (loopback, own password)")
        self.link(engine)
        print("Ctrl-C stops.", flush=True)

    def link(self, engine: Running) -> None:
        link = engine.new_link()
        if link is not None:
            self._clear()
            print(f"open once, within 10 minutes: {link}", flush=True)

    async def watch(self, engine: Running) -> None:
        """Count, and on a terminal show, what happens."""
        async for snapshot in engine.hub.states.watch():
            if snapshot.moving and not (self._last and self._last.moving):
                self._moves += 1
            self._seen |= {p.id for p in snapshot.people if p.seen}
            self._last = snapshot
            if self._live:
                self._show(snapshot)

    def _show(self, snapshot: Snapshot) -> None:
        people = len([p for p in snapshot.people if p.seen])
        line = f"{snapshot.heading:+6.1f}°  {people} seen  {snapshot.reason.text}"
        print(f"\r\x1b[2K{line[:100]}", end="", file=sys.stderr, flush=True)

    def _clear(self) -> None:
        if self._live:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)

    def farewell(self, engine: Running) -> None:
        """What a played recording came to."""
        self._clear()
        if engine.parts.plays_recording:
            frames = engine.parts.frames
            print(
                f"played {frames} frames; {len(self._seen)} people followed, "
                f"the head moved {self._moves} times"
            )
