"""The servo driver, over a real terminal, against a servo that speaks the real protocol."""

from __future__ import annotations

import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from dynamixel_sdk import port_handler
from fake_servo import STATUS, FakeServo, Shortcut, frame, on_a_line

from engine.hardware.dynamixel import DEGREES, PRESENT, DynamixelAxis
from engine.hardware.dynamixel_line import SerialWire
from engine.ports import Axis

HOMING_OFFSET, TORQUE, PROFILE_VELOCITY, GOAL, MODE = 20, 64, 112, 116, 11


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


def ready(line: str, *, zero_deg: float = 0.0, reversed_: bool = False) -> DynamixelAxis:
    """An axis that has been asked once."""
    wire = SerialWire(line, 1, 57_600)
    axis = DynamixelAxis(wire, zero_deg=zero_deg, reversed_=reversed_)
    axis.read()
    return axis


@pytest.fixture
def axis(line: str) -> Iterator[DynamixelAxis]:
    axis = ready(line)
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
    ready(line).close()
    servo.written.clear()
    ready(line).close()
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
    axis = ready(line, zero_deg=300 * DEGREES)
    assert axis.read().heading == pytest.approx(0.0)
    axis.energise()
    axis.command(10.0, 0.0)
    assert servo.get(GOAL, 4) == 2348 + round(10 / DEGREES)
    axis.close()


def test_a_reversed_servo_is_told_so(line: str, servo: FakeServo) -> None:
    ready(line, reversed_=True).close()
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
    with pytest.raises(OSError, match=r"outside one turn; turn the head back"):
        ready(line)


def test_an_unknown_model_turns_but_promises_no_sense_of_touch(line: str, servo: FakeServo) -> None:
    servo.put(0, 2, 9999)
    axis = ready(line)
    assert not axis.abilities.can_sense_contact
    assert axis.read().torque is None
    axis.close()


def test_a_missing_adapter_is_an_oserror() -> None:
    with pytest.raises(OSError, match="no-such-line"):
        ready("/dev/no-such-line")


def test_a_pulled_adapter_is_an_oserror_at_every_call(servo: FakeServo, tmp_path: Path) -> None:
    name = tmp_path / "adapter"
    with on_a_line(servo) as line:
        name.symlink_to(line)
        wire = SerialWire(str(name), 1, 57_600)
        wire.read(PRESENT)
    name.unlink()
    for what in ("the line is gone", "cannot be opened"):
        with pytest.raises(OSError, match=rf"servo 1 on .*{what}"):
            wire.read(PRESENT)
    wire.close()


def test_an_adapter_that_is_plugged_in_again_is_found_and_its_servo_made_ready(
    servo: FakeServo, tmp_path: Path
) -> None:
    name = tmp_path / "adapter"
    with on_a_line(servo) as line:
        name.symlink_to(line)
        axis = ready(str(name))
        axis.energise()
    name.unlink()
    for _ in range(2):
        with pytest.raises(OSError, match="servo 1 on"):
            axis.read()
    servo.put(PROFILE_VELOCITY, 4, 7)
    with on_a_line(servo) as line:
        name.symlink_to(line)
        assert axis.read().heading == pytest.approx(300 * DEGREES)
        assert not servo.powered
        assert servo.get(PROFILE_VELOCITY, 4) == 0
        axis.close()


def test_a_servo_that_is_not_there_yet_is_made_ready_once_it_is(
    servo: FakeServo, line: str
) -> None:
    servo.silent = True
    axis = DynamixelAxis(SerialWire(line, 1, 57_600))
    for question in (axis.read, axis.release, axis.energise):
        with pytest.raises(OSError, match="no answer"):
            question()
    assert axis.problem is not None
    servo.silent = False
    axis.read()
    assert axis.problem is None
    assert servo.table[MODE] == 3
    axis.close()


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
        DynamixelAxis(SerialWire(line, 7, 57_600)).read()


class Stale(FakeServo):
    """Before its answers comes another, which somebody else's question was late to get."""

    def __init__(self, late: bytes, times: int) -> None:
        super().__init__(position=2048 + 300)
        self.late, self.times = frame(bytes([self.servo, STATUS, 0]) + late), times

    def answer(self, packet: bytes) -> bytes:
        late = self.late if self.times > 0 else b""
        self.times -= 1
        return late + super().answer(packet)


@pytest.mark.parametrize("late", [b"", b"\x05\x00", bytes(12)], ids=["a write's", "short", "long"])
def test_an_answer_that_comes_late_is_no_heading(late: bytes) -> None:
    with on_a_line(Stale(late, 2)) as line:
        wire = SerialWire(line, 1, 57_600)
        assert int.from_bytes(wire.read(PRESENT)[6:], "little") == 2348
        wire.close()


def test_a_line_with_nothing_but_late_answers_is_an_oserror() -> None:
    with on_a_line(Stale(b"", 100)) as line:
        wire = SerialWire(line, 1, 57_600)
        for _ in range(2):
            with pytest.raises(OSError, match="no answer"):
                wire.read(PRESENT)
        wire.close()


# ------------------------------------------------------- in a time of its own


@dataclass
class Desk:
    """A servo, its driver without a line between, and what time it is."""

    servo: FakeServo
    axis: DynamixelAxis
    now: list[float]


def desk(position: int = 2048) -> Desk:
    now = [0.0]
    servo = FakeServo(position=position, clock=lambda: now[0])
    return Desk(servo, DynamixelAxis(Shortcut(servo)), now)


@pytest.mark.parametrize("call", ["read", "command"])
def test_a_servo_that_stops_itself_under_way_is_told_at_once_and_until_it_is_reset(
    call: str,
) -> None:
    at = desk()
    at.axis.read()
    at.axis.energise()
    at.servo.overload()
    with pytest.raises(OSError, match="the servo has stopped: overloaded"):
        at.axis.read() if call == "read" else at.axis.command(10.0, 0.0)
    for _ in range(3):
        with pytest.raises(OSError, match="the servo has stopped: overloaded"):
            at.axis.read()
    at.axis.release()
    at.servo.reboot()
    at.axis.read()


def test_what_was_lost_takes_no_set_point_until_it_is_energised_anew() -> None:
    at = desk()
    at.axis.read()
    at.axis.energise()
    at.servo.silent = True
    with pytest.raises(OSError, match="no answer"):
        at.axis.read()
    at.servo.silent = False
    with pytest.raises(OSError, match="no answer"):
        at.axis.command(10.0, 0.0)


@pytest.mark.parametrize("heading", [185.0, -181.0])
def test_a_head_that_hands_turned_past_the_end_of_the_turn_is_read_and_not_energised(
    heading: float,
) -> None:
    at = desk()
    at.axis.read()
    at.servo.at = 2048 + heading / DEGREES
    assert at.axis.read().heading == pytest.approx(heading, abs=0.1)
    with pytest.raises(OSError, match="outside one turn"):
        at.axis.energise()
    with pytest.raises(OSError, match="outside one turn"):
        at.axis.read()
    assert not at.servo.powered
    at.now[0] += 5.0
    at.servo.at = 2048.0
    at.axis.read()
    at.axis.energise()
    assert at.servo.powered


def test_a_position_that_jumps_as_the_torque_comes_on_turns_it_off_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = desk()
    at.axis.read()
    answer = at.servo.answer

    def jumping(packet: bytes) -> bytes:
        before = at.servo.powered
        told = answer(packet)
        at.servo.at += 4096.0 if at.servo.powered and not before else 0.0
        return told

    monkeypatch.setattr(at.servo, "answer", jumping)
    with pytest.raises(OSError, match="jumped from 2048 to 6144"):
        at.axis.energise()
    assert not at.servo.powered


def test_a_homing_offset_is_taken_out_once() -> None:
    at = desk()
    at.servo.put(HOMING_OFFSET, 4, -512)
    assert at.axis.read().heading == pytest.approx(0.0)
    assert at.servo.get(HOMING_OFFSET, 4) == 0
    at.servo.written.clear()
    DynamixelAxis(Shortcut(at.servo)).read()
    assert HOMING_OFFSET not in dict(at.servo.written)
