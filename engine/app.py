"""The composition root: builds every part from the configuration and wires them.

The only file that sees everything; nothing imports it but the command line.
It contains no behaviour: what a part does is in the part. The shutter is
wired straight to the axis and to the camera here, and told to the brain as
well, so that privacy never waits for a decision.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from alerts.gate import AlertGate
from alerts.rules import Rules, hours
from engine import senses
from engine.alarm_file import AlarmFile
from engine.choices import Choices, choices_of
from engine.config import Config
from engine.core import brain
from engine.core.places import Places, Sense
from engine.core.types import (
    AlarmState,
    Alert,
    AlertKind,
    Command,
    Event,
    Happened,
    Health,
    Indicate,
    Keep,
    Label,
    MicrophoneMuted,
    MoveTo,
    Publish,
    Release,
    Reply,
    SetRange,
    ShutterState,
    Sighting,
    Snapshot,
    Stop,
    Touched,
)
from engine.hardware.clock import MonotonicClock
from engine.identity import Claim, device_id, prepare_state_dir
from engine.loops.axis import AxisControl
from engine.loops.axis_runner import AxisRunner
from engine.loops.decisions import DecisionLoop
from engine.loops.gate import wire
from engine.loops.levels import poll
from engine.loops.schedule import MINUTE, Plan, Schedule
from engine.loops.vitals import Vitals
from engine.loops.worker import Worker
from engine.parts import Parts, build
from engine.places_file import PlacesFile
from engine.ports import Clock
from engine.range_store import KeptRange
from engine.serving import start_mqtt, start_page
from engine.tasks import Tasks, Work
from engine.telling import Telling
from integrations.alarm_codes import AlarmCode
from integrations.broker import EmbeddedBroker
from integrations.http import way_in
from integrations.http.server import PageServer
from integrations.hub import Hub
from integrations.mqtt.device import MqttDevice

log = logging.getLogger(__name__)


@dataclass
class Running:
    """A running engine, for whoever started it: the command line or a test."""

    config: Config
    parts: Parts
    decisions: DecisionLoop
    control: AxisControl
    hub: Hub
    page: PageServer | None
    broker: EmbeddedBroker | None
    runner: AxisRunner
    ended: asyncio.Event
    failure: BaseException | None = None

    def failed(self, error: BaseException) -> None:
        """The first failure is the one that is told."""
        self.failure = self.failure or error

    def let_go(self) -> None:
        """Have the axis released at once, whatever else goes on; a signal's handler may call it."""
        self.runner.let_go()

    def new_link(self) -> str | None:
        """Another one-time link to the page; None without a page."""
        return self.page.new_link() if self.page else None


@asynccontextmanager
async def running(config: Config, clock: Clock | None = None) -> AsyncIterator[Running]:
    """Everything up and wired inside the block; everything stopped and released after it.

    At the end the axis is released before anything else is stopped. `ended`
    is set when every recording has been played, or when a part failed for good
    (`failure`). Raises UserError for what a person must put right.
    """
    clock = clock or MonotonicClock()
    async with AsyncExitStack() as stack:
        state_dir = prepare_state_dir(config.state_dir)
        stack.enter_context(Claim(state_dir))
        parts = build(config, clock)
        stack.callback(parts.close)
        engine = await _assemble(config, clock, parts, state_dir, stack)
        yield engine


async def _assemble(
    config: Config, clock: Clock, parts: Parts, state_dir: Path, stack: AsyncExitStack
) -> Running:
    identity = device_id(state_dir)
    kept = KeptRange(state_dir, parts.axis_config.range, parts.core.turned_by_hand)
    control = AxisControl(parts.axis, replace(parts.axis_config, range=kept.current))
    choices = Choices(state_dir, config.follow.policy)
    before = choices.current
    core = replace(parts.core, range=kept.current, limits=kept.configured)
    places_file = PlacesFile(state_dir)
    places, problem = places_file.load_or_set_aside()
    alarm = AlarmFile(
        state_dir, lambda ok, why: decisions.post(Health(clock.now(), "alarm", ok, why))
    )
    armed, unreadable = alarm.load()
    state = brain.start(
        core, clock.now(), 0.0, before.policy, before.preferences, places, armed, before.paused
    )
    decisions = DecisionLoop(state, clock, {})
    parts.scenery = lambda seen, t: _is_scenery(decisions.state.places, seen, t)
    code = AlarmCode(state_dir, clock.now, config.alarm.code)
    hub = Hub(decisions.post, _local_commands(parts), admit=code.admit)
    decisions.effects[Keep] = alarm.keep

    def of_range(problem: str) -> None:
        decisions.post(Health(clock.now(), "range", not problem, problem))

    decisions.effects.update(_effects(control, hub, parts, choices, kept, places_file, of_range))
    for part, wrong in (("places", problem), ("alarm", unreadable)):
        if wrong:
            decisions.post(Health(clock.now(), part, False, wrong))
    runner = AxisRunner(
        control,
        clock,
        config.axis.rate_hz,
        lambda events: _post_all(decisions, events),
    )
    _wire_switches(parts, control, decisions.post, clock)
    telling = Telling(config, state_dir, identity, clock)
    simulated = parts.simulated_shutter is not None
    page = await start_page(config, simulated, hub, stack, telling, code)
    if page is not None:
        page.new_way_in().leave(state_dir)
        stack.callback(way_in.remove, state_dir)

    def of_broker(ok: bool, detail: str) -> None:
        decisions.post(Health(clock.now(), "broker", ok, detail))
        telling.network(ok)

    broker, device = await start_mqtt(config, simulated, identity, hub, of_broker, stack)
    telling.connect(page, device, hub.states, decisions.post, parts.speaker)
    hub.serve(telling.local_commands())
    decisions.effects[Alert] = _gate(config, decisions, telling).put
    await telling.open()
    parts.sinks.extend(telling.sinks)
    engine = Running(config, parts, decisions, control, hub, page, broker, runner, asyncio.Event())
    tasks = Tasks(engine.failed, engine.ended.set)
    stack.push_async_callback(_cancel, tasks, page)
    tasks.start(_endless(engine, page, device, clock, telling))
    # Last of what is to be undone, so that nothing is ended before the torque is off.
    stack.callback(runner.stop)
    runner.start()
    # Networks and rooms take seconds to load: a home that lost its device has it back before,
    # and whoever ends the start need not wait for them.
    loading = Worker("loading")
    try:
        await loading.run(senses.connect, parts, control, decisions.post)
    finally:
        await loading.stop(patience=0.0)
    tasks.start_finite([sense.run() for sense in parts.senses])
    return engine


def _is_scenery(places: Places, seen: Sighting, t: float) -> bool:
    """Whether it is a learned painting or behind a mask: known, and no reason to look often."""
    known = places.refuted(seen.bearing, Sense.SEEN, t, distance=seen.distance)
    return seen.label is Label.PERSON and known is not None


def _gate(config: Config, decisions: DecisionLoop, telling: Telling) -> AlertGate:
    """The owner's rules before the desk."""
    alerts = config.alerts
    rules = Rules(
        quiet=tuple(hours(span) for span in alerts.quiet_hours),
        cooldown=alerts.cooldown,
        sounds=frozenset(AlertKind(sound.value) for sound in alerts.sounds),
        while_home=alerts.while_home,
    )

    def around() -> tuple[bool, bool]:
        return decisions.state.someone_home, decisions.state.alarm.night

    return AlertGate(rules, telling.desk.raise_alert, around)


def _schedule(engine: Running, clock: Clock) -> Schedule:
    settings = engine.config.schedule

    def spans(texts: Sequence[str]) -> tuple[tuple[int, int], ...]:
        return tuple((span.begins, span.ends) for span in map(hours, texts))

    plan = Plan(
        MINUTE * settings.pan_every,
        MINUTE * settings.pan_jitter,
        settings.pan_at,
        spans(settings.quiet_hours),
        settings.arm_away,
        settings.arm_night,
        settings.disarm,
    )

    def pans_wanted() -> bool:
        return engine.decisions.state.alarm.state is AlarmState.ARMED_AWAY

    return Schedule(plan, engine.decisions.post, clock, pans_wanted)


def _post_all(decisions: DecisionLoop, events: Sequence[Event]) -> None:
    for event in events:
        decisions.post(event)


def _effects(
    control: AxisControl,
    hub: Hub,
    parts: Parts,
    choices: Choices,
    kept: KeptRange,
    places: PlacesFile,
    of_range: Callable[[str], None],
) -> dict[type, Callable[[Any], None]]:
    """Who carries out what the brain decides."""

    def keep(state: Snapshot) -> None:
        choices.keep(choices_of(state, choices.current))
        places.keep(state.places)

    def publish(action: Publish) -> None:
        hub.publish(action.state)
        # A disk takes its time; whoever waits for the state does not have to.
        asyncio.get_running_loop().call_soon(keep, action.state)

    def set_range(action: SetRange) -> None:
        control.set_range(action)
        of_range(kept.keep((action.low, action.high)))

    return {
        MoveTo: control.move_to,
        Stop: control.stop,
        Release: control.release,
        SetRange: set_range,
        Publish: publish,
        Reply: hub.answer,
        Happened: hub.happened.put,
        Indicate: parts.show,
    }


def _local_commands(parts: Parts) -> dict[str, Callable[[Command], Reply]]:
    """Commands of the simulated room that never reach the brain."""
    shutter, mute = parts.simulated_shutter, parts.simulated_mute

    def move_shutter(command: Command) -> Reply:
        state = ShutterState(str(command.arguments["state"]))
        assert shutter is not None
        shutter.set(state)
        return Reply(command.source, command.id, True, f"shutter {state.value}")

    def press_mute(command: Command) -> Reply:
        assert mute is not None
        mute.set(command.arguments["muted"] == "on")
        return Reply(command.source, command.id, True, f"mute {command.arguments['muted']}")

    shutters = {"shutter": move_shutter} if shutter is not None else {}
    mutes = {"mute": press_mute} if mute is not None else {}
    return {**shutters, **mutes}


def _wire_switches(
    parts: Parts, control: AxisControl, post: Callable[[Event], None], clock: Clock
) -> None:
    """The shutter past the brain to camera and axis; mute and touch beside it."""
    wire(parts.shutter, parts.gate, control, post, clock)
    parts.mute.listen(lambda muted: post(MicrophoneMuted(clock.now(), muted)))
    post(MicrophoneMuted(clock.now(), parts.mute.muted))

    def touched(pressed: bool) -> None:
        t = clock.now()
        # The axis first: a push that is a finger's must not be felt as a hand's meanwhile.
        control.touched(t, pressed)
        post(Touched(t, pressed))

    parts.touch.listen(touched)


def _endless(
    engine: Running,
    page: PageServer | None,
    device: MqttDevice | None,
    clock: Clock,
    telling: Telling,
) -> list[Work]:
    """Everything that runs for as long as the engine does, but for the senses."""
    hub, parts = engine.hub, engine.parts
    endless: list[Work] = [
        engine.decisions.run(),
        poll(parts.shutter, parts.mute, parts.indicator, parts.touch, engine.decisions.post, clock),
        Vitals(clock, engine.decisions.post).run(),
        _schedule(engine, clock).run(),
        *telling.works(hub.states, hub.happened, hub.submit),
    ]
    if page is not None:
        endless.append(page.run(hub.states, hub.submit))
    if device is not None:
        endless.append(device.run(hub.states, hub.submit))
    return endless


async def _cancel(tasks: Tasks, page: PageServer | None) -> None:
    # The page's streams end beside the broker's goodbye: each may take its time.
    pages = [] if page is None else [asyncio.create_task(page.stop())]
    await tasks.cancel(pages)
