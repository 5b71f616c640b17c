"""Which heading faces a bearing, and when the long way round is worth it.

A head with a gap behind it reaches what lies beyond the gap only the other
way, across the room. It takes that way for whoever asks, and for somebody who
stays there or speaks there; whoever merely passes is not worth the swing. A
pan wider than a turn has no gap: nothing of the room turns with it. Pure.
"""

from __future__ import annotations

from engine.core import attention
from engine.core.angles import near
from engine.core.fusion import Person
from engine.core.range_of_motion import RangeOfMotion
from engine.core.state import State
from engine.core.types import Reason
from engine.core.zones import Following

NEARLY = 20.0  # deg past the end of the range at which somebody is still well in the picture
USUAL_HALF = 33.0  # deg, half of the usual view: what is farther off is not faced, seen or not
WORTH = 15.0  # deg that the other way must face them better by; more than a bearing's noise
STAYED = 2.4  # s at one place beyond the gap that are worth the long way
FRESH = 1.0  # s since they were seen or heard
TURN = 360.0  # deg
BEYOND = Reason("beyond_range", "staying: the person is beyond the range of motion")
LONG_WAY = Reason("long_way", "staying: only the long way round leads there, and nobody asked")


def heading_for(
    state: State, bearing: float, *, long_way: bool, enough: float | None = None
) -> float | None:
    """The heading inside the range that faces `bearing` best; None where none does.

    It counts from where the head comes to rest. `enough` is by how many degrees
    an end of the range may miss before another way is looked for (None: as
    much as keeps them in a usual picture), `long_way` whether that may lead
    through the whole range.
    """
    reach = RangeOfMotion(*state.settings.range)
    base = state.move.heading if state.move else state.heading
    half = state.view_width / 2.0
    direct = near(bearing, base)
    inside = reach.clamp(direct)
    missing = abs(direct - inside)
    if missing <= (max(min(half, USUAL_HALF), WORTH) if enough is None else enough):
        return inside
    best, lacking = reach.closest(bearing, base)
    if missing - lacking < WORTH:
        # Part of the way helps only if it brings the person into the picture.
        return inside if missing <= half else None
    return best if lacking <= half and (long_way or _has_no_gap(state)) else None


def asked_for(state: State, bearing: float) -> float | None:
    """The heading for somebody who asked: faced well, whatever way leads there."""
    return heading_for(state, bearing, long_way=True, enough=NEARLY)


def candidates(state: State, persons: tuple[Person, ...]) -> tuple[Person, ...]:
    """Who may be faced: whom some heading has in the picture, and whoever asked may hope.

    Beyond the gap that is who speaks, or is faced already, or has no company.
    """
    straight = {p.id for p in persons if _leads_to(state, p, long_way=False)}
    settings = state.settings.attention
    company = any(p.id in straight and attention.eligible(p, settings) for p in persons)
    known = (state.attention.primary, state.attention.summoned)

    def may(p: Person) -> bool:
        if p.id in straight or p.id == state.attention.summoned:
            return True
        wanted = state.armed or not company or p.speaking(state.now) or p.id in known
        return wanted and _leads_to(state, p, long_way=True)

    return tuple(p for p in persons if may(p))


def is_worth_the_way(state: State, person: Person, following: Following) -> bool:
    """Whether to go the long way for somebody who did not ask: they stay there, or speak."""
    if state.armed:
        return True
    if state.now - max(person.last_seen, person.last_heard) > FRESH:
        return False
    patience = state.settings.zones.settle if person.speaking(state.now) else STAYED
    return state.now - following.settled_since >= patience


def why_not(state: State, bearing: float) -> Reason:
    """Why a head that stays does not face `bearing`."""
    reach = RangeOfMotion(*state.settings.range)
    return LONG_WAY if reach.facing(bearing, state.heading) is not None else BEYOND


def _leads_to(state: State, person: Person, long_way: bool) -> bool:
    return heading_for(state, person.track.bearing, long_way=long_way) is not None


def _has_no_gap(state: State) -> bool:
    low, high = state.settings.range
    return not state.settings.turned_by_hand and high - low >= TURN
