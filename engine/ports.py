"""What the engine needs from the outside, as Protocols.

Each has a fake that ships with the product (`engine.sim`, `engine.hardware`)
and a contract test that runs the same suite on fakes and real drivers.
Blocking calls are short, or are made from a worker thread by the loops; no
port reads configuration, and none decides anything.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from engine.core.types import Indicate, Label, PeopleSeen, ShutterState

Image = npt.NDArray[np.uint8]
Samples = npt.NDArray[np.float32]


class SourceEnded(Exception):
    """A recording came to its end: nothing is wrong."""


class SourceFailed(Exception):
    """A source cannot be opened or was lost; the message names it and the remedy."""


class SourceTorn(Exception):
    """One frame or block is damaged; the next may be well."""


@dataclass(frozen=True, slots=True)
class AxisAbilities:
    """What a driver can do; the engine says what it therefore cannot promise."""

    can_sense_contact: bool
    has_position: bool
    can_brake: bool
    coasting_deg: float = 0.0

    def limits(self) -> tuple[str, ...]:
        """What cannot be promised with this driver, in words for the owner."""
        return (
            *(() if self.can_sense_contact else ("feels no hand and no obstacle",)),
            *(() if self.has_position else ("only assumes where the head is",)),
            *(
                ()
                if self.can_brake
                else (
                    "cannot brake: closing the shutter cuts the torque, and a head at full speed"
                    f" coasts {self.coasting_deg:.0f} degrees",
                )
            ),
        )


@dataclass(frozen=True, slots=True)
class AxisReading:
    """Degrees from the mechanical centre, deg/s, torque in [-1, 1] of the limit or None."""

    heading: float
    velocity: float
    torque: float | None


@runtime_checkable
class Axis(Protocol):
    """A rotating base. Calls take at most a few milliseconds; raise OSError when it is lost."""

    abilities: AxisAbilities

    def energise(self) -> None:
        """Torque on, the target pinned to the present pose first, so that nothing jumps."""

    def command(self, heading: float, velocity: float) -> None:
        """Follow this set-point (deg, deg/s); called `axis.rate_hz` times a second."""

    def read(self) -> AxisReading: ...

    def release(self) -> None:
        """Torque off; safe at any time, also before `energise` and after a fault."""

    def close(self) -> None: ...


@dataclass(slots=True)
class Frame:
    """A picture lent by a camera: BGR, (height, width, 3), uint8. `t` is the exposure.

    Whoever received it calls `wipe` as soon as its numbers are taken.
    """

    t: float
    pixels: Image

    def wipe(self) -> None:
        """Overwrite the picture; afterwards only zeros are left in the buffer."""
        self.pixels.fill(0)

    def lent(self) -> Frame:
        """The same picture for somebody who is not the last to have it: its `wipe` does nothing."""
        return _Lent(self.t, self.pixels)


class _Lent(Frame):
    def wipe(self) -> None:
        """Whoever lent it wipes."""


@runtime_checkable
class PictureSink(Protocol):
    """One of the two ways out for a picture: evidence, and the live view.

    A frame is encoded only while some sink wants it. `wants` and `offer` are
    called in the event loop, `drop` on the shutter's edge from any thread:
    after it nothing of what was offered is left.
    """

    def wants(self, seen: PeopleSeen | None) -> bool:
        """Whether the frame in which this was seen (None: not looked at) may be had."""

    def offer(self, t: float, data: bytes, seen: PeopleSeen | None) -> None:
        """A frame of time `t`, as JPEG."""

    def drop(self) -> None: ...


@runtime_checkable
class Camera(Protocol):
    """A source of frames. `read` blocks for the next one, in a worker thread."""

    width: int
    height: int

    def open(self) -> None:
        """Raises SourceFailed."""

    def read(self) -> Frame:
        """Raises SourceEnded, SourceTorn or SourceFailed."""

    def close(self) -> None:
        """Release the device and overwrite every buffer of ours; safe to call twice."""


@dataclass(frozen=True, slots=True)
class AudioBlock:
    """`samples` has shape (microphones, n), float32 in [-1, 1], 16 kHz; `t` is its first sample."""

    t: float
    samples: Samples


@runtime_checkable
class Microphones(Protocol):
    """An array. `read` blocks for the next block, in a worker thread."""

    channels: int

    def open(self) -> None:
        """Raises SourceFailed."""

    def read(self) -> AudioBlock:
        """Raises SourceEnded, SourceTorn or SourceFailed."""

    def close(self) -> None: ...


@runtime_checkable
class SampleClocked(Protocol):
    """A source of sound whose samples are counted by a clock of its own."""

    @property
    def drift_ppm(self) -> float | None:
        """Parts per million by which the computer's clock runs faster; None while unknown."""


@runtime_checkable
class SelfChecking(Protocol):
    """A source of sound that sees for itself what does not show in the sound that it gives."""

    @property
    def trouble(self) -> str:
        """For people; empty while all is well."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A box in pixels, top-left origin: (x, y, width, height)."""

    label: Label
    score: float
    box: tuple[float, float, float, float]


@runtime_checkable
class PersonDetector(Protocol):
    def detect(self, image: Image) -> Sequence[Detection]:
        """All detections in a BGR picture at or above the detector's own floor."""


@runtime_checkable
class Shutter(Protocol):
    """The privacy shutter. Listeners are called on the edge, from any thread."""

    @property
    def state(self) -> ShutterState: ...

    def listen(self, listener: Callable[[ShutterState], None]) -> None: ...

    def close(self) -> None: ...


@runtime_checkable
class Mute(Protocol):
    """The microphone mute, in the manner of the shutter."""

    @property
    def muted(self) -> bool: ...

    def listen(self, listener: Callable[[bool], None]) -> None: ...

    def close(self) -> None: ...


@runtime_checkable
class TouchScreen(Protocol):
    """Reports whether a finger is on the screen."""

    def listen(self, listener: Callable[[bool], None]) -> None: ...

    def close(self) -> None: ...


@runtime_checkable
class Indicator(Protocol):
    def show(self, indication: Indicate) -> None: ...

    def close(self) -> None: ...


@runtime_checkable
class Display(Protocol):
    def say(self, text: str) -> None: ...


@runtime_checkable
class Speaker(Protocol):
    """A loudspeaker. Calls return at once."""

    def play(self, sound: str, volume: float) -> None:
        """`siren`, until `stop`; `volume` in [0, 1]. Raises OSError where there is none."""

    def stop(self) -> None:
        """Silence; safe at any time."""

    def close(self) -> None: ...


@runtime_checkable
class SoundSink(Protocol):
    """Takes the beam's sound: (n,) float32 in [-1, 1], mono, 16 kHz. Never waits for a reader."""

    def write(self, samples: Samples) -> None:
        """Raises OSError where it cannot be written for good (a full disk)."""

    def close(self) -> None:
        """Safe to call twice."""


@runtime_checkable
class Clock(Protocol):
    """Seconds on a monotonic clock. Only adapters hold one; the core never does."""

    def now(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Message:
    topic: str
    payload: bytes
    retain: bool = False


@runtime_checkable
class Bus(Protocol):
    """A message bus with MQTT's topics and wildcards."""

    async def publish(self, message: Message, qos: int = 0) -> bool:
        """Whether somebody listens; also True where the broker does not say (qos 0)."""

    async def subscribe(self, topic_filter: str) -> None: ...

    def messages(self) -> AsyncIterator[Message]: ...
