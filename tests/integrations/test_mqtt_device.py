"""A device on a bus in memory: birth, states, commands, errors, goodbye."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.places import Origin, Place
from engine.core.types import Command, FollowPolicy, Happened, Reply, ShutterState
from engine.ports import Message
from integrations import sample
from integrations.hub import Hub
from integrations.mqtt.bus import Broker, BusLost
from integrations.mqtt.device import MqttDevice
from integrations.mqtt.fake import FakeBroker, FakeBus
from integrations.mqtt.instance import Taken

ROOT = "heliotrope/abc"


class Home:
    """A broker, a device on it, and an engine that does what `follow` says and nothing else."""

    def __init__(self) -> None:
        self.broker = FakeBroker()
        self.t = 100.0
        self.snapshot = replace(sample.at(4.9), t=self.t)
        self.delivered: list[Command] = []
        self.hub = Hub(self.deliver)
        self.device = MqttDevice(
            Broker("", 0),
            "abc",
            "Kitchen",
            now=lambda: self.t,
            happened=self.hub.happened,
            patience=0.0,
        )
        self.bus: FakeBus | None = None

    def deliver(self, command: Command) -> None:
        self.delivered.append(command)
        if command.name == "follow":
            self.show(follow=FollowPolicy(str(command.arguments["policy"])))
        ok = command.name != "arm"
        reply = Reply(command.source, command.id, ok=ok, message="" if ok else "the shutter")
        self.hub.answer(reply)

    def show(self, **changes: object) -> None:
        self.snapshot = replace(self.snapshot, **changes)  # type: ignore[arg-type]
        self.hub.publish(self.snapshot)

    def state(self, key: str) -> str | None:
        message = self.broker.retained.get(f"{ROOT}/state/{key}")
        return message.payload.decode() if message else None

    def last(self, topic: str) -> dict[str, object]:
        messages = [m for m in self.broker.log if m.topic == f"{ROOT}/{topic}"]
        assert messages
        assert not messages[-1].retain
        body: dict[str, object] = json.loads(messages[-1].payload)
        return body

    def say(self, topic: str, payload: bytes, retain: bool = False) -> None:
        self.broker.route(Message(topic, payload, retain))

    @asynccontextmanager
    async def up(self) -> AsyncIterator[FakeBus]:
        async with self.broker.connected(self.device.will) as bus:
            session = asyncio.ensure_future(
                self.device.session(bus, self.hub.states, self.hub.submit)
            )
            self.hub.publish(self.snapshot)
            await settle()
            try:
                yield bus
            finally:
                session.cancel()
                with contextlib.suppress(asyncio.CancelledError, BusLost):
                    await session


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
def home() -> Home:
    return Home()


async def test_birth_announcement_and_every_state_are_retained(home: Home) -> None:
    async with home.up():
        assert home.broker.retained[f"{ROOT}/availability"].payload == b"online"
        announced = json.loads(home.broker.retained["homeassistant/device/abc/config"].payload)
        for component in announced["components"].values():
            if "state_topic" in component and component["platform"] != "event":
                assert component["state_topic"] in home.broker.retained
        # Announced before it is said to be there, so that Home Assistant knows what comes.
        topics = [message.topic for message in home.broker.log]
        assert topics.index("homeassistant/device/abc/config") < topics.index(
            f"{ROOT}/availability"
        )


async def test_a_switch_turns_what_it_says_and_state_is_the_engines(home: Home) -> None:
    async with home.up():
        assert home.state("follow") == "ON"
        home.say(f"{ROOT}/set/follow", b"OFF")
        await settle()
        assert home.delivered[-1].name == "follow"
        assert home.state("follow") == "OFF"
        assert home.last("reply") == {"id": "set/follow", "ok": True, "message": ""}


async def test_a_command_that_changes_nothing_leaves_the_state_alone(home: Home) -> None:
    async with home.up():
        home.say(f"{ROOT}/set/mode", b"manual")
        await settle()
        assert home.state("mode") == "follow"


async def test_a_json_command_is_answered_with_its_id(home: Home) -> None:
    async with home.up():
        home.say(f"{ROOT}/command", b'{"id":"q1","name":"turn","arguments":{"heading":5}}')
        await settle()
        assert home.delivered[-1].arguments == {"heading": 5.0}
        assert home.last("reply")["id"] == "q1"


async def test_what_the_engine_refuses_goes_to_the_error_topic(home: Home) -> None:
    async with home.up():
        home.say(f"{ROOT}/command", b'{"id":"q2","name":"arm"}')
        await settle()
        assert home.last("error") == {"id": "q2", "ok": False, "message": "the shutter"}


async def test_a_retained_command_is_refused(home: Home) -> None:
    home.say(f"{ROOT}/set/follow", b"OFF", retain=True)
    home.say(f"{ROOT}/command", b'{"id":"q3","name":"stop"}', retain=True)
    async with home.up():
        assert home.delivered == []
        assert home.device.refused == 2


async def test_home_assistants_birth_brings_everything_again(home: Home) -> None:
    home.say("homeassistant/status", b"online", retain=True)
    async with home.up():
        before = len(home.broker.log)
        home.say("homeassistant/status", b"offline")
        home.show()
        await settle()
        assert len(home.broker.log) == before + 1
        home.say("homeassistant/status", b"online")
        home.show()
        await settle()
        again = {message.topic for message in home.broker.log[before + 2 :]}
        assert "homeassistant/device/abc/config" in again
        assert f"{ROOT}/state/mode" in again


async def test_a_new_range_is_announced(home: Home) -> None:
    async with home.up():
        home.show(range=(-90.0, 90.0))
        await settle()
        message = json.loads(home.broker.retained["homeassistant/device/abc/config"].payload)
        assert message["components"]["heading"]["max"] == 90.0


async def test_a_moment_is_told_once_and_never_retained(home: Home) -> None:
    home.hub.happened.put(Happened(1.0, "person", "came", 10.0))  # before anybody listened
    async with home.up():
        home.hub.happened.put(Happened(2.0, "contact", "push", -12.34))
        home.hub.happened.put(Happened(3.0, "viewer", "came"))
        await settle()
        assert home.last("event/contact") == {"event_type": "push", "bearing": -12.3}
        assert home.last("event/viewer") == {"event_type": "came"}
    assert not [m for m in home.broker.log if m.topic == f"{ROOT}/event/person"]


async def test_what_is_not_there_is_unavailable_and_takes_no_commands(home: Home) -> None:
    async with home.up():
        assert home.broker.retained[f"{ROOT}/available/look_at"].payload == b"offline"
        home.say(f"{ROOT}/set/look_at", b"Door")
        await settle()
        assert home.delivered == []
        assert "not available" in str(home.last("error")["message"])
        home.show(places=(Place(60.0, None, Origin.NAME, "Door"),))
        await settle()
        assert home.broker.retained[f"{ROOT}/available/look_at"].payload == b"online"
        home.say(f"{ROOT}/set/look_at", b"Door")
        await settle()
        assert home.delivered[-1].arguments == {"place": "Door"}


async def test_a_still_is_shown_only_where_it_is_allowed_and_never_kept_by_the_broker(
    home: Home,
) -> None:
    def shown(key: str) -> list[tuple[bytes, bool]]:
        topic = f"{ROOT}/picture/{key}"
        return [(m.payload, m.retain) for m in home.broker.log if m.topic == topic]

    home.device.show_alert(b"no broker")
    assert not home.device.show_now(b"no broker")
    async with home.up():
        home.device.show_alert(b"not allowed")
        assert not home.device.show_now(b"not allowed")
        home.show(measures={"alert_pictures": 1.0})
        await settle()
        home.device.show_alert(b"an alert's")
        assert not home.device.show_now(b"not allowed yet")
        home.show(measures={"camera_stills": 5.0})
        await settle()
        home.device.show_alert(b"allowed no more")
        assert home.device.show_now(b"of now")
        await settle()
        home.show(shutter=ShutterState.CLOSED)
        await settle()
        assert not home.device.show_now(b"closed")
        await settle()
    assert shown("last_alert_image") == [(b"an alert's", False)]
    # Gone at the start, and again with the shutter.
    assert shown("camera") == [(b"", False), (b"of now", False), (b"", False)]


async def test_a_text_may_be_longer_than_a_switch(home: Home) -> None:
    async with home.up():
        home.say(f"{ROOT}/set/message", ("ä" * 150).encode())
        await settle()
        assert home.delivered[-1].arguments == {"text": "ä" * 150}
        home.say(f"{ROOT}/set/follow", b"O" * 65)
        await settle()
        assert "at most 64 bytes" in str(home.last("error")["message"])


async def test_a_stop_says_goodbye_and_a_broken_cable_leaves_the_will(home: Home) -> None:
    async with home.up():
        pass
    assert home.broker.retained[f"{ROOT}/availability"].payload == b"offline"
    async with home.up() as bus:
        assert home.broker.retained[f"{ROOT}/availability"].payload == b"online"
        bus.lose()
        assert home.broker.retained[f"{ROOT}/availability"].payload == b"offline"


async def test_at_rest_a_noisy_room_stays_below_one_message_a_second(home: Home) -> None:
    async with home.up():
        before = len(home.broker.log)
        for tick in range(600):  # a minute of snapshots, ten a second
            home.t += 0.1
            noise = tick % 7
            people = tuple(replace(p, bearing=p.bearing + 5 * noise) for p in home.snapshot.people)
            home.show(
                t=home.t,
                moving=False,
                heading=20.0 + 0.04 * noise,
                people=people,
                reason=replace(home.snapshot.reason, code=f"r{noise}"),
            )
            await settle()
        assert 0 < len(home.broker.log) - before <= 60


async def test_a_moving_head_is_told_at_most_five_times_a_second_and_the_end_is_true(
    home: Home,
) -> None:
    async with home.up():
        for tick in range(200):
            home.t += 0.01
            home.show(t=home.t, moving=True, heading=tick / 2.0)
            await settle()
        told = [m for m in home.broker.log if m.topic == f"{ROOT}/state/heading"]
        assert 5 <= len(told) <= 12
        home.t += 0.3
        home.show(t=home.t, moving=False)
        await settle()
        assert home.state("heading") == "99.5"


SUFFIX = st.sampled_from(["command", "set/follow", "set/heading", "set/stop", "set/x", "set/"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(SUFFIX, st.binary(max_size=80)), max_size=8))
def test_hostile_payloads_change_nothing_and_are_answered(
    messages: list[tuple[str, bytes]],
) -> None:
    async def attack() -> None:
        home = Home()
        async with home.up():
            for suffix, payload in messages:
                home.say(f"{ROOT}/{suffix}", payload)
            await settle()
            for _ in messages:
                await settle()
            answered = [m for m in home.broker.log if m.topic in {f"{ROOT}/error", f"{ROOT}/reply"}]
            assert len(answered) == len(messages)
            assert len(home.delivered) + home.device.refused == len(messages)
            assert home.broker.retained[f"{ROOT}/availability"].payload == b"online"

    asyncio.run(attack())


async def test_a_session_ends_with_the_bus(home: Home) -> None:
    async with home.broker.connected() as bus:
        session = asyncio.ensure_future(home.device.session(bus, home.hub.states, home.hub.submit))
        home.hub.publish(home.snapshot)
        await settle()
        bus.lose()
        with pytest.raises(BusLost):
            await session


async def test_a_will_that_comes_late_does_not_make_a_live_device_unavailable(home: Home) -> None:
    async with home.up():
        home.say(f"{ROOT}/availability", b"offline", retain=True)
        await settle()
        assert home.broker.retained[f"{ROOT}/availability"].payload == b"online"
    assert home.broker.retained[f"{ROOT}/availability"].payload == b"offline"


async def test_a_copy_of_the_device_is_refused_and_says_nothing(home: Home) -> None:
    copy = MqttDevice(Broker("", 0), "abc", "Copy", patience=5.0)
    async with home.up():
        before = len(home.broker.log)
        async with home.broker.connected(copy.will) as bus:
            with pytest.raises(Taken, match=r"device\.id"):
                await copy.session(bus, home.hub.states, home.hub.submit)
        said = {message.topic for message in home.broker.log[before:]}
        assert said == {f"{ROOT}/instance"}


async def test_a_restart_is_no_copy(home: Home) -> None:
    async with home.up():
        pass
    alone = MqttDevice(Broker("", 0), "abc", "Kitchen", patience=0.01)
    async with home.broker.connected(alone.will) as bus:
        session = asyncio.ensure_future(alone.session(bus, home.hub.states, home.hub.submit))
        async with asyncio.timeout(60):
            while home.broker.retained[f"{ROOT}/availability"].payload != b"online":  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        session.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await session


async def test_of_two_copies_that_come_at_once_one_stays(home: Home) -> None:
    copies = [MqttDevice(Broker("", 0), "abc", str(n), patience=0.2) for n in range(2)]
    async with home.broker.connected() as one, home.broker.connected() as other:
        sessions = [
            asyncio.ensure_future(copy.session(bus, home.hub.states, home.hub.submit))
            for copy, bus in zip(copies, (one, other), strict=True)
        ]
        done, left = await asyncio.wait(sessions, timeout=60, return_when="FIRST_COMPLETED")
        assert [type(task.exception()) for task in done] == [Taken]
        assert len(left) == 1
        (session,) = left
        session.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await session
