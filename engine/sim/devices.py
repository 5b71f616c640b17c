"""Simulated touch screen, light ring, display and loudspeaker.

They remember what they were told, so that a test or the page can ask; nothing
here has behaviour of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from engine.core.types import Indicate
from engine.ports import Samples

# What a device remembers; a demo runs for weeks.
REMEMBERED = 256


class SimulatedTouchScreen:
    """A `ports.TouchScreen` whose finger is a method call."""

    def __init__(self) -> None:
        self.pressed = False
        self._listeners: list[Callable[[bool], None]] = []

    def listen(self, listener: Callable[[bool], None]) -> None:
        self._listeners.append(listener)

    def touch(self, pressed: bool) -> None:
        """Put the finger down or lift it; listeners hear of the edge only."""
        if pressed == self.pressed:
            return
        self.pressed = pressed
        for listener in tuple(self._listeners):
            listener(pressed)

    def close(self) -> None:
        self._listeners.clear()


class SimulatedIndicator:
    """A `ports.Indicator`: the light ring; `shown` is what it shows now."""

    def __init__(self) -> None:
        self.shown: Indicate | None = None
        self.history: deque[Indicate] = deque(maxlen=REMEMBERED)

    def show(self, indication: Indicate) -> None:
        self.shown = indication
        self.history.append(indication)

    def close(self) -> None:
        self.shown = None


class SimulatedDisplay:
    """A `ports.Display`: `text` is what the screen says now."""

    def __init__(self) -> None:
        self.text = ""
        self.history: deque[str] = deque(maxlen=REMEMBERED)

    def say(self, text: str) -> None:
        self.text = text
        self.history.append(text)


class SimulatedSoundSink:
    """A `ports.SoundSink` that remembers the last `REMEMBERED` pieces."""

    def __init__(self) -> None:
        self.pieces: deque[Samples] = deque(maxlen=REMEMBERED)

    def write(self, samples: Samples) -> None:
        self.pieces.append(samples.copy())

    def close(self) -> None:
        self.pieces.clear()


class SimulatedSpeaker:
    """A `ports.Speaker`: `played` holds (sound, volume), oldest first; `sounds` what is heard."""

    def __init__(self) -> None:
        self.played: deque[tuple[str, float]] = deque(maxlen=REMEMBERED)
        self.sounds = ""

    def play(self, sound: str, volume: float) -> None:
        self.played.append((sound, volume))
        self.sounds = sound

    def stop(self) -> None:
        self.sounds = ""

    def close(self) -> None:
        self.stop()
