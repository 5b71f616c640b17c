"""Everything the brain remembers between two events, and the view of it for others.

One frozen value: a run can be replayed, compared and explained from it. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from engine.core import tracks, zones
from engine.core.alarm import Alarm
from engine.core.angles import wrap
from engine.core.attention import Attention
from engine.core.away import Pan
from engine.core.fusion import People, Person
from engine.core.lifeless import Watched
from engine.core.loudspeakers import Loudspeakers
from engine.core.modes import ModeState
from engine.core.places import Places
from engine.core.search import Glance, Search
from engine.core.settings import CoreSettings
from engine.core.survey import Survey
from engine.core.types import (
    Pace,
    PersonView,
    Reason,
    ShutterState,
    Snapshot,
    SoundView,
    WakeWordResponse,
    Zone,
)
from engine.core.watching import Watch

DEFAULT_VIEW = 60.0  # deg, until the first frame tells what the camera covers
CALM = Reason("calm", "waiting")
STARTING = Reason("start", "starting")
SOUNDS_FOR = 3.0  # s that a sound stays on the page


@dataclass(frozen=True, slots=True)
class Move:
    """The move under way: where to, since when, and why."""

    heading: float
    since: float
    reason: Reason


@dataclass(frozen=True, slots=True)
class Blocked:
    """Something was in the way: no move in this direction (+1, -1) until then."""

    direction: int = 0
    until: float = -math.inf
    times: int = 0
    last: float = -math.inf


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the owner chose for the device's manners, apart from the follow policy."""

    pace: Pace = Pace.NORMAL
    wake_word_response: WakeWordResponse = WakeWordResponse.TURN


@dataclass(frozen=True, slots=True)
class Notice:
    """A text that the screen was asked to show, and until when."""

    text: str = ""
    until: float = -math.inf


@dataclass(frozen=True, slots=True)
class State:
    """`now` is the latest time any event carried; `calm_until` forbids new moves till then.

    `to_centre` is whoever asked to be faced and has not been faced squarely yet;
    `dark` says that the newest frame showed nothing. `opened` is when the shutter was
    opened; one that was never seen shut does not count.
    """

    settings: CoreSettings
    now: float
    heading: float
    velocity: float = 0.0
    moving: bool = False
    move: Move | None = None
    people: People = field(default_factory=People)
    places: Places = field(default_factory=Places)
    watched: Watched = field(default_factory=Watched)
    machines: Loudspeakers = ()
    dark: bool = False
    attention: Attention = field(default_factory=Attention)
    following: zones.Following | None = None
    modes: ModeState = field(default_factory=ModeState)
    shutter: ShutterState = ShutterState.UNKNOWN
    shut_before: bool = False
    opened: float = -math.inf
    preferences: Preferences = field(default_factory=Preferences)
    muted: bool = False
    touched: bool = False
    touched_since: float = -math.inf
    someone_home: bool = False
    calm_until: float = -math.inf
    calm_reason: Reason = CALM
    blocked: Blocked = field(default_factory=Blocked)
    ambiguous_until: float = -math.inf
    pan: Pan = field(default_factory=Pan)
    alarm: Alarm = field(default_factory=Alarm)
    watch: Watch = field(default_factory=Watch)
    search: Search = field(default_factory=Search)
    glances: tuple[Glance, ...] = ()
    to_centre: int | None = None
    viewers: int = 0
    view_width: float = DEFAULT_VIEW
    sounds: tuple[SoundView, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()
    measures: Mapping[str, float] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    notice: Notice = field(default_factory=Notice)
    survey: Survey = field(default_factory=Survey)
    reason: Reason = STARTING
    zone: Zone | None = None
    published: float = -math.inf

    @property
    def armed(self) -> bool:
        return self.alarm.on

    def at_rest(self) -> State:
        """The state with every errand of the head called off: moves, pans, searches."""
        return replace(
            self,
            move=None,
            following=None,
            pan=Pan(),
            search=self.search.over(),
            to_centre=None,
            watch=replace(self.watch, look=None),
        )

    def primary(self) -> Person | None:
        """The person to face, if anybody."""
        chosen = self.attention.primary
        return next((p for p in self.people.persons if p.id == chosen), None)


def subject_of(person: Person, now: float, settings: CoreSettings) -> zones.Subject:
    """The person as the zones see them now, carried forward since the last measurement."""
    bearing, rate = tracks.coasted(person.track, now, settings.tracking.coast)
    return zones.Subject(
        id=person.id,
        bearing=bearing,
        rate=rate,
        std=person.track.std,
        distance=person.distance or 2.0,
        restless=person.track.restless,
        former=person.track.former,
        earlier=person.track.earlier,
    )


def snapshot(state: State) -> Snapshot:
    """What everyone may know of the state: numbers and words, never pictures or sound."""
    primary = state.primary()
    distance = (primary.distance if primary else None) or 2.0
    dead, holding = zones.half_widths(state.settings.zones, distance)
    return Snapshot(
        t=state.now,
        mode=state.modes.mode,
        follow=state.modes.policy,
        heading=state.heading,
        velocity=state.velocity,
        moving=state.moving,
        target=state.move.heading if state.move else None,
        range=state.settings.range,
        dead=dead,
        holding=holding,
        zone=state.zone,
        reason=state.reason,
        people=tuple(_view(p, state) for p in state.people.persons if p.confirmed),
        pets=state.people.pets,
        sounds=tuple(s for s in state.sounds if state.now - s.t <= SOUNDS_FOR),
        primary=primary.id if primary else None,
        shutter=state.shutter,
        muted=state.muted,
        viewers=state.viewers,
        armed=state.armed,
        problems=tuple(f"{part}: {detail}" for part, detail in state.problems),
        pace=state.preferences.pace,
        wake_word_response=state.preferences.wake_word_response,
        message=state.notice.text if state.now < state.notice.until else "",
        measures=state.measures,
        notes=state.notes,
        turned_by_hand=state.settings.turned_by_hand,
        places=state.places.items,
        alarm=state.alarm.state,
        alarm_until=state.alarm.until if state.alarm.until < math.inf else None,
        someone_home=state.someone_home,
    )


def _view(person: Person, state: State) -> PersonView:
    bearing, _ = tracks.coasted(person.track, state.now, state.settings.tracking.coast)
    return PersonView(
        id=person.id,
        bearing=wrap(bearing),
        bearing_std=person.track.std,
        distance=person.distance,
        engagement=person.engagement,
        confidence=person.confidence,
        seen=person.ever_seen and state.now - person.last_seen <= 1.0,
        speaking=person.speaking(state.now),
        primary=person.id == state.attention.primary,
    )
