"""Snapshots of an imagined room, for tests of the page and the broker and for work on them.

`at(t)` is a pure function of time: somebody walks to and fro and talks, the
head follows by a crude rule of its own, somebody else sits, a cat is about.
It is no engine and no simulation; `engine.sim` is.
"""

from __future__ import annotations

import math

from engine.core.types import (
    FollowPolicy,
    Label,
    Mode,
    PersonView,
    PetView,
    Reason,
    ShutterState,
    Snapshot,
    SoundKind,
    SoundView,
    Zone,
)

DEAD, HOLDING = 12.0, 24.0
SETTLE = 1.2
PERIOD = 20.0
_WALK = 3.0
"""Seconds of walking between two places; the rest of the half period is spent standing."""

_FROM, _TO = -28.0, 62.0


def _walker(t: float) -> float:
    """Bearing of the one who walks, eased between two places."""
    phase = t % PERIOD
    back, phase = phase >= PERIOD / 2.0, phase % (PERIOD / 2.0)
    share = 0.5 - 0.5 * math.cos(math.pi * min(1.0, phase / _WALK))
    return _TO + (_FROM - _TO) * share if back else _FROM + (_TO - _FROM) * share


def _head(t: float) -> float:
    """Heading: behind the walker while they walk, right on them soon after."""
    return _walker(t - 0.45)


def _sounds(t: float) -> tuple[SoundView, ...]:
    first = math.floor(t / 0.5)
    heard = [(index * 0.5, index) for index in range(first - 5, first + 1)]
    return tuple(
        SoundView(
            t=when,
            bearing=_walker(when) + 2.0 * math.sin(7.0 * when) if index % 4 else 128.0,
            confidence=0.85 if index % 4 else 0.4,
            kind=SoundKind.DIRECT if index % 4 else SoundKind.REFLECTION,
            wake_word="okay_nabu" if index % 40 == 2 else None,
        )
        for when, index in heard
    )


def _people(t: float) -> tuple[PersonView, ...]:
    walker = PersonView(
        id=1,
        bearing=_walker(t),
        bearing_std=1.6,
        distance=2.1 + 0.3 * math.sin(t / 3.0),
        engagement=0.86,
        confidence=0.97,
        seen=True,
        speaking=True,
        primary=True,
    )
    sitter = PersonView(
        id=2,
        bearing=-74.0,
        bearing_std=6.0,
        distance=3.6,
        engagement=0.2,
        confidence=0.8,
        seen=t % PERIOD > PERIOD / 2.0,
        speaking=False,
        primary=False,
    )
    return (walker, sitter)


def at(t: float) -> Snapshot:
    """The imagined room at time `t` in seconds."""
    heading, walker = _head(t), _walker(t)
    velocity = (_head(t + 0.01) - _head(t - 0.01)) / 0.02
    moving = abs(velocity) > 1.0
    settled = min(SETTLE, max(0.0, t % (PERIOD / 2.0) - _WALK))
    if moving:
        zone, reason = Zone.MOTION, Reason("pursuit", "motion: following somebody who walks")
    elif settled < SETTLE:
        text = f"holding: settled {settled:.1f} of {SETTLE:.1f} s"
        zone, reason = Zone.HOLDING, Reason("holding", text)
    else:
        text = f"dead zone: the person is within {DEAD:.0f}° of the heading"
        zone, reason = Zone.DEAD, Reason("dead", text)
    return Snapshot(
        t=t,
        mode=Mode.FOLLOW,
        follow=FollowPolicy.ALL,
        heading=heading,
        velocity=velocity,
        moving=moving,
        target=walker if moving else None,
        range=(-175.0, 175.0),
        dead=DEAD,
        holding=HOLDING,
        zone=zone,
        reason=reason,
        people=_people(t),
        pets=(PetView(Label.CAT, 148.0 + 6.0 * math.sin(t / 5.0), 1.4),),
        sounds=_sounds(t),
        primary=1,
        shutter=ShutterState.OPEN,
        muted=False,
        viewers=0,
        armed=False,
        measures={"frame_rate_hz": 10.0, "loop_lag_ms": 2.0, "temperature_c": 48.0},
        notes={"frame_rate_hz": "something moves"},
        problems=(),
    )
