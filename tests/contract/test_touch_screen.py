"""One suite over every touch screen: the simulated one, and Linux's with a pipe for its device."""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.hardware.touch_screen import (
    AUTO,
    BTN_TOUCH,
    EV_KEY,
    EV_SYN,
    EVENT,
    SYN_DROPPED,
    LinuxTouchScreen,
    Screen,
)
from engine.hardware.touch_screen import screens as screens_of
from engine.ports import TouchScreen
from engine.sim.devices import SimulatedTouchScreen

HANG = 10.0
EV_ABS, ABS_X, BTN_LEFT = 3, 0, 0x110


def event(kind: int, code: int, value: int) -> bytes:
    return EVENT.pack(1, 2, kind, code, value)


def touch(pressed: bool) -> bytes:
    return event(EV_KEY, BTN_TOUCH, int(pressed))


class Edges:
    """What a listener heard; `wait` for so many."""

    def __init__(self) -> None:
        self.heard: list[bool] = []
        self._news = threading.Condition()

    def __call__(self, pressed: bool) -> None:
        with self._news:
            self.heard.append(pressed)
            self._news.notify_all()

    def wait(self, count: int) -> list[bool]:
        with self._news:
            assert self._news.wait_for(lambda: len(self.heard) >= count, HANG)
            return self.heard


def until(done: Callable[[], object]) -> None:
    end = time.monotonic() + HANG
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


@dataclass
class Rig:
    screen: TouchScreen
    press: Callable[[bool], None]


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """What stands in for the kernel's device: bytes that come when there are some."""
    path = tmp_path / "event3"
    os.mkfifo(path)
    return path


@pytest.fixture(params=["simulated", "linux"])
def rig(request: pytest.FixtureRequest, pipe: Path) -> Iterator[Rig]:
    if request.param == "simulated":
        simulated = SimulatedTouchScreen()
        yield Rig(simulated, simulated.touch)
        return
    screen = LinuxTouchScreen(str(pipe))
    with pipe.open("wb", buffering=0) as device:
        yield Rig(screen, lambda pressed: device.write(touch(pressed)) and None)
        screen.close()


def test_tells_of_edges_only(rig: Rig) -> None:
    edges = Edges()
    rig.screen.listen(edges)
    for pressed in (True, True, False, False, True):
        rig.press(pressed)
    assert isinstance(rig.screen, TouchScreen)
    assert edges.wait(3) == [True, False, True]


def test_nothing_is_told_once_it_is_closed_and_closing_twice_is_no_fault(rig: Rig) -> None:
    edges = Edges()
    rig.screen.listen(edges)
    rig.screen.close()
    rig.screen.close()
    with contextlib.suppress(BrokenPipeError):  # nobody reads it any more
        rig.press(True)
    assert edges.heard == []


def test_only_the_touch_itself_is_read_also_in_pieces(pipe: Path) -> None:
    edges = Edges()
    screen = LinuxTouchScreen(str(pipe))
    screen.listen(edges)
    moves = event(EV_ABS, ABS_X, 1) + event(EV_KEY, BTN_LEFT, 1)
    with pipe.open("wb", buffering=0) as device:
        whole = moves + touch(True) + moves + touch(False)
        for start in range(0, len(whole), 7):
            device.write(whole[start : start + 7])
        assert edges.wait(2) == [True, False]
    screen.close()


def test_events_that_the_kernel_dropped_let_go_and_a_listener_that_fails_harms_nobody(
    pipe: Path,
) -> None:
    edges = Edges()

    def fails(pressed: bool) -> None:
        raise RuntimeError("a listener is broken")

    screen = LinuxTouchScreen(str(pipe))
    screen.listen(fails)
    screen.listen(edges)
    with pipe.open("wb", buffering=0) as device:
        device.write(touch(True) + event(EV_SYN, SYN_DROPPED, 0) + touch(True))
        assert edges.wait(3) == [True, False, True]
    screen.close()


def test_a_screen_that_is_unplugged_lets_go_and_is_found_again(pipe: Path) -> None:
    edges, there = Edges(), [Screen(pipe, "Panel")]
    screen = LinuxTouchScreen("pan", lambda: iter(there), again=0.02)
    screen.listen(edges)
    with pipe.open("wb", buffering=0) as device:
        device.write(touch(True))
        edges.wait(1)
        there.clear()
    assert edges.wait(2) == [True, False]
    until(lambda: screen.problem and "no screen pan here" in screen.problem)
    there.append(Screen(pipe, "Panel"))
    with pipe.open("wb", buffering=0) as device:
        device.write(touch(True))
        assert edges.wait(3)[-1]
        assert screen.problem is None
    screen.close()


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (AUTO, "no touch screen here; plug it in"),
        ("goodix", "no screen goodix here; plug it in"),
        ("/dev/input/event999", "/dev/input/event999: No such file .*; check touch_screen.device"),
    ],
)
def test_what_is_missing_is_named_with_a_remedy(wanted: str, said: str) -> None:
    screen = LinuxTouchScreen(wanted, lambda: iter(()))
    problem = screen.problem or ""
    screen.close()
    assert re.match(said, problem), problem


def kernel(tmp_path: Path, **devices: tuple[str, str, str]) -> Path:
    """A folder as /sys/class/input: name, keys and properties of each device."""
    for number, (name, keys, properties) in devices.items():
        about = tmp_path / number / "device"
        (about / "capabilities").mkdir(parents=True)
        (about / "name").write_text(f"{name}\n")
        (about / "capabilities" / "key").write_text(f"{keys}\n")
        (about / "properties").write_text(f"{properties}\n")
    return tmp_path


def test_screens_are_told_from_keyboards_and_touch_pads_by_what_the_kernel_says(
    tmp_path: Path,
) -> None:
    found = screens_of(
        Path("/dev/input"),
        kernel(
            tmp_path,
            event0=("Keyboard", "10000 0 0 0 0 0 0 fffffffffffffffe", "0"),
            event1=("Pad", "e520 10000 0 0 0 0", "5"),
            event2=("Odd", "not hex", ""),
            event10=("Second", "400 0 0 0 0 0", "2"),
            event3=("Goodix", "400 0 0 0 0 0", "2"),
        ),
    )
    assert [(screen.name, screen.path.name) for screen in found] == [
        ("Goodix", "event3"),
        ("Second", "event10"),
    ]
