"""Urgent threads go first where that is allowed, and all goes on where it is not."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import urgent

UNIT = Path(__file__).resolve().parent.parent / "script" / "heliotrope.service"
TOLD = """
import os, resource, sys, threading
from engine.urgent import hurry, urgent_threads
realtime, nice = int(sys.argv[1]), int(sys.argv[2])
try:
    resource.setrlimit(resource.RLIMIT_NICE, (nice, nice))
    resource.setrlimit(resource.RLIMIT_RTPRIO, (realtime, realtime))
except ValueError:
    sys.exit(77)
os.setgid(65534); os.setuid(65534)

def state():
    return (os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK, os.getpriority(os.PRIO_PROCESS, 0))

def in_a_thread(work):
    found = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]

with urgent_threads():
    inside = in_a_thread(state)
after = state()
told = in_a_thread(lambda: (hurry(), *state(), in_a_thread(state)))
print(repr((inside, after, told)))
"""


def told(realtime: int, nice: int) -> tuple[tuple[int, int], tuple[int, int], tuple[object, ...]]:
    """What an ordinary user with these limits gets: inside the block, after it, and by `hurry`."""
    done = subprocess.run(
        [sys.executable, "-c", TOLD, str(realtime), str(nice)],
        capture_output=True,
        text=True,
        check=False,
        cwd=UNIT.parent.parent,
    )
    if done.returncode == 77:
        pytest.skip("even root may not raise its limits here")
    assert done.returncode == 0, done.stderr
    return ast.literal_eval(done.stdout)  # type: ignore[no-any-return]


root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give away limits to try them")


def limit(name: str) -> str:
    (found,) = re.findall(rf"^{name}=(\S+)$", UNIT.read_text(), re.MULTILINE)
    return str(found)


@root
def test_with_the_service_s_limits_edges_and_brakes_go_first_and_nobody_else() -> None:
    # systemd's LimitNICE=-10 is the kernel's 20 - (-10).
    inside, after, by_hurry = told(int(limit("LimitRTPRIO")), 20 - int(limit("LimitNICE")))
    assert inside[0] == os.SCHED_FIFO
    assert after == (os.SCHED_OTHER, 0)
    # A brake's thread passes nothing on.
    assert by_hurry == (True, os.SCHED_FIFO, 0, (os.SCHED_OTHER, 0))


def in_a_thread(work: Callable[[], object]) -> object:
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


def of_a_brake() -> tuple[int, int]:
    """Policy and niceness of a thread that hurries; skips where nobody here may hurry."""
    if not in_a_thread(urgent.hurry):
        pytest.skip("this user may not raise priorities; run as root, or allow rtprio")
    asked: object = in_a_thread(
        lambda: (urgent.hurry(), os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0))[1:]
    )
    assert isinstance(asked, tuple)
    return asked


def test_whoever_may_has_real_time_for_this_thread_alone() -> None:
    assert of_a_brake()[0] == os.SCHED_FIFO | os.SCHED_RESET_ON_FORK


def test_refused_real_time_it_is_nicer(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    assert of_a_brake() == (os.SCHED_OTHER, urgent.NICE)


@root
def test_without_real_time_they_are_nicer_than_the_rest() -> None:
    inside, after, by_hurry = told(0, 20 - int(limit("LimitNICE")))
    assert inside == (os.SCHED_OTHER, urgent.NICE)
    assert after == (os.SCHED_OTHER, 0)
    assert by_hurry[:3] == (True, os.SCHED_OTHER, urgent.NICE)


@root
def test_where_nothing_is_allowed_all_goes_on() -> None:
    inside, after, by_hurry = told(0, 0)
    assert inside == after == (os.SCHED_OTHER, 0)
    assert by_hurry[:3] == (False, os.SCHED_OTHER, 0)


def test_the_service_lets_no_thread_run_away_and_allows_what_is_asked() -> None:
    assert int(limit("LimitRTPRIO")) == urgent.REALTIME
    assert int(limit("LimitNICE")) == urgent.NICE
    assert limit("LimitRTTIME") == "500ms"
    assert "RestrictRealtime=yes" not in UNIT.read_text()


@pytest.mark.needs("systemd")
def test_the_service_s_filter_lets_the_calls_pass() -> None:
    assert "SystemCallFilter=@system-service" in UNIT.read_text()
    allowed = {group: group_of_calls(group) for group in ("@system-service", "@resources")}
    assert "@resources" in allowed["@system-service"]
    assert {"sched_setscheduler", "setpriority"} <= allowed["@resources"]


def group_of_calls(group: str) -> set[str]:
    done = subprocess.run(
        ["systemd-analyze", "syscall-filter", group], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_python_s_lock_changes_hands_often() -> None:
    before = sys.getswitchinterval()
    try:
        urgent.switch_often()
        assert sys.getswitchinterval() == pytest.approx(urgent.SWITCH)
    finally:
        sys.setswitchinterval(before)


def test_threads_of_the_test_run_are_left_alone() -> None:
    before = (os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0))
    with urgent.urgent_threads():
        thread = threading.Thread(target=bool)
        thread.start()
        thread.join()
    assert (os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0)) == before
