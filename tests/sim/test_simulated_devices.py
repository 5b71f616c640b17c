"""Simulated screen, ring, display and loudspeaker remember what they were told; pace keeps time."""

from __future__ import annotations

from engine.core.types import Indicate
from engine.ports import Display, Indicator, Speaker, TouchScreen
from engine.sim.devices import (
    SimulatedDisplay,
    SimulatedIndicator,
    SimulatedSpeaker,
    SimulatedTouchScreen,
)
from engine.sim.pace import Pace


def test_they_are_what_the_ports_ask_for() -> None:
    assert isinstance(SimulatedTouchScreen(), TouchScreen)
    assert isinstance(SimulatedIndicator(), Indicator)
    assert isinstance(SimulatedDisplay(), Display)
    assert isinstance(SimulatedSpeaker(), Speaker)


def test_a_touch_is_heard_once_an_edge() -> None:
    screen, heard = SimulatedTouchScreen(), list[bool]()
    screen.listen(heard.append)
    for pressed in (True, True, False, False, True):
        screen.touch(pressed)
    screen.close()
    screen.touch(False)
    assert heard == [True, False, True]


def test_they_remember_but_not_for_ever() -> None:
    ring, display, speaker = SimulatedIndicator(), SimulatedDisplay(), SimulatedSpeaker()
    for number in range(1000):
        ring.show(Indicate("listening", float(number)))
        display.say(str(number))
        speaker.play("chime", 0.5)
    assert ring.shown == Indicate("listening", 999.0)
    assert display.text == "999"
    assert speaker.played[-1] == ("chime", 0.5)
    assert max(len(ring.history), len(display.history), len(speaker.played)) <= 256


class FakeTime:
    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_pace_keeps_the_clock_s_grid_and_skips_what_is_too_late() -> None:
    time = FakeTime()
    pace = Pace(0.1, lambda: time.now, time.sleep)
    assert [round(pace.wait()[1], 6) for _ in range(3)] == [100.0, 100.1, 100.2]
    time.now = 101.05
    index, t = pace.wait()
    assert (index, round(t, 6)) == (10, 101.0)
    assert pace.wait()[0] == 11


def test_a_patient_pace_catches_up_without_a_gap() -> None:
    time = FakeTime()
    pace = Pace(0.1, lambda: time.now, time.sleep, patience=1.0)
    pace.wait()
    time.now += 0.55
    assert [pace.wait()[0] for _ in range(5)] == [1, 2, 3, 4, 5]


def test_a_free_pace_waits_for_nobody() -> None:
    pace = Pace(0.1, None)
    assert [pace.wait() for _ in range(3)] == [(0, 0.0), (1, 0.1), (2, 0.2)]
