"""The shipped numbers lie inside their own bounds and make sense together."""

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest

from engine.core import settings
from engine.core.settings import Between, ContactSettings, CoreSettings

CORE = CoreSettings()


def bounded(value: Any, hint: Any, path: str) -> Iterator[tuple[str, float, Between]]:
    """Every number under `value` that has a bound: its path, itself, the bound."""
    if is_dataclass(value) and not isinstance(value, type):
        hints = get_type_hints(type(value), include_extras=True)
        for one in fields(value):
            yield from bounded(getattr(value, one.name), hints[one.name], f"{path}.{one.name}")
    elif get_origin(hint) is Annotated:
        inner, *notes = get_args(hint)
        for note in notes:
            if isinstance(note, Between):
                yield path, value, note
        yield from bounded(value, inner, path)
    elif get_origin(hint) is tuple:
        hints_of = [h for h in get_args(hint) if h is not Ellipsis]
        for index, item in enumerate(value):
            item_hint = hints_of[min(index, len(hints_of) - 1)]
            yield from bounded(item, item_hint, f"{path}[{index}]")


SECTIONS = (CORE, ContactSettings())  # contact is felt by the axis loop, not by the brain
NUMBERS = [n for s in SECTIONS for n in bounded(s, type(s), type(s).__name__)]


@pytest.mark.parametrize(("value", "bound"), [pytest.param(v, b, id=p) for p, v, b in NUMBERS])
def test_a_default_lies_inside_its_own_bound(value: float, bound: Between) -> None:
    assert math.isfinite(bound.low)
    assert math.isfinite(bound.high)
    assert bound.low < bound.high
    assert bound.low <= value <= bound.high


def test_every_number_has_a_bound() -> None:
    """The walk above finds them all: none is a bare float that nothing checks."""

    def numbers(value: Any) -> int:
        if is_dataclass(value):
            return sum(numbers(getattr(value, f.name)) for f in fields(value))
        if isinstance(value, tuple):
            return sum(map(numbers, value))
        return isinstance(value, int | float) and not isinstance(value, bool)

    assert len(NUMBERS) == sum(map(numbers, SECTIONS))
    sections = {s for s in vars(settings).values() if is_dataclass(s) and s is not Between}
    nested = {type(getattr(CORE, f.name)) for f in fields(CORE)}
    assert sections <= nested | {type(s) for s in SECTIONS}


def test_the_zones_lie_in_each_other_and_narrow_with_distance() -> None:
    zones = CORE.zones
    assert zones.near < zones.far
    assert zones.dead_near < zones.holding_near
    assert zones.dead_far < zones.holding_far
    assert zones.dead_far <= zones.dead_near
    assert zones.holding_far <= zones.holding_near


def test_the_range_is_one_and_holds_the_centre() -> None:
    low, high = CORE.range
    assert low < 0.0 < high


def test_the_paces_are_in_their_order_and_stops_are_the_fastest_of_all() -> None:
    motion = CORE.motion
    assert motion.gentle < motion.normal < motion.brisk <= 1.0
    assert motion.emergency_deceleration > motion.max_acceleration


def test_who_is_unseen_is_believed_in_for_longer_than_who_is_missed() -> None:
    tracking = CORE.tracking
    assert tracking.confirm_within < tracking.forget_seen < tracking.forget_unseen


def test_who_talks_outweighs_everything_about_who_is_silent() -> None:
    attention = CORE.attention
    assert attention.talker > attention.engaged + attention.near
    assert attention.talker > attention.keep, "a talker is able to take over"
