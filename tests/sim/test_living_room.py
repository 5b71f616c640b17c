"""The built-in living room: repeatable, plausible, never the same twice, never stuck."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from engine.core.types import Label
from engine.sim.living_room import LIVELY, QUIET, ROOM, Company, LivingRoom
from engine.sim.strolls import Stroll
from engine.sim.world import Body, Posture, SoundContent, World

STEP = 0.1
MOMENTS = [k * STEP for k in range(4000)]


def inside(body: Body) -> bool:
    return ROOM.x[0] < body.x < ROOM.x[1] and ROOM.y[0] < body.y < ROOM.y[1]


def test_is_a_world() -> None:
    room: World = LivingRoom(1)
    assert room.room.x[0] < 0.0 < room.room.x[1]


def test_the_same_seed_gives_the_same_scenes_in_any_order() -> None:
    forwards, backwards = LivingRoom(3), LivingRoom(3)
    moments = [0.0, 17.3, 96.1, 250.0, 1234.5]
    expected = [forwards.at(t) for t in moments]
    assert [backwards.at(t) for t in reversed(moments)] == expected[::-1]


def test_another_seed_gives_another_story() -> None:
    assert [LivingRoom(1).at(t) for t in (50.0, 150.0)] != [
        LivingRoom(2).at(t) for t in (50.0, 150.0)
    ]


def test_before_the_start_it_is_as_at_the_start() -> None:
    assert LivingRoom(1).at(-5.0) == LivingRoom(1).at(0.0)


@pytest.mark.parametrize("company", [LIVELY, QUIET])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nobody_jumps_appears_or_vanishes_in_the_room_or_walks_through_the_device(
    seed: int, company: Company
) -> None:
    room, before = LivingRoom(seed, company), {}
    for t in MOMENTS:
        now = {body.id: body for body in room.at(t).bodies}
        for name, body in now.items():
            assert body.distance > 0.4, (t, body)
            if name in before:
                was = before[name]
                assert math.dist((was.x, was.y), (body.x, body.y)) / STEP < 2.0, (t, body)
            elif t > 0.0:
                assert not inside(body), (t, body)
        for name, body in before.items():
            assert name in now or not inside(body), (t, body)
        before = now


def test_somebody_comes_in_at_once_and_the_room_is_lively() -> None:
    room = LivingRoom(1)
    assert any(b.label is Label.PERSON and inside(b) for b in room.at(3.0).bodies)
    scenes = [room.at(t) for t in MOMENTS[::10]]
    people = [sum(b.label is Label.PERSON for b in s.bodies) for s in scenes]
    assert max(people) >= 2
    assert any(b.posture is Posture.SITTING for s in scenes for b in s.bodies)
    assert {x.content for s in scenes for x in s.sounds} >= {
        SoundContent.SPEECH,
        SoundContent.WAKE_WORD,
        SoundContent.TELEVISION,
    }


@pytest.mark.parametrize("seed", range(1, 9))
def test_the_quiet_room_has_somebody_in_it_for_about_a_third_of_each_minute(seed: int) -> None:
    room = LivingRoom(seed, QUIET)
    there = [any(b.label is Label.PERSON and inside(b) for b in room.at(t).bodies) for t in MOMENTS]
    minutes = [there[k : k + 600] for k in range(100, len(there) - 599, 600)]
    assert len(minutes) >= 5
    for minute in minutes:
        assert 120 <= sum(minute) <= 300


def test_who_talks_is_in_the_room_and_the_voice_is_theirs() -> None:
    room = LivingRoom(1)
    for t in MOMENTS:
        scene = room.at(t)
        bodies = {b.id: b for b in scene.bodies}
        for sound in scene.sounds:
            if sound.body is not None:
                body = bodies[sound.body]
                assert math.dist((body.x, body.y), (sound.x, sound.y)) < 0.2


def test_a_stroll_walks_at_its_speed_and_faces_along_its_way() -> None:
    stroll = Stroll(0.0, (0.0, 0.0), 90.0).walk((6.0, 0.0), speed=1.2).rest(2.0, 180.0)
    middle = stroll.at(2.5)
    assert middle.speed == pytest.approx(1.2)
    assert middle.facing == pytest.approx(0.0, abs=0.1)
    resting = stroll.at(stroll.end)
    assert (resting.x, resting.speed) == (pytest.approx(6.0), 0.0)
    assert abs(resting.facing) == pytest.approx(180.0, abs=0.1)


def test_a_stroll_turns_no_faster_than_people_do() -> None:
    stroll = Stroll(0.0, (0.0, 0.0), 180.0).walk((2.0, 0.0), (2.0, 2.0), speed=1.0).rest(3.0, 0.0)
    facings = [stroll.at(0.01 * k).facing for k in range(int(stroll.end * 100))]
    turns = [abs((b - a + 180.0) % 360.0 - 180.0) for a, b in pairwise(facings)]
    assert max(turns) / 0.01 < 400.0
