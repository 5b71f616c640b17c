"""The vocabulary of the engine: what comes in, what goes out, what is shown.

Frozen dataclasses and enumerations only; nothing here computes. Events are
what the world did, actions are what the core decided, a `Snapshot` is what
everyone outside may know. Degrees (counter-clockwise positive), metres,
seconds on a monotonic clock that only the adapters read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engine.core.places import Place

# ---------------------------------------------------------------- vocabulary


class ShutterState(StrEnum):
    """The privacy shutter. Anything but OPEN forbids motion and frames."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class Label(StrEnum):
    """What a sighting is of."""

    PERSON = "person"
    CAT = "cat"
    DOG = "dog"


class SoundKind(StrEnum):
    """Where a sound direction comes from, as far as hearing can tell."""

    DIRECT = "direct"
    REFLECTION = "reflection"
    MACHINE = "machine"


class Mode(StrEnum):
    """What the device is doing. `away` follows the alarm; the shutter stands above all."""

    FOLLOW = "follow"
    AWAY = "away"
    CALL = "call"
    MANUAL = "manual"
    PAUSED = "paused"


class AlarmState(StrEnum):
    """The alarm, in the words that alarm panels use. `away` mode is on in all but the first."""

    DISARMED = "disarmed"
    ARMING = "arming"
    ARMED_AWAY = "armed_away"
    ARMED_NIGHT = "armed_night"
    PENDING = "pending"
    TRIGGERED = "triggered"


class AlertKind(StrEnum):
    """What an alert is about."""

    PERSON = "person"
    VOICE = "voice"
    SMOKE_ALARM = "smoke_alarm"
    CO_ALARM = "co_alarm"
    CRASH = "crash"
    COVERED = "covered"
    TEST = "test"


class FollowPolicy(StrEnum):
    """When follow mode may turn the head."""

    ALL = "all"
    CHOSEN = "chosen"
    ON_REQUEST = "on_request"
    OFF = "off"


class Pace(StrEnum):
    """How fast a move may be; the axis loop maps it to limits from the configuration."""

    GENTLE = "gentle"
    NORMAL = "normal"
    BRISK = "brisk"


class WakeWordResponse(StrEnum):
    """What the wake word does: turn to whoever said it, only show that it was heard, or nothing."""

    TURN = "turn"
    LISTEN = "listen"
    OFF = "off"


class Zone(StrEnum):
    """Where the primary person stands relative to the heading."""

    DEAD = "dead"
    HOLDING = "holding"
    MOTION = "motion"


Json = str | int | float | bool | None

# -------------------------------------------------------------------- events


@dataclass(frozen=True, slots=True)
class Sighting:
    """One detection in one frame, in world degrees.

    `bearing_std` and `distance_std` are one-sigma; `track` is the short-term
    id of `seeing`, a hint only; `engagement` is the probability that the
    person faces the device, None where nothing could be said.
    """

    bearing: float
    bearing_std: float
    score: float
    label: Label = Label.PERSON
    distance: float | None = None
    distance_std: float | None = None
    track: int | None = None
    engagement: float | None = None


@dataclass(frozen=True, slots=True)
class PeopleSeen:
    """The numbers of one frame. `t` is the moment of exposure.

    `view` is the interval of world bearings (low, high; unwrapped, low < high)
    that the frame covered, so that not seeing somebody there is evidence.
    A frame that shows nothing (`usable` False: black, covered, torn, too
    blurred) is no evidence of absence.
    """

    t: float
    sightings: tuple[Sighting, ...]
    heading: float
    view: tuple[float, float]
    usable: bool = True


@dataclass(frozen=True, slots=True)
class SoundDirection:
    """One direction of sound at a world bearing; `confidence` in [0, 1], `spread` one sigma."""

    bearing: float
    confidence: float
    spread: float
    kind: SoundKind = SoundKind.DIRECT


@dataclass(frozen=True, slots=True)
class VoiceHeard:
    """Speech, or a wake word, and where it came from (strongest first).

    `speech` is the probability of speech in [0, 1]; `ambiguous` says that
    hearing refuses to choose; `while_moving` marks audio with motor noise.
    """

    t: float
    directions: tuple[SoundDirection, ...]
    speech: float
    wake_word: str | None = None
    ambiguous: bool = False
    while_moving: bool = False


@dataclass(frozen=True, slots=True)
class SoundHeard:
    """A sound that is no voice but matters: `smoke_alarm`, `co_alarm`, `crash`.

    `bearing` is in the world, None where no direction stands out; `confidence` in [0, 1].
    """

    t: float
    kind: str
    bearing: float | None
    confidence: float


@dataclass(frozen=True, slots=True)
class AxisMoved:
    """The axis's own report: position, velocity (deg, deg/s), torque in [-1, 1] of the limit.

    `torque` is None where the driver cannot sense it. `moving` is what the
    axis loop commands, not what the hand of a child does to the head.
    """

    t: float
    heading: float
    velocity: float
    torque: float | None
    moving: bool


@dataclass(frozen=True, slots=True)
class Touched:
    t: float
    pressed: bool


@dataclass(frozen=True, slots=True)
class ContactFelt:
    """What `core.contact` made of torque and position: `stall`, `bump` or `push`.

    `heading` is where the head was when it was felt.
    """

    t: float
    kind: str
    heading: float


@dataclass(frozen=True, slots=True)
class ShutterChanged:
    t: float
    state: ShutterState


@dataclass(frozen=True, slots=True)
class MicrophoneMuted:
    t: float
    muted: bool


@dataclass(frozen=True, slots=True)
class ViewerChanged:
    t: float
    viewers: int


@dataclass(frozen=True, slots=True)
class AxisFault:
    t: float
    reason: str


@dataclass(frozen=True, slots=True)
class Health:
    """A part (`camera`, `microphones`, `broker`, ...) is well or not; `detail` is for people."""

    t: float
    part: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure of the device's own condition by its stable name (`loop_lag_ms`, ...).

    None: it cannot be told any more. `why` is what made it so, where that is known.
    """

    t: float
    name: str
    value: float | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A validated request. `source` is where it came from, `id` is echoed in the reply."""

    t: float
    name: str
    arguments: Mapping[str, Json] = field(default_factory=dict)
    source: str = "internal"
    id: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed. The brain asks for the next one by its deadline."""

    t: float


Event = (
    PeopleSeen
    | VoiceHeard
    | SoundHeard
    | AxisMoved
    | Touched
    | ContactFelt
    | ShutterChanged
    | MicrophoneMuted
    | ViewerChanged
    | AxisFault
    | Health
    | Measured
    | Command
    | Tick
)

# ------------------------------------------------------- what everyone may know


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person as the engine believes in them; `id` is never reused."""

    id: int
    bearing: float
    bearing_std: float
    distance: float | None
    engagement: float | None
    confidence: float
    seen: bool
    speaking: bool
    primary: bool


@dataclass(frozen=True, slots=True)
class PetView:
    label: Label
    bearing: float
    distance: float | None


@dataclass(frozen=True, slots=True)
class SoundView:
    """A direction of sound heard at `t`."""

    t: float
    bearing: float
    confidence: float
    kind: SoundKind
    wake_word: str | None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the head moved or stayed: a stable `code`, and a sentence for people.

    For instance `Reason("holding", "holding: settled 0.4 of 1.2 s")`.
    """

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that the page, the broker and the log may know, at time `t`.

    `dead` and `holding` are the half-widths of the zones in degrees around
    the heading, for the primary person's distance. `target` is the heading
    under way, None at rest. `message` is the text that the screen was asked to
    show; `measures` are the newest figures of `Measured`, by name, and `notes` why they are so.
    `turned_by_hand`: there is a head that hands can turn, and its range can be set up.
    `alarm_until` is when an exit or entry delay, or the alarm itself, is over.
    """

    t: float
    mode: Mode
    follow: FollowPolicy
    heading: float
    velocity: float
    moving: bool
    target: float | None
    range: tuple[float, float]
    dead: float
    holding: float
    zone: Zone | None
    reason: Reason
    people: tuple[PersonView, ...]
    pets: tuple[PetView, ...]
    sounds: tuple[SoundView, ...]
    primary: int | None
    shutter: ShutterState
    muted: bool
    viewers: int
    armed: bool
    problems: tuple[str, ...]
    pace: Pace = Pace.NORMAL
    wake_word_response: WakeWordResponse = WakeWordResponse.TURN
    message: str = ""
    measures: Mapping[str, float] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    turned_by_hand: bool = True
    places: tuple[Place, ...] = ()
    alarm: AlarmState = AlarmState.DISARMED
    alarm_until: float | None = None
    someone_home: bool = False


# ------------------------------------------------------------------- actions


@dataclass(frozen=True, slots=True)
class MoveTo:
    """Turn to `heading` (unwrapped, inside the range). A later one replaces it at once."""

    heading: float
    pace: Pace
    reason: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Brake now. `emergency` uses the emergency rate and then releases the torque."""

    reason: str
    emergency: bool = False


@dataclass(frozen=True, slots=True)
class Release:
    """Torque off: the head can be turned by hand."""

    reason: str


@dataclass(frozen=True, slots=True)
class SetRange:
    """Keep to [low, high] from now on, and remember it; the torque is off meanwhile."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Publish:
    state: Snapshot


@dataclass(frozen=True, slots=True)
class Alert:
    """What the owner should know at once; `alerts.rules` judges whether it may go out.

    `visit` groups what belongs together (one visit of somebody, one smoke alarm): it is never
    used for another, over restarts neither. `update` is False for the first of its visit. `what`
    is a phrase for people; `t` the moment of what is told, monotonic. `bearing` is in the world,
    `place` the owner's word for what is there ("sofa"), each None where nobody knows.
    """

    t: float
    visit: int
    kind: AlertKind
    what: str
    confidence: float
    bearing: float | None = None
    place: str | None = None
    distance: float | None = None
    update: bool = False


@dataclass(frozen=True, slots=True)
class Keep:
    """What must outlive a power cut, before anybody is told of it: the alarm, and visits so far."""

    alarm: AlarmState
    armed_for: AlarmState
    visits: int


@dataclass(frozen=True, slots=True)
class Happened:
    """Something worth telling others once: of what (`person`, `contact`, ...) and what.

    `kind` is `came`, `push`, ...; `bearing` is where in the world, if that is known.
    """

    t: float
    key: str
    kind: str
    bearing: float | None = None


VIEWER, NOBODY_LOOKS = "viewer", "off"
SHUT, OPENED = "shut", "open"


@dataclass(frozen=True, slots=True)
class Indicate:
    """What the light ring and the lamps show: a pattern, and a world bearing where it has one.

    `listening`, `beam` and a sound's kind have one; `viewer` lasts until `off`, `shut` until
    `open`.
    """

    pattern: str
    bearing: float | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a `Command`: what it did, or why it did nothing."""

    source: str
    id: str
    ok: bool
    message: str


Action = MoveTo | Stop | Release | SetRange | Publish | Alert | Keep | Happened | Indicate | Reply
