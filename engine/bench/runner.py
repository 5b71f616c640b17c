"""One run: a scenario, a seed and a policy, in simulated time as fast as it will go.

Ties the sensor models, the policy, the real axis loop and the simulated axis
together the way the engine does, and writes down what truly happened. The
policy gets events and nothing else; the clock here is a loop variable.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from engine.bench.policies import Policy
from engine.bench.recorder import Recorder, TappedAxis
from engine.bench.trace import Trace
from engine.config import AxisConfig, Config
from engine.core.types import (
    Action,
    Alert,
    Command,
    Event,
    MicrophoneMuted,
    MoveTo,
    Release,
    ShutterChanged,
    ShutterState,
    Stop,
    Tick,
    Touched,
)
from engine.loops.axis import AxisControl
from engine.sim.axis import SimulatedAxis, stops_beyond
from engine.sim.hands import Hand, a_knock, a_push, a_scroll
from engine.sim.scenario import Happening, Scenario
from engine.sim.scenario_world import DefiniteEvent, ScenarioWorld, stream
from engine.sim.senses import CameraModel, HearingModel

SETTLE_IN = 5.0  # s that the device has been up, shutter open, before the scenario starts
TOUCH_LATE = (0.01, 0.04)  # s after the finger that the touch screen reports it
IN_THE_WAY = 8.0  # degrees ahead of a moving head that an obstacle appears
FAST_ENOUGH = 20.0  # deg/s of a move that an obstacle waits for


@dataclass(slots=True)
class Run:
    """What a run leaves behind: the trace, the log of actions and how long each step took."""

    trace: Trace
    world: ScenarioWorld
    actions: list[tuple[float, Action]] = field(default_factory=list)
    step_seconds: list[float] = field(default_factory=list)


def run(scenario: Scenario, seed: int, policy: Policy, config: Config | None = None) -> Run:
    """Play `scenario` with `seed` under `policy`; the same arguments give the same trace."""
    config = config or Config()
    axis = replace(config.axis, range=scenario.range)
    return _Session(scenario, seed, policy, replace(config, axis=axis)).play()


class _Session:
    def __init__(self, scenario: Scenario, seed: int, policy: Policy, config: Config) -> None:
        self.scenario = scenario
        self.policy = policy
        self.world = ScenarioWorld(scenario, seed)
        self.config = config
        self.t = -SETTLE_IN
        self.sim = SimulatedAxis(
            heading=self.world.heading,
            seed=seed,
            clock=lambda: self.t,
            start=self.t,
            stops=stops_beyond(config.axis.range),
        )
        self.axis = TappedAxis(self.sim)
        self.control = AxisControl(self.axis, self._axis_config())
        self.camera = CameraModel(self.world, scenario.senses)
        self.hearing = HearingModel(self.world, scenario.senses)
        self.recorder = Recorder(self.world, self.axis, self.control, config)
        self.shutter = ShutterState.OPEN
        self.muted = False
        self.rng = stream(seed, scenario.name, "runner")
        self._order = itertools.count()
        self._ready: list[tuple[float, int, Event]] = []
        self._todo: list[tuple[float, int, Callable[[float], None]]] = []
        self._deadline = self.t
        self.result = Run(self.recorder.trace, self.world)
        self.state: Any = policy.start(config.core, self.t, self.world.heading)
        for event in self.world.events:
            _HAPPENINGS[event.what.kind](self, event)

    def _axis_config(self) -> AxisConfig:
        return self.config.axis

    # ----------------------------------------------------------------- the loop

    def play(self) -> Run:
        rate = self.config.axis.rate_hz
        self._tell(ShutterChanged(self.t, ShutterState.OPEN))
        exposure = stream(self.world.seed, self.scenario.name, "phase").uniform(
            0.0, 1.0 / self.scenario.senses.rate
        )
        for k in range(-round(SETTLE_IN * rate), round(self.scenario.duration * rate)):
            self.t = t = k / rate
            self._happen(t)
            for event in self.control.step(t):
                self.recorder.happened(event)
                self._tell(event)
            self._deliver(t)
            if t >= self._deadline:
                self._tell(Tick(t))
            if t < 0.0:
                continue
            if t >= exposure:
                self._expose(t)
                exposure += 1.0 / self.scenario.senses.rate
            self._listen(t)
            self.recorder.sample(t)
        self.recorder.finish()
        return self.result

    def _happen(self, t: float) -> None:
        while self._todo and self._todo[0][0] <= t:
            heapq.heappop(self._todo)[2](t)

    def _deliver(self, t: float) -> None:
        while self._ready and self._ready[0][0] <= t:
            self._tell(heapq.heappop(self._ready)[2])

    def _expose(self, t: float) -> None:
        """One frame, unless the shutter, which is wired to the camera, is not open."""
        if self.shutter is not ShutterState.OPEN:
            return
        self.recorder.frame_read(t)
        sim, measured = self.sim, self.control.heading_at(t)
        assert measured is not None
        ready, seen = self.camera.look(t, sim.true_heading, sim.true_velocity, measured)
        self._later(ready, seen)

    def _listen(self, t: float) -> None:
        moving = abs(self.sim.true_velocity) > 1.0
        for ready, heard in self.hearing.listen(t, moving, self.muted):
            self._later(ready, heard)

    def _later(self, ready: float, event: Event) -> None:
        heapq.heappush(self._ready, (ready, next(self._order), event))

    def _tell(self, event: Event) -> None:
        begun = time.perf_counter()
        self.state, actions, self._deadline = self.policy.step(self.state, event)
        self.result.step_seconds.append(time.perf_counter() - begun)
        for action in actions:
            effect = _EFFECTS.get(type(action))
            if effect is not None:
                effect(self, action)
                self.result.actions.append((self.t, action))

    # ------------------------------------------------------------ what is done to it

    def at(self, t: float, do: Callable[[float], None]) -> None:
        heapq.heappush(self._todo, (t, next(self._order), do))

    def set_shutter(self, t: float, state: ShutterState) -> None:
        """The edge goes to the axis and the camera first, then to the policy."""
        self.shutter = state
        self.recorder.shutter(t, state)
        if state is ShutterState.OPEN:
            self.control.permit(t)
        else:
            self.control.forbid(f"shutter {state.value}", t)
        self._tell(ShutterChanged(t, state))

    def touch(self, t: float, pressed: bool) -> None:
        self.control.touched(t, pressed)
        self._tell(Touched(t, pressed))

    def mute(self, t: float, muted: bool) -> None:
        self.muted = muted
        self._tell(MicrophoneMuted(t, muted))


# ------------------------------------------------ actions and happenings, as tables

_EFFECTS: dict[type, Callable[[_Session, Any], None]] = {
    MoveTo: lambda s, a: s.control.move_to(a),
    Stop: lambda s, a: s.control.stop(a),
    Release: lambda s, a: s.control.release(a),
    Alert: lambda s, _: s.recorder.alerted(s.t),
}


def _shutter(s: _Session, event: DefiniteEvent) -> None:
    """The shutter changes; with `seconds` it changes back after them."""
    s.at(event.t, lambda t: s.set_shutter(t, event.what.state))
    if event.what.state is not ShutterState.OPEN:
        s.at(event.t + event.seconds, lambda t: s.set_shutter(t, ShutterState.OPEN))


def _push(s: _Session, event: DefiniteEvent) -> None:
    hand = a_push(s.rng, event.t)
    s.sim.add(hand)
    s.recorder.push(hand.start, hand.end)


def _obstacle(s: _Session, event: DefiniteEvent) -> None:
    """Waits for the next move, then stands in its way."""

    def wait(t: float) -> None:
        velocity = s.sim.true_velocity
        if abs(velocity) < FAST_ENOUGH:
            s.at(t + 0.01, wait)
            return
        edge = s.sim.true_heading + (IN_THE_WAY if velocity > 0.0 else -IN_THE_WAY)
        low, high = sorted((edge, edge + (40.0 if velocity > 0.0 else -40.0)))
        s.sim.obstacle(low, high, t, t + event.seconds)
        s.recorder.blocked(t, t + event.seconds)

    s.at(event.t, wait)


def _bump(s: _Session, event: DefiniteEvent) -> None:
    knock = a_knock(s.rng, event.t)
    s.sim.add(knock)
    s.recorder.touched(knock.start, knock.end)


def _put(s: _Session, hand: Hand, _t: float) -> None:
    s.sim.add(hand)


def _scroll(s: _Session, event: DefiniteEvent) -> None:
    """A finger drags over the screen: the head feels it a moment before the screen says so."""
    hands = a_scroll(s.rng, event.t)
    for hand in hands:
        # Only when it comes: the axis asks every hand it knows a thousand times a second.
        s.at(event.t - 0.02, partial(_put, s, hand))
    end = max(hand.end for hand in hands)
    s.recorder.touched(event.t, end)
    late = s.rng.uniform(*TOUCH_LATE)
    s.at(event.t + late, lambda t: s.touch(t, True))
    s.at(end + late, lambda t: s.touch(t, False))


def _command(s: _Session, event: DefiniteEvent) -> None:
    what = event.what
    arguments = {a.name: a.value for a in what.arguments}
    s.recorder.commanded(event.t, what.name)
    s.at(event.t, lambda t: s._tell(Command(t, what.name, arguments, "scenario", f"{t:.2f}")))


def _mute(s: _Session, event: DefiniteEvent) -> None:
    s.at(event.t, lambda t: s.mute(t, True))
    s.at(event.t + event.seconds, lambda t: s.mute(t, False))


_HAPPENINGS: dict[Happening, Callable[[_Session, DefiniteEvent], None]] = {
    Happening.SHUTTER: _shutter,
    Happening.COVER_LENS: lambda _s, _event: None,  # the camera model looks at the scene
    Happening.PUSH: _push,
    Happening.OBSTACLE: _obstacle,
    Happening.BUMP: _bump,
    Happening.SCROLL: _scroll,
    Happening.COMMAND: _command,
    Happening.MUTE: _mute,
}
