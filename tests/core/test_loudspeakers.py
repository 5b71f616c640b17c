"""Where machines talk: their stray voices make nobody, people beside them are still heard."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core import brain, loudspeakers
from engine.core.loudspeakers import FORGOTTEN, GATE, SURE, Loudspeakers
from engine.core.settings import CoreSettings
from engine.core.types import (
    MoveTo,
    PeopleSeen,
    ShutterChanged,
    ShutterState,
    Sighting,
    SoundDirection,
    SoundKind,
    VoiceHeard,
)

bearings = st.floats(-180, 180)


def heard(t: float, bearing: float, kind: SoundKind, wake_word: str | None = None) -> VoiceHeard:
    return VoiceHeard(t, (SoundDirection(bearing, 0.8, 4.0, kind),), 0.9, wake_word)


def machines(known: Loudspeakers, bearing: float, times: int, start: float = 0.0) -> Loudspeakers:
    for i in range(times):
        known = loudspeakers.hear(known, heard(start + 0.5 * i, bearing, SoundKind.MACHINE))
    return known


@given(bearings, st.integers(2, 200), st.floats(-GATE, GATE))
def test_a_stray_voice_from_where_machines_talk_is_the_machines(
    bearing: float, times: int, off: float
) -> None:
    known = loudspeakers.hear(
        machines((), bearing, times), heard(0.5 * times, bearing, SoundKind.DIRECT)
    )
    assert loudspeakers.talks(known, bearing + 0.99 * off)
    assert not loudspeakers.talks(known, bearing + GATE + 1.0 + abs(off))


@given(bearings, st.integers(1, 500))
def test_whoever_talks_on_beside_a_machine_that_fell_silent_is_believed_soon(
    bearing: float, before: int
) -> None:
    known = machines((), bearing, before)
    t = 0.5 * before
    needed = 0
    while loudspeakers.talks(known, bearing):
        t += 0.5
        needed += 1
        known = loudspeakers.hear(known, heard(t, bearing, SoundKind.DIRECT))
    assert needed <= SURE


def test_a_loudspeaker_that_was_carried_away_is_forgotten() -> None:
    known = machines((), 40.0, 50)
    later = heard(25.0 + FORGOTTEN, -90.0, SoundKind.MACHINE)
    assert not loudspeakers.talks(loudspeakers.hear(known, later), 40.0)


@given(st.lists(bearings, max_size=80))
def test_only_so_many_are_remembered(everywhere: list[float]) -> None:
    known: Loudspeakers = ()
    for i, bearing in enumerate(everywhere):
        known = loudspeakers.hear(known, heard(0.1 * i, bearing, SoundKind.MACHINE))
    assert len(known) <= loudspeakers.MOST


# ----------------------------------------------------------------- in the brain


class Home:
    """A brain that sees one person at 0 degrees and hears a television at -80."""

    def __init__(self, seed: int = 1) -> None:
        self.t, self.moves = 0.0, list[float]()
        self.state = brain.start(CoreSettings(), 0.0, 0.0)
        self.rng = random.Random(seed)
        self.send(ShutterChanged(0.0, ShutterState.OPEN))
        self.pass_time(3.0)

    def send(self, event: object) -> None:
        self.state, actions, _ = brain.step(self.state, event)  # type: ignore[arg-type]
        self.moves += [a.heading for a in actions if isinstance(a, MoveTo)]

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(10 * seconds)):
            self.t += 0.1
            reader = Sighting(0.0, 1.5, 0.8, distance=2.0, distance_std=0.3, track=1)
            self.send(PeopleSeen(self.t, (reader,), 0.0, (-33.0, 33.0)))

    def television(self, decisions: int, taken_for_a_person: float) -> None:
        for _ in range(decisions):
            self.pass_time(0.5)
            stray = self.rng.random() < taken_for_a_person
            kind = SoundKind.DIRECT if stray else SoundKind.MACHINE
            self.send(heard(self.t, -80.0 + self.rng.gauss(0.0, 4.0), kind))


@pytest.mark.parametrize("seed", range(5))
def test_a_television_that_hearing_takes_for_a_person_now_and_then_moves_nothing(
    seed: int,
) -> None:
    home = Home(seed)
    home.television(200, taken_for_a_person=0.15)
    assert home.moves == []


def test_the_wake_word_is_answered_from_beside_the_television() -> None:
    home = Home()
    home.television(40, taken_for_a_person=0.0)
    home.send(heard(home.t, -78.0, SoundKind.DIRECT, "okay_nabu"))
    assert [round(m) for m in home.moves] == [-78]


def test_somebody_who_talks_where_no_machine_does_is_turned_to() -> None:
    home = Home()
    home.television(40, taken_for_a_person=0.0)
    for _ in range(8):
        home.pass_time(0.5)
        home.send(heard(home.t, 90.0, SoundKind.DIRECT))
    assert len(home.moves) >= 1
