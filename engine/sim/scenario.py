"""What a scenario says: who does what in which room, and what a good device scores.

Frozen dataclasses only, in the order and with the key names of the YAML that
`engine.bench.scenario_file` reads. A `Spread` is drawn anew for every seed;
nothing here draws, moves or scores. Metres, seconds, degrees counter-clockwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from engine.core.settings import Between, Degrees, Share
from engine.core.types import Json, Label, ShutterState
from engine.sim.world import Posture, SoundContent


@dataclass(frozen=True, slots=True)
class Spread:
    """A number, or a range `[low, high]` from which each seed draws its own."""

    low: float
    high: float


NONE_AT_ALL = Spread(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class When:
    """Seconds from the start, or from a named moment: `12`, `[10, 14]`, `handover + 2`."""

    seconds: Spread
    moment: str | None = None


@dataclass(frozen=True, slots=True)
class Facing:
    """Where somebody looks: to the device, the way they walk, or a world direction."""

    at: str
    direction: float = 0.0


TO_DEVICE = Facing("device")


@dataclass(frozen=True, slots=True)
class Place:
    """A point on the floor, as `x` and `y` or as `bearing` and `distance` from the device."""

    x: Spread | None = None
    y: Spread | None = None
    bearing: Spread | None = None
    distance: Spread | None = None


@dataclass(frozen=True, slots=True)
class Leg:
    """One step of a path: go somewhere (if anywhere), then stay a while.

    `arc` walks round the device instead of straight. While staying, the person
    works their way about: every `every` seconds to a new place up to `shift`
    degrees to either side, as seen from the device.
    """

    go: Place | None = None
    speed: Spread = Spread(1.0, 1.3)
    arc: bool = False
    stay: Spread = NONE_AT_ALL
    shift: Annotated[float, Between(0.0, 90.0, "degrees")] = 0.0
    every: Spread = Spread(2.0, 6.0)
    facing: Facing | None = None


@dataclass(frozen=True, slots=True)
class Utterance:
    """Somebody speaks from `at` on for `seconds`; a wake word starts it where one is said."""

    at: When
    seconds: Spread = NONE_AT_ALL
    wake_word: bool = False


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or a pet, from `enters` (default: always there) to `leaves` by the `door`.

    `restless` is the size in metres of the sway of a standing body.
    """

    id: str
    start: Place
    path: tuple[Leg, ...] = ()
    label: Label = Label.PERSON
    height: Annotated[float, Between(0.1, 2.3, "metres")] = 1.7
    posture: Posture = Posture.STANDING
    repeat: bool = False
    enters: When | None = None
    leaves: When | None = None
    door: Place | None = None
    facing: Facing = TO_DEVICE
    restless: Annotated[float, Between(0.0, 0.5, "metres")] = 0.02
    speech: tuple[Utterance, ...] = ()


@dataclass(frozen=True, slots=True)
class Noise:
    """A thing that sounds: a television, a fan. `direct` is how often it passes for a person."""

    id: str
    place: Place
    content: SoundContent = SoundContent.TELEVISION
    begins: When | None = None
    ends: When | None = None
    level: float = 0.0
    direct: Share = 0.15


@dataclass(frozen=True, slots=True)
class Spot:
    """Something that the detector takes for a person now and then: a painting, a coat."""

    place: Place
    probability: Share = 0.3


@dataclass(frozen=True, slots=True)
class Echo:
    """A hard wall that throws voices back.

    `strength` is how often the reflection is heard at all, `leads` how often it
    is then the strongest direction, `told` how often hearing knows it for one.
    """

    bearing: Spread
    strength: Share = 0.5
    leads: Share = 0.3
    told: Share = 0.6


class Happening(StrEnum):
    """What can be done to the device."""

    SHUTTER = "shutter"
    COVER_LENS = "cover_lens"
    PUSH = "push"
    OBSTACLE = "obstacle"
    BUMP = "bump"
    SCROLL = "scroll"
    COMMAND = "command"
    MUTE = "mute"


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a command; exactly one of the values is there."""

    name: str
    number: float | None = None
    text: str | None = None
    flag: bool | None = None

    @property
    def value(self) -> Json:
        return next((v for v in (self.number, self.text, self.flag) if v is not None), None)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One thing done to the device at a moment; which keys matter depends on `kind`.

    `shutter` takes the `state` for `seconds`, `cover_lens` and `mute` last for
    `seconds`. `push`, `bump` and `scroll` are hands as `engine.sim.hands` draws
    them. `obstacle` blocks the way of the next move after `at` for `seconds`.
    `command` is a `name` with `arguments`. All happen `count` times, one
    `every` so many seconds.
    """

    kind: Happening
    at: When
    seconds: Spread = Spread(1.0, 1.0)
    state: ShutterState = ShutterState.CLOSED
    count: Annotated[int, Between(1, 100000)] = 1
    every: Spread = Spread(1.0, 1.0)
    name: str = ""
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class Primary:
    """From `at` on, `who` is the user; nobody where it is null."""

    at: When
    who: str | None


@dataclass(frozen=True, slots=True)
class Moment:
    """A name for a moment that several things share; each seed draws it once."""

    name: str
    at: Spread


@dataclass(frozen=True, slots=True)
class Floor:
    """What a metric must reach (or stay at or below, where less is better) in every seed."""

    metric: str
    value: float


@dataclass(frozen=True, slots=True)
class Window:
    """An interval that is not scored, and why."""

    begins: When
    ends: When
    why: str


@dataclass(frozen=True, slots=True)
class SenseModel:
    """What the device's senses are able to give; the defaults are a good, plain installation.

    Camera: `latency` from exposure to numbers, misses that come in bursts of
    `miss_burst` frames, false detections of a frame or three. Hearing: one
    decision for each 0.5 s of speech.
    """

    latency: Annotated[float, Between(0.0, 2.0, "seconds")] = 0.12
    rate: Annotated[float, Between(0.5, 60.0, "Hz")] = 10.0
    field_of_view: Annotated[float, Between(10.0, 360.0, "degrees")] = 66.0
    bearing_noise: Annotated[float, Between(0.0, 45.0, "degrees")] = 1.5
    miss: Share = 0.08
    miss_burst: Annotated[float, Between(1.0, 50.0, "frames")] = 1.6
    false_alarm: Share = 0.01
    reach: Annotated[float, Between(0.5, 20.0, "metres")] = 5.0
    voice_latency: Annotated[float, Between(0.0, 2.0, "seconds")] = 0.15
    voice_noise: Annotated[float, Between(0.0, 90.0, "degrees")] = 4.0
    voice_outlier: Share = 0.03
    voice_miss: Share = 0.05
    wake_word_miss: Share = 0.02


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario. `heading` is where the head points at the start.

    Without `primary` the first person is the user while they are there. `peers`
    says whether other policies than ours are worth playing.
    """

    name: str
    about: str
    duration: Annotated[float, Between(1.0, 3600.0, "seconds")]
    people: tuple[Actor, ...] = ()
    moments: tuple[Moment, ...] = ()
    heading: Spread = NONE_AT_ALL
    range: tuple[Degrees, Degrees] = (-175.0, 175.0)
    sounds: tuple[Noise, ...] = ()
    spots: tuple[Spot, ...] = ()
    echo: Echo | None = None
    events: tuple[Occurrence, ...] = ()
    primary: tuple[Primary, ...] = ()
    unscored: tuple[Window, ...] = ()
    senses: SenseModel = field(default_factory=SenseModel)
    floors: tuple[Floor, ...] = ()
    peers: bool = True
