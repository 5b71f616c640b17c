"""The measurement of the shutter, for a moment: it stops heads, and counts from the edge."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from engine.bench import shutter_speed


def test_a_few_closings_stop_a_head_at_full_speed() -> None:
    found = shutter_speed.trials(2, lambda _: None)
    # A machine that is too busy to get a head to full speed measures nothing.
    if found["closings"]:
        assert 0.0 < found["brake_ms"]["max"] < found["stop_ms"]["max"]


def test_busy_processes_end_with_a_measurement_that_is_killed() -> None:
    code = (
        "import subprocess, time\n"
        "from engine.bench import shutter_speed\n"
        "made, start = [], subprocess.Popen\n"
        "subprocess.Popen = lambda *a, **k: made.append(start(*a, **k)) or made[-1]\n"
        "with shutter_speed.burners(1):\n"
        "    print(made[0].pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    measuring = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert measuring.stdout is not None
    with measuring, measuring.stdout:
        burner = int(measuring.stdout.readline())
        measuring.kill()
    try:
        until = time.monotonic() + 30.0
        while _runs(burner):
            assert time.monotonic() < until
            time.sleep(0.02)
    finally:
        if _runs(burner):
            os.kill(burner, signal.SIGKILL)


def _runs(process: int) -> bool:
    """Whether it is there and no zombie, which an orphan may stay in a container."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
