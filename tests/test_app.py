"""The whole engine in one process: what it does to its parts, and in which order it ends."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from engine import senses
from engine.app import Running, running
from engine.config import AxisDriver, Config
from engine.config_file import load
from engine.core.types import AxisMoved, Command, MoveTo, Pace, ShutterState
from engine.errors import UserError
from integrations.broker import EmbeddedBroker
from integrations.http.server import PageServer

HANG = 60.0  # s; a guard, not a measure

pytestmark = pytest.mark.needs("sim")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    config = load(None, {"HELIOTROPE_STATE_DIR": str(tmp_path / "state")}).config
    return replace(
        config,
        http=replace(config.http, port=0),
        microphones=replace(config.microphones, source="none"),
    )


def deaf_and_blind(config: Config) -> Config:
    return replace(config, camera=replace(config.camera, source="none"))


async def until(done: Callable[[], object]) -> None:
    async with asyncio.timeout(HANG):
        while not done():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def told(engine: Running, name: str, **arguments: Any) -> bool:
    reply = await engine.hub.submit(Command(time.monotonic(), name, arguments, "test", "1"))
    return reply.ok


async def test_the_device_is_back_before_the_slow_parts_are_there(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    announced = threading.Event()
    connect = senses.connect

    def slowly(*arguments: Any) -> None:
        assert announced.wait(HANG)
        connect(*arguments)

    monkeypatch.setattr(senses, "connect", slowly)

    async def listen() -> None:
        login = {"username": "u", "password": "p"}
        async with EmbeddedBroker(0, "u", "p") as broker:
            port.set_result(broker.port)
            async with aiomqtt.Client(broker.host, broker.port, **login) as client:
                await client.subscribe("heliotrope/+/availability")
                async for message in client.messages:
                    if message.payload == b"online":
                        announced.set()

    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    listening = asyncio.ensure_future(listen())
    mqtt = replace(config.mqtt, host="127.0.0.1", port=await port, username="u", password="p")
    async with running(replace(deaf_and_blind(config), mqtt=mqtt)) as engine:
        assert announced.is_set()
        assert engine.failure is None
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_the_axis_is_released_before_anything_else_is_stopped(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    def noted(owner: Any, method: str, name: str) -> None:
        before = getattr(owner, method)

        async def call(self: Any) -> None:
            order.append(name)
            await before(self)

        monkeypatch.setattr(owner, method, call)

    noted(PageServer, "stop", "page")
    noted(EmbeddedBroker, "stop", "broker")
    async with running(config) as engine:
        axis, real = engine.parts.axis, engine.parts.axis.release
        engine.control.move_to(MoveTo(90.0, Pace.BRISK, "test"))
        await until(lambda: engine.control.powered)

        def release() -> None:
            order.append("axis")
            real()

        axis.release = release  # type: ignore[method-assign]
        order.clear()
    assert order[0] == "axis"
    assert {"page", "broker"} <= set(order)
    assert not engine.control.powered


async def test_a_signal_need_not_wait_for_the_event_loop(config: Config) -> None:
    async with running(deaf_and_blind(config)) as engine:
        engine.control.move_to(MoveTo(170.0, Pace.BRISK, "test"))
        await until(lambda: engine.control.powered)
        engine.let_go()
        hold_up(lambda: not engine.control.powered)
        assert not engine.control.powered
        engine.control.move_to(MoveTo(0.0, Pace.BRISK, "test"))
        await asyncio.sleep(0.05)
        assert not engine.control.powered


def hold_up(done: Callable[[], object]) -> None:
    """The event loop does nothing meanwhile."""
    begun = time.monotonic()
    while not done() and time.monotonic() < begun + HANG:
        time.sleep(0.001)


async def test_no_thread_is_left_behind(config: Config) -> None:
    before = set(threading.enumerate())
    async with running(config) as engine:
        await until(lambda: engine.parts.frames > 2)
        assert {t.name for t in set(threading.enumerate()) - before} >= {"axis", "camera"}
    await until(
        lambda: not {t for t in set(threading.enumerate()) - before if t.name != "asyncio_0"}
    )


async def test_the_shutter_ends_frames_and_motion_and_people(config: Config) -> None:
    async with running(config) as engine:
        snapshot = engine.hub.states
        await until(
            lambda: snapshot.value is not None and any(p.seen for p in snapshot.value.people)
        )
        assert await told(engine, "turn", heading=150.0)
        await until(lambda: snapshot.value is not None and abs(snapshot.value.velocity) > 20.0)
        shutter = engine.parts.simulated_shutter
        assert shutter is not None
        shutter.set(ShutterState.CLOSED)
        await until(lambda: not engine.control.powered)
        await asyncio.sleep(0.5)  # the head coasts no longer
        frames, heading = engine.parts.frames, engine.control.heading_at(time.monotonic())
        travelled = engine.control.travel_commanded
        assert not await told(engine, "turn", heading=0.0)
        await asyncio.sleep(1.0)
        assert engine.parts.frames == frames
        assert engine.control.travel_commanded == travelled
        assert engine.control.commanded_while_forbidden == 0.0
        assert engine.control.heading_at(time.monotonic()) == pytest.approx(heading, abs=0.2)
        await until(lambda: snapshot.value is not None and not snapshot.value.people)
        shutter.set(ShutterState.OPEN)
        await until(lambda: engine.parts.frames > frames)


async def test_a_camera_that_is_missing_is_reported_and_looked_for_again(
    config: Config, tmp_path: Path
) -> None:
    config = replace(config, camera=replace(config.camera, source="/dev/video97"))
    async with running(config) as engine:
        tries: list[float] = []
        loop = engine.parts.camera_loop
        assert loop is not None
        open_ = loop._camera.open

        def noted() -> None:
            tries.append(time.monotonic())
            open_()

        loop._camera.open = noted  # type: ignore[method-assign]
        states = engine.hub.states
        await until(lambda: states.value is not None and states.value.problems)
        assert states.value is not None
        assert any("camera" in problem for problem in states.value.problems)
        assert await problem_at_the_broker(engine) == b"ON"
        await until(lambda: len(tries) >= 2)
        assert not engine.ended.is_set()


async def problem_at_the_broker(engine: Running) -> bytes:
    broker = engine.broker
    assert broker is not None
    async with (
        asyncio.timeout(HANG),
        aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.username,
            password=broker.password,
            protocol=aiomqtt.ProtocolVersion.V311,
        ) as client,
    ):
        await client.subscribe("heliotrope/+/state/problem")
        async for message in client.messages:
            if message.payload == b"ON":
                return message.payload
    raise AssertionError("unreachable")


async def test_the_broker_lets_in_nobody_without_its_password(config: Config) -> None:
    async with running(deaf_and_blind(config)) as engine:
        broker = engine.broker
        assert broker is not None
        for username, password in ((None, None), (broker.username, "zzz")):
            with pytest.raises(aiomqtt.MqttError):
                async with aiomqtt.Client(
                    broker.host,
                    broker.port,
                    username=username,
                    password=password,
                    protocol=aiomqtt.ProtocolVersion.V311,
                    timeout=5.0,
                ):
                    pass


async def test_two_engines_cannot_share_a_state_directory(config: Config) -> None:
    async with running(deaf_and_blind(config)):
        with pytest.raises(UserError, match="in use"):
            async with running(deaf_and_blind(config)):
                pass


async def test_an_unreadable_recording_is_refused_before_anything_starts(
    config: Config, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"this is no video" * 100)
    config = replace(config, camera=replace(config.camera, source=str(clip)))
    threads = set(threading.enumerate())
    with pytest.raises(UserError, match=r"clip\.mp4"):
        async with running(config):
            pytest.fail("it started")
    assert set(threading.enumerate()) == threads


async def test_a_range_that_cannot_be_kept_is_a_problem_of_the_device(config: Config) -> None:
    (config.state_dir / "range.json" / "in the way").mkdir(parents=True)
    async with running(deaf_and_blind(config)) as engine:
        await until(lambda: engine.hub.states.value is not None)
        assert await told(engine, "range_setup", step="reset")
        await until(lambda: any(part == "range" for part, _ in engine.decisions.state.problems))


async def test_a_range_that_a_hand_set_does_not_limit_an_electronic_pan(config: Config) -> None:
    config.state_dir.mkdir(parents=True, exist_ok=True)
    (config.state_dir / "range.json").write_text('{"range": [-5, 5]}')
    pan = replace(config, axis=replace(config.axis, driver=AxisDriver.ELECTRONIC))
    async with running(deaf_and_blind(pan)) as engine:
        low, high = engine.decisions.state.settings.range
        assert low < -5.0
        assert high > 5.0


async def test_a_range_set_up_by_hand_is_kept_and_a_reset_forgets_it(config: Config) -> None:
    alone = deaf_and_blind(config)
    async with running(alone) as engine:
        await until(lambda: engine.hub.states.value is not None)
        assert await told(engine, "range_setup")
        for heading in (90.0, -80.0):
            engine.decisions.post(AxisMoved(time.monotonic(), heading, 0.0, 0.0, False))
        await until(lambda: engine.decisions.state.survey.high >= 90.0)
        await until(lambda: engine.decisions.state.survey.low <= -80.0)
        assert await told(engine, "range_setup", step="done")
    async with running(alone) as engine:
        await until(lambda: engine.hub.states.value is not None)
        assert engine.decisions.state.settings.range == (-77.0, 87.0)
        assert not await told(engine, "turn", heading=100.0)
        assert await told(engine, "range_setup", step="reset")
        assert engine.decisions.state.settings.range == config.axis.range
    async with running(alone) as engine:
        assert engine.decisions.state.settings.range == config.axis.range
