"""The sensor models: as late, noisy and gappy as they say, and never more knowing."""

from __future__ import annotations

import statistics
from dataclasses import replace
from itertools import pairwise

import pytest

from engine.bench.scenario_file import parse
from engine.core.angles import difference
from engine.core.types import Label, SoundKind
from engine.sim.scenario import Scenario, SenseModel
from engine.sim.scenario_world import ScenarioWorld
from engine.sim.senses import WAKE_WORD, CameraModel, HearingModel

SCENE = """
name: senses
about: a test
duration: 600
people:
  - id: near
    start: {bearing: 10, distance: 2}
    restless: 0
    speech:
      - {at: 1, seconds: 0, wake_word: true}
      - {at: 5, seconds: 500}
  - id: far
    start: {bearing: -20, distance: 6}
  - id: behind
    start: {bearing: 170, distance: 1}
  - id: cat
    label: cat
    start: {bearing: 25, distance: 1.5}
events:
  - cover_lens: {at: 500, seconds: 10}
"""
QUIET = SenseModel(false_alarm=0.0)


def scene(extra: str = "") -> Scenario:
    return parse(SCENE + extra, "senses.yaml")


def look(model: SenseModel = QUIET, heading: float = 0.0, velocity: float = 0.0, n: int = 4000):  # type: ignore[no-untyped-def]
    camera = CameraModel(ScenarioWorld(scene(), seed=1), model)
    return [camera.look(0.1 * k, heading, velocity, heading) for k in range(n)]


def test_numbers_come_later_and_speak_of_the_moment_of_exposure() -> None:
    lateness = [ready - seen.t for ready, seen in look()]
    assert statistics.mean(lateness) == pytest.approx(0.12, abs=0.005)
    assert min(lateness) > 0.05


def test_only_what_is_in_the_picture_and_within_reach_is_seen() -> None:
    people = [s for _, seen in look() for s in seen.sightings if s.label is Label.PERSON]
    assert people
    assert all(abs(difference(s.bearing, 10.0)) < 10.0 for s in people)
    assert not [s for _, seen in look(heading=90.0) for s in seen.sightings]


def test_bearings_have_the_noise_and_detections_the_gaps_that_were_asked_for() -> None:
    frames = [[s for s in seen.sightings if s.label is Label.PERSON] for _, seen in look()]
    errors = [difference(s.bearing, 10.0) for people in frames for s in people]
    assert statistics.mean(errors) == pytest.approx(0.0, abs=0.15)
    assert statistics.stdev(errors) == pytest.approx(1.5, abs=0.15)
    missed = [not people for people in frames]
    assert sum(missed) / len(missed) == pytest.approx(0.08, abs=0.02)
    # In bursts: after a miss another one is likelier than in general.
    again = [b for a, b in pairwise(missed) if a]
    assert sum(again) / len(again) == pytest.approx(1.0 - 1.0 / 1.6, abs=0.1)


def test_a_fast_head_sees_less() -> None:
    slow = sum(len(seen.sightings) for _, seen in look())
    fast = sum(len(seen.sightings) for _, seen in look(velocity=150.0))
    assert fast < 0.9 * slow


def test_a_covered_lens_is_no_evidence() -> None:
    camera = CameraModel(ScenarioWorld(scene(), seed=1), QUIET)
    _, seen = camera.look(505.0, 0.0, 0.0, 0.0)
    assert not seen.usable
    assert not seen.sightings


def test_a_nearer_person_hides_a_farther_one() -> None:
    crowd = parse(
        """
name: crowd
about: a test
duration: 60
people:
  - {id: front, start: {bearing: 0, distance: 1}, restless: 0}
  - {id: back, start: {bearing: 2, distance: 3}, restless: 0}
""",
        "crowd.yaml",
    )
    camera = CameraModel(ScenarioWorld(crowd, seed=1), QUIET)
    counts = [len(camera.look(0.1 * k, 0.0, 0.0, 0.0)[1].sightings) for k in range(500)]
    assert statistics.mean(counts) < 1.4


def test_a_painting_is_taken_for_a_person_as_often_as_asked() -> None:
    wall = scene("spots: [{place: {bearing: -15, distance: 3}, probability: 0.3}]\n")
    camera = CameraModel(ScenarioWorld(wall, seed=1), QUIET)
    fooled = [
        any(abs(s.bearing + 15.0) < 8.0 for s in camera.look(0.1 * k, 0.0, 0.0, 0.0)[1].sightings)
        for k in range(5000)
    ]
    assert statistics.mean(fooled) == pytest.approx(0.3, abs=0.05)


def hear(extra: str = "", seed: int = 1, moving: bool = False):  # type: ignore[no-untyped-def]
    world = ScenarioWorld(scene(extra), seed)
    hearing = HearingModel(world, QUIET)
    return [heard for k in range(6000) for heard in hearing.listen(0.1 * k, moving, muted=False)]


def test_speech_gives_a_decision_every_half_second_and_the_wake_word_one_of_its_own() -> None:
    heard = hear()
    words = [event for _, event in heard if event.wake_word]
    assert [w.wake_word for w in words] in ([WAKE_WORD], [])
    plain = [event for _, event in heard if not event.wake_word]
    assert 0.9 * 1000 < len(plain) < 1000
    assert all(ready > event.t for ready, event in heard)


def test_directions_have_their_noise_and_now_and_then_none_of_it_is_true() -> None:
    errors = [difference(e.directions[0].bearing, 10.0) for _, e in hear()]
    strays = [e for e in errors if abs(e) > 25.0]
    assert 0.005 < len(strays) / len(errors) < 0.06
    fine = [e for e in errors if abs(e) <= 25.0]
    assert statistics.stdev(fine) == pytest.approx(4.0, abs=0.5)


def test_a_moving_head_hears_worse_and_says_so() -> None:
    heard = [e for _, e in hear(moving=True)]
    assert all(e.while_moving for e in heard)
    fine = [d for e in heard if abs(d := difference(e.directions[0].bearing, 10.0)) <= 30.0]
    assert statistics.stdev(fine) > 5.5


def test_the_wall_answers_as_often_as_it_was_told_to() -> None:
    events = [e for _, e in hear("echo: {bearing: 170, strength: 0.5, leads: 0.3, told: 0.6}\n")]
    with_wall = [e for e in events if len(e.directions) == 2]
    assert len(with_wall) / len(events) == pytest.approx(0.5, abs=0.07)
    leading = [e for e in with_wall if abs(difference(e.directions[0].bearing, 170.0)) < 25.0]
    assert len(leading) / len(with_wall) == pytest.approx(0.3, abs=0.12)
    told = [d for e in with_wall for d in e.directions if d.kind is SoundKind.REFLECTION]
    assert len(told) / len(with_wall) == pytest.approx(0.6, abs=0.1)


def test_the_muted_microphone_hears_nothing() -> None:
    hearing = HearingModel(ScenarioWorld(scene(), 1), QUIET)
    assert not [e for k in range(600) for e in hearing.listen(0.1 * k, False, muted=True)]


def test_the_same_seed_hears_and_sees_the_same_and_another_does_not() -> None:
    assert hear(seed=3) == hear(seed=3)
    assert hear(seed=3) != hear(seed=4)
    first, second = look(), look()
    assert first == second
    assert first != look(replace(QUIET, bearing_noise=1.6))
