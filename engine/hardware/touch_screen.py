"""A touch screen under Linux: whether a finger is on it, from its event device.

Only the one bit is read that says so (`BTN_TOUCH`, which every touch screen sends, however many
fingers it tells apart); where the finger is, nobody learns. The screen is found by what the kernel
says of its devices, so that no keyboard is ever opened. A screen that is unplugged lets go, and is
looked for again. It decides nothing.

Source: kernel, Documentation/input/event-codes.rst (BTN_TOUCH, SYN_DROPPED, INPUT_PROP_DIRECT) and
include/uapi/linux/input.h (`struct input_event`).
"""

from __future__ import annotations

import logging
import os
import select
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.listeners import Listeners

log = logging.getLogger(__name__)

AUTO = "auto"
DEVICES = Path("/dev/input")
CLASS = Path("/sys/class/input")
AGAIN = 2.0
"""Seconds between two looks for a screen that is not there."""

EVENT = struct.Struct("@llHHi")  # seconds, microseconds, type, code, value
EV_SYN, SYN_DROPPED = 0, 3
EV_KEY, BTN_TOUCH, INPUT_PROP_DIRECT = 1, 0x14A, 1
MOST = 64


@dataclass(frozen=True, slots=True)
class Screen:
    """A touch screen that the kernel knows."""

    path: Path
    name: str


def screens(devices: Path = DEVICES, kernel: Path = CLASS) -> Iterator[Screen]:
    """All that have a touch and are looked at where they are touched (a touch pad is not)."""
    for entry in sorted(kernel.glob("event*"), key=lambda e: (len(e.name), e.name)):
        about = entry / "device"
        touches = _has(about / "capabilities" / "key", BTN_TOUCH)
        if touches and _has(about / "properties", INPUT_PROP_DIRECT):
            yield Screen(devices / entry.name, _text(about / "name"))


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace").strip()
    except OSError:
        return ""


def _has(file: Path, bit: int) -> bool:
    """Whether a bit is set in one of the kernel's maps: words in hex, the highest first."""
    word = 8 * struct.calcsize("@L")
    words = _text(file).split()[::-1]
    try:
        return bool(int(words[bit // word], 16) >> bit % word & 1)
    except (IndexError, ValueError):
        return False


class LinuxTouchScreen:
    """A `ports.TouchScreen`: `wanted` is `auto`, a part of a screen's name, or its path.

    Reads in a thread of its own, which calls the listeners. Never raises: `problem` says what is
    wrong. `find` gives the screens that there are.
    """

    def __init__(
        self,
        wanted: str = AUTO,
        find: Callable[[], Iterator[Screen]] = screens,
        again: float = AGAIN,
    ) -> None:
        self._wanted = wanted
        self._find = find
        self._again = again
        self._listeners: Listeners[bool] = Listeners()
        self._pressed = False
        self.problem: str | None = None
        self.name = ""
        self._stopped, self._stop = os.pipe()
        self._closed = False
        opened = self._open()
        self._thread = threading.Thread(
            target=self._run, args=(opened,), name="touch screen", daemon=True
        )
        self._thread.start()

    def listen(self, listener: Callable[[bool], None]) -> None:
        """Hear of every edge from now on, in the screen's thread."""
        self._listeners.add(listener)

    def close(self) -> None:
        """Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self._listeners.clear()
        os.write(self._stop, b".")
        self._thread.join()
        os.close(self._stop)
        os.close(self._stopped)

    def _choose(self) -> Path | None:
        if self._wanted.startswith("/"):
            self.name = self._wanted
            return Path(self._wanted)
        for screen in self._find():
            if self._wanted == AUTO or self._wanted.lower() in screen.name.lower():
                self.name = f"{screen.name} ({screen.path})"
                return screen.path
        return None

    def _open(self) -> int | None:
        """The screen's file; None, and why in `problem`, where it cannot be had."""
        path = self._choose()
        if path is None:
            which = "no touch screen" if self._wanted == AUTO else f"no screen {self._wanted}"
            self.problem = f"{which} here; plug it in, or set touch_screen.device to none"
            return None
        try:
            opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except PermissionError:
            self.problem = f"{path} may not be read; docs/hardware.md has the rule that allows it"
        except OSError as error:
            self.problem = f"{path}: {error.strerror}; check touch_screen.device"
        else:
            self.problem = None
            return opened
        return None

    def _run(self, opened: int | None) -> None:
        while True:
            if opened is not None:
                try:
                    self._read(opened)
                finally:
                    os.close(opened)
                # Whoever touched it cannot be known to do so any more.
                self._become(pressed=False)
            if select.select([self._stopped], [], [], self._again)[0]:
                return
            opened = self._open()

    def _read(self, opened: int) -> None:
        """Its events, until it is gone or this is closed."""
        left = b""
        while True:
            ready, _, _ = select.select([opened, self._stopped], [], [])
            if self._stopped in ready:
                return
            try:
                data = os.read(opened, MOST * EVENT.size)
            except BlockingIOError:
                continue
            except OSError as error:
                self.problem = f"{self.name}: {error.strerror}; check its plug"
                return
            if not data:
                self.problem = f"{self.name}: it is gone; check its plug"
                return
            left += data
            whole = len(left) - len(left) % EVENT.size
            for _, _, kind, code, value in EVENT.iter_unpack(left[:whole]):
                if (kind, code) == (EV_KEY, BTN_TOUCH):
                    self._become(pressed=value != 0)
                elif (kind, code) == (EV_SYN, SYN_DROPPED):
                    # The kernel kept some back: the finger's leaving may have been among them.
                    self._become(pressed=False)
            left = left[whole:]

    def _become(self, *, pressed: bool) -> None:
        if pressed is not self._pressed:
            self._pressed = pressed
            try:
                self._listeners.tell(pressed)
            except Exception:
                # One listener that fails must not leave the others without the next touch.
                log.exception("a listener of the touch screen failed")
