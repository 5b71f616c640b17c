"""Smoke and carbon monoxide alarms and breaking glass: told in rooms, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hearing_sounds import bursts, plane_wave

from engine.bench import alarm_sounds_made as made
from engine.bench.alarm_sounds import SOUNDS, Deaf, false_alarms, heard
from engine.core.types import Event, SoundHeard
from engine.hearing.alarm_sounds import CO, CRASH, SMOKE
from engine.hearing.arrays import load_array
from engine.loops.alarm_listening import AlarmListening
from engine.ports import AudioBlock

RATE = made.RATE
Make = Callable[..., made.Mono]
KINDS: list[tuple[str, Make]] = [
    (SMOKE, made.smoke),
    (CO, made.carbon_monoxide),
    (CRASH, made.glass),
]
names = [kind for kind, _ in KINDS]


def kinds(sound: made.Mono) -> set[str]:
    return {kind for kind, _ in heard(np.asarray(sound, np.float32))}


@pytest.mark.parametrize(("kind", "make"), KINDS, ids=names)
@pytest.mark.parametrize("room", [0.0, 0.4])
@pytest.mark.parametrize("seed", range(4))
def test_it_is_told_in_a_room_with_noise(kind: str, make: Make, room: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    sound = make(rng)
    if room:
        sound = made.in_a_room(sound, rng, room)
    assert kinds(0.5 * made.with_noise(sound, made.pink(rng, 5.0), 20.0)) == {kind}


@pytest.mark.parametrize(("kind", "make"), KINDS[:2], ids=names[:2])
def test_two_groups_of_pulses_are_enough_and_one_is_not(kind: str, make: Make) -> None:
    rng = np.random.default_rng(1)
    whole = make(rng, 40.0)
    first = heard(whole)[0][1]
    begins = float(np.flatnonzero(np.abs(whole) > 0.05)[0]) / RATE
    assert first - begins < 8.0
    assert kinds(whole[: int((begins + 3.5) * RATE)]) == set()


@pytest.mark.parametrize(
    ("what", "pulses", "on", "off", "pause"),
    [
        ("a truck that backs", 1, 0.5, 0.5, 0.5),
        ("an alarm clock", 4, 0.1, 0.1, 0.5),
        ("an oven that is ready", 3, 0.5, 0.5, 8.0),
        ("a telephone", 2, 0.4, 0.2, 2.0),
        ("a low battery's chirp", 1, 0.08, 0.0, 5.0),
        ("a steady whistle", 1, 12.0, 0.0, 0.2),
    ],
)
def test_other_things_that_beep_are_no_alarm(
    what: str, pulses: int, on: float, off: float, pause: float
) -> None:
    sound = made.pattern(np.random.default_rng(3), pulses, on, off, pause, 30.0)
    assert kinds(sound) == set(), what


def blow(hertz: float, decay: float) -> made.Mono:
    t = np.arange(3 * RATE) / RATE - 1.5
    ring = np.where(t > 0.0, np.exp(-np.maximum(t, 0.0) / decay) * np.sin(2 * np.pi * hertz * t), 0)
    noise = 1e-4 * np.random.default_rng(0).standard_normal(len(t))
    return np.asarray(0.7 * ring + noise, np.float32)


@pytest.mark.parametrize(("hertz", "decay"), [(90.0, 0.1), (400.0, 0.05), (3000.0, 0.3)])
def test_a_door_a_knock_and_a_bell_are_no_glass(hertz: float, decay: float) -> None:
    assert kinds(blow(hertz, decay)) == set()


def test_what_starts_and_goes_on_is_no_glass() -> None:
    rng = np.random.default_rng(0)
    tap = 0.2 * rng.standard_normal(4 * RATE)
    tap[: int(1.5 * RATE)] *= 1e-3
    assert kinds(tap) == set()
    assert kinds(bursts(rng, 20.0)) == set()


@pytest.mark.needs("speech")
def test_speech_is_no_alarm() -> None:
    found = false_alarms(SOUNDS / "sounds" / "en_US_f_Allison", lambda _: None, most_minutes=3.0)
    assert found["minutes"] > 2.0
    assert sum(found["false_alarms"].values()) == 0


# ---------------------------------------------------------------- beside the ear


def listen(waves: np.ndarray, gap_at: int | None = None, heading: float = 0.0) -> list[SoundHeard]:
    told: list[Event] = []
    ear = AlarmListening(Deaf(), load_array("respeaker_6"), told.append, lambda _t: heading)
    for k in range(0, waves.shape[1] - 512, 512):
        t = 100.0 + k / RATE + (30.0 if gap_at is not None and k >= gap_at else 0.0)
        ear.listen(AudioBlock(t, waves[:, k : k + 512].copy()))
    return [event for event in told if isinstance(event, SoundHeard)]


def arriving(sound: made.Mono, azimuth: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    waves = 0.5 * plane_wave(load_array("respeaker_6"), sound, azimuth)
    return (waves + 0.002 * rng.standard_normal(waves.shape)).astype(np.float32)


@pytest.mark.parametrize(("kind", "make"), KINDS, ids=names)
def test_its_direction_is_told_in_the_world(kind: str, make: Make) -> None:
    found = listen(arriving(make(np.random.default_rng(2)), 70.0), heading=50.0)
    assert {event.kind for event in found} == {kind}
    assert found[0].bearing == pytest.approx(120.0, abs=8.0)


@pytest.mark.parametrize("seed", [7, 9])
def test_a_tone_that_fills_its_stretch_has_a_direction(seed: int) -> None:
    found = listen(arriving(made.smoke(np.random.default_rng(seed), 8.5), 70.0))
    assert found[0].bearing == pytest.approx(70.0, abs=8.0)


def test_a_gap_in_the_sound_breaks_a_rhythm() -> None:
    waves = arriving(made.smoke(np.random.default_rng(2), 8.5), 70.0)
    assert len(listen(waves)) == 1
    assert listen(waves, gap_at=waves.shape[1] // 2 // 512 * 512) == []


def test_the_mute_forgets_what_was_heard() -> None:
    told: list[Event] = []
    waves = arriving(made.smoke(np.random.default_rng(2), 8.5), 70.0)
    ear = AlarmListening(Deaf(), load_array("respeaker_6"), told.append)
    half = waves.shape[1] // 2 // 512 * 512
    for k in range(0, waves.shape[1] - 512, 512):
        if k == half:
            ear.forget()
            assert not ear._history.span(0, ear._history.end).any()
        ear.listen(AudioBlock(100.0 + k / RATE, waves[:, k : k + 512].copy()))
    assert told == []
