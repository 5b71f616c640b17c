"""Threads that a motor or a privacy switch waits for go before the rest of the computer's work.

Linux gives every thread a priority of its own, and a thread that is started takes that of
its maker. First choice is the lowest real-time priority, which wakes at once however busy
the computer is; then a better `nice`; else all goes on as before, only later on a busy
computer. What is allowed is the service's to say (script/heliotrope.service: LimitRTPRIO
with a LimitRTTIME that ends what runs away, LimitNICE), or root's.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

REALTIME = 1
"""Of SCHED_FIFO's 1 to 99: before every ordinary thread, behind the kernel's and audio's own."""
NICE = -10
"""What `nice` calls the second choice."""
SWITCH = 0.001
"""Seconds after which a thread gives Python's lock to one that waits for it (5 ms by default):
an edge waits for it too, and twice."""


def hurry(*, children: bool = False) -> bool:
    """The calling thread goes first; False where that is not allowed.

    So do those that it starts, where `children`.
    """
    policy = os.SCHED_FIFO if children else os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
    try:
        os.sched_setscheduler(0, policy, os.sched_param(REALTIME))
    except OSError:
        try:
            os.setpriority(os.PRIO_PROCESS, 0, NICE)  # 0 is the calling thread
        except OSError:
            return False
    return True


@contextlib.contextmanager
def urgent_threads() -> Iterator[None]:
    """Threads that are started inside, by whatever library, go first."""
    policy, nice = os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0)
    priority = os.sched_getparam(0)
    hurried = hurry(children=True)
    try:
        yield
    finally:
        if hurried:
            with contextlib.suppress(OSError):
                os.sched_setscheduler(0, policy, priority)
                os.setpriority(os.PRIO_PROCESS, 0, nice)


def switch_often() -> None:
    """Let nobody keep Python's lock for long while another thread of the process waits."""
    sys.setswitchinterval(SWITCH)
