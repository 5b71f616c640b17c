"""How motion and contact fare over many seeds: `script/measure motion`.

Pushes, scrolls and knocks as `engine.sim.hands` draws them, on a simulated
axis under the real axis loop in virtual time; and what a profile step and a
retarget cost. A push along a move counts like any other only where the hand
really presses: one that the head outruns exerts nothing.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.config import AxisConfig
from engine.core.contact import PUSH
from engine.core.profile import Profile
from engine.core.types import ContactFelt, MoveTo, Pace
from engine.loops.axis import AxisControl
from engine.sim.axis import SimulatedAxis
from engine.sim.hands import Hand, a_knock, a_push, a_scroll

_BEGINS = 2.0  # s into a trial; the first move is over by then
_PERIOD = 0.01


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing done to the head. `felt` are (kind, seconds since it began)."""

    felt: tuple[tuple[str, float], ...]

    def pushed_after(self) -> float | None:
        return next((after for kind, after in self.felt if kind == PUSH), None)


def trial(
    seed: int, hands: tuple[Hand, ...], touch: tuple[float, float] | None, *, against: bool
) -> Trial:
    """A head at rest, or on a fast move against the hand, and `hands` at it."""
    rng = random.Random(seed)
    axis, felt = SimulatedAxis(seed=seed), []
    control = AxisControl(axis, AxisConfig())
    control.move_to(MoveTo(rng.uniform(-60.0, 60.0), Pace.BRISK, "bench"))
    for hand in hands:
        axis.add(hand)
    begins = hands[0].start
    turn = begins - rng.uniform(0.05, 0.3) if against else None
    changes = [] if touch is None else [(touch[0], True), (touch[1], False)]
    for k in range(1, round((max(hand.end for hand in hands) + 0.6) / _PERIOD)):
        t = k * _PERIOD
        axis.advance(t)
        if turn is not None and t >= turn:
            way = -1.0 if hands[-1].torque > 0.0 else 1.0
            control.move_to(MoveTo(axis.true_heading + way * 90.0, Pace.BRISK, "bench"))
            turn = None
        while changes and changes[0][0] <= t:
            control.touched(*changes.pop(0))
        events = control.step(t)
        felt += [(e.kind, e.t - begins) for e in events if isinstance(e, ContactFelt)]
    return Trial(tuple(felt))


def pushes(count: int, *, on_glass: bool, against: bool) -> dict[str, float]:
    """Share recognised, share within 250 ms, and the slowest, in seconds."""
    after = []
    for seed in range(count):
        hand = a_push(random.Random(seed), _BEGINS, on_glass=on_glass)
        touch = (hand.start, hand.end) if on_glass else None
        after.append(trial(seed, (hand,), touch, against=against).pushed_after())
    known = [a for a in after if a is not None]
    return {
        "recognised": round(len(known) / count, 4),
        "within_250_ms": round(sum(a <= 0.25 for a in known) / count, 4),
        "slowest_s": round(max(known, default=0.0), 3),
    }


def false_pushes(count: int, *, scroll: bool, against: bool) -> int:
    """How many of `count` scrolls (or knocks) were taken as a push."""
    found = 0
    for seed in range(count):
        rng = random.Random(seed)
        hands = a_scroll(rng, _BEGINS) if scroll else (a_knock(rng, _BEGINS),)
        # The touch screen tells up to 30 ms after the finger landed.
        touch = (_BEGINS + rng.uniform(0.0, 0.03), hands[-1].end) if scroll else None
        found += trial(seed, hands, touch, against=against).pushed_after() is not None
    return found


def cost() -> dict[str, float]:
    """Microseconds of a profile step in motion, and of a retarget in motion."""
    config = AxisConfig()
    rng = random.Random(1)
    profile = Profile(0.0, config.motion, config.range, _PERIOD)
    retargets, steps, told, stepped = 0.0, 0.0, 0, 0
    for _ in range(2000):
        heading = rng.uniform(*config.range)
        begun = time.perf_counter()
        profile.retarget(heading, Pace.NORMAL)
        retargets += time.perf_counter() - begun
        told += 1
        begun = time.perf_counter()
        for _ in range(20):
            profile.step()
        steps += time.perf_counter() - begun
        stepped += 20
    return {
        "step_us": round(steps / stepped * 1e6, 2),
        "retarget_us": round(retargets / told * 1e6, 1),
    }


def measure(
    _data: Path | None = None, _progress: Callable[[str], None] = print, count: int = 1000
) -> dict[str, Any]:
    """Everything, over `count` seeds each; minutes."""
    return {
        "cost": cost(),
        "push_at_rest": pushes(count, on_glass=False, against=False),
        "push_on_the_glass": pushes(count, on_glass=True, against=False),
        "push_against_a_move": pushes(count, on_glass=False, against=True),
        "scrolls_taken_as_push": false_pushes(count, scroll=True, against=False),
        "scrolls_in_motion_taken_as_push": false_pushes(count, scroll=True, against=True),
        "knocks_taken_as_push": false_pushes(count, scroll=False, against=False),
        "seeds": count,
    }
