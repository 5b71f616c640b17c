"""The servo driver, over a real terminal, against a servo that speaks the real protocol."""

from __future__ import annotations

import os
import termios
import time
from collections.abc import Iterator

import pytest
from dynamixel_sdk import port_handler
from fake_servo import FakeServo, on_a_line

from engine.hardware.dynamixel import DEGREES, PRESENT, DynamixelAxis, SerialWire
from engine.ports import Axis

TORQUE, GOAL, MODE = 64, 116, 11


@pytest.fixture
def servo() -> FakeServo:
    return FakeServo(position=2048 + 300)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The servo here is a thread of a busy test machine, slower to answer than a real one."""
    monkeypatch.setattr(port_handler, "LATENCY_TIMER", 100)


@pytest.fixture
def line(servo: FakeServo) -> Iterator[str]:
    with on_a_line(servo) as name:
        yield name


@pytest.fixture
def axis(line: str) -> Iterator[DynamixelAxis]:
    axis = DynamixelAxis(SerialWire(line, 1, 57_600))
    yield axis
    axis.close()


def settled(axis: DynamixelAxis, heading: float) -> bool:
    give_up = time.monotonic() + 10
    while abs(axis.read().heading - heading) > DEGREES:
        if time.monotonic() > give_up:
            return False
    return True


def test_it_is_an_axis_that_knows_its_abilities(axis: DynamixelAxis) -> None:
    assert isinstance(axis, Axis)
    assert axis.abilities.has_position
    assert axis.abilities.can_sense_contact
    assert axis.model is not None
    assert axis.model.name == "XL430-W250"


def test_opening_leaves_the_head_free_and_in_single_turn_mode(
    axis: DynamixelAxis, servo: FakeServo
) -> None:
    assert not servo.powered
    assert servo.table[MODE] == 3


def test_what_is_in_flash_is_not_written_again(servo: FakeServo, line: str) -> None:
    DynamixelAxis(SerialWire(line, 1, 57_600)).close()
    servo.written.clear()
    DynamixelAxis(SerialWire(line, 1, 57_600)).close()
    assert [address for address, _ in servo.written if address < TORQUE] == []


def test_energising_pins_the_goal_to_the_present_pose_before_the_torque(
    axis: DynamixelAxis, servo: FakeServo
) -> None:
    servo.put(GOAL, 4, 100)  # left by an earlier run
    servo.written.clear()
    axis.energise()
    assert servo.written == [(GOAL, 2348), (TORQUE, 1)]
    assert axis.read().heading == pytest.approx(300 * DEGREES)


def test_it_follows_counter_clockwise_positive_and_reports_effort_and_speed(
    axis: DynamixelAxis, servo: FakeServo
) -> None:
    axis.energise()
    axis.command(90.0, 0.0)
    time.sleep(0.05)
    moving = axis.read()
    assert moving.velocity > 0
    assert moving.torque == pytest.approx(0.25)
    assert settled(axis, 90.0)
    assert servo.at == pytest.approx(2048 + 1024, abs=2.0)
    axis.command(-20.0, 0.0)
    time.sleep(0.05)
    assert axis.read().velocity < 0
    assert settled(axis, -20.0)


def test_the_zero_is_where_the_head_was_mounted(line: str, servo: FakeServo) -> None:
    axis = DynamixelAxis(SerialWire(line, 1, 57_600), zero_deg=300 * DEGREES)
    assert axis.read().heading == pytest.approx(0.0)
    axis.energise()
    axis.command(10.0, 0.0)
    assert servo.get(GOAL, 4) == 2348 + round(10 / DEGREES)
    axis.close()


def test_a_reversed_servo_is_told_so(line: str, servo: FakeServo) -> None:
    DynamixelAxis(SerialWire(line, 1, 57_600), reversed_=True).close()
    assert servo.table[10] & 1


def test_releasing_is_safe_at_any_time_and_frees_the_head(
    axis: DynamixelAxis, servo: FakeServo
) -> None:
    axis.release()
    axis.energise()
    assert servo.powered
    axis.release()
    axis.release()
    assert not servo.powered
    axis.close()
    axis.release()
    axis.close()


def test_a_lost_servo_is_an_oserror_with_the_remedy(axis: DynamixelAxis, servo: FakeServo) -> None:
    axis.energise()
    servo.silent = True
    with pytest.raises(OSError, match="no answer; look at cable"):
        axis.read()
    with pytest.raises(OSError, match="no answer"):
        axis.command(0.0, 0.0)
    servo.silent = False
    axis.release()
    assert not servo.powered


def test_a_servo_that_stopped_itself_says_why(axis: DynamixelAxis, servo: FakeServo) -> None:
    servo.table[70] = 1 << 5
    with pytest.raises(OSError, match=r"overloaded.*off and on"):
        axis.energise()
    assert not servo.powered


def test_a_position_beyond_one_turn_is_refused(line: str, servo: FakeServo) -> None:
    servo.at = 5000.0
    with pytest.raises(OSError, match="outside one turn"):
        DynamixelAxis(SerialWire(line, 1, 57_600))


def test_an_unknown_model_turns_but_promises_no_sense_of_touch(line: str, servo: FakeServo) -> None:
    servo.put(0, 2, 9999)
    axis = DynamixelAxis(SerialWire(line, 1, 57_600))
    assert not axis.abilities.can_sense_contact
    assert axis.read().torque is None
    axis.close()


def test_a_missing_adapter_is_an_oserror() -> None:
    with pytest.raises(OSError, match="no-such-line"):
        SerialWire("/dev/no-such-line", 1, 57_600)


def test_a_pulled_adapter_is_an_oserror_at_every_call() -> None:
    ours, theirs = os.openpty()
    wire = SerialWire(os.ttyname(theirs), 1, 57_600)
    os.close(theirs)
    os.close(ours)
    for _ in range(2):
        with pytest.raises(OSError, match=r"servo 1 on .*the line is gone"):
            wire.read(PRESENT)
    wire.close()


@pytest.mark.parametrize("failure", [OSError(5, "no"), termios.error(5, "no")])
def test_a_line_that_failed_once_serves_again(
    axis: DynamixelAxis, failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(line: port_handler.PortHandler) -> None:
        monkeypatch.undo()
        raise failure

    before = axis.read().heading
    monkeypatch.setattr(port_handler.PortHandler, "clearPort", fails)
    with pytest.raises(OSError, match="the line is gone"):
        axis.read()
    assert axis.read().heading == before


def test_a_wrong_id_is_no_answer(line: str) -> None:
    with pytest.raises(OSError, match="servo 7 on"):
        DynamixelAxis(SerialWire(line, 7, 57_600))
