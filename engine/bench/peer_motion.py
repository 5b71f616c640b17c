"""Debian's `motion` beside ours on one real video: true and false alerts, time to alert, CPU.

Both get the same frames at the video's own pace; a visit is a span in which
the pixels say that somebody is there. `motion` alerts on whatever moves; ours
is the product's eye and its armed core, with every frame looked at, and with
visits grouped over the same gap as motion's events.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from engine.config import CameraConfig, SeeingConfig
from engine.core import brain
from engine.core.settings import CoreSettings
from engine.core.types import (
    AlarmState,
    Alert,
    AxisMoved,
    Event,
    Keep,
    ShutterChanged,
    ShutterState,
    Tick,
)
from engine.ports import Frame
from engine.seeing.eye import open_eye

VIDEO = Path("indoor_video") / "one-by-one-person-detection.mp4"
TRUTH = Path("indoor_video") / "presence_pseudo_truth.npy"
PRESENT, EMPTY = 0.04, 0.004
"""Shares of changed pixels, as the data's README gives them."""
SLACK = 2.0
"""Seconds around a visit in which an alert is neither true nor false."""
GAP = 2.0
"""Seconds without anybody that end a visit, for both."""
LEARNING = 1.0
"""Seconds of lead that motion needs to have a picture of the empty room, given as a still."""

CONFIGURATION = """\
daemon off
log_level 6
netcam_url file://{video}
width {width}
height {height}
framerate {fps}
event_gap {gap:.0f}
movie_output off
picture_output off
webcontrol_port 0
stream_port 0
on_camera_found date +%s.%N >> {found}
on_event_start date +%s.%N >> {events}
"""

Progress = Callable[[str], None]


def visits(shares: Sequence[float], fps: float) -> list[tuple[float, float]]:
    """Spans (start, end) in seconds in which somebody is there."""
    found: list[tuple[float, float]] = []
    for n, share in enumerate(shares):
        t = n / fps
        if share <= PRESENT:
            continue
        if found and t - found[-1][1] <= GAP:
            found[-1] = (found[-1][0], t)
        else:
            found.append((t, t))
    return found


def judged(alerts: Sequence[float], spans: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """True alerts by visit with their delay, and alerts with nobody near."""
    delays = []
    for start, end in spans:
        inside = [t for t in alerts if start - SLACK <= t <= end]
        if inside:
            delays.append(max(0.0, min(inside) - start))
    false = [t for t in alerts if not any(s - SLACK <= t <= e + SLACK for s, e in spans)]
    return {
        "visits": len(spans),
        "visits_alerted": len(delays),
        "false_alerts": len(false),
        "alerts": len(alerts),
        "seconds_to_alert_median": round(float(np.median(delays)), 2) if delays else None,
        "seconds_to_alert_worst": round(max(delays), 2) if delays else None,
    }


def ours(video: Path, fps: float, progress: Progress) -> tuple[list[float], float]:
    """Moments of alerts, processing time included, and processor seconds."""
    eye = open_eye(CameraConfig(field_of_view=60.0), SeeingConfig(threads=1))
    away = replace(CoreSettings().away, visit_over=GAP)
    settings = replace(CoreSettings(), range=(-0.5, 0.5), away=away)
    armed = Keep(AlarmState.ARMED_AWAY, AlarmState.ARMED_AWAY, 0)
    state = brain.start(settings, 0.0, 0.0, kept=armed)
    alerts: list[float] = []
    cv2.setNumThreads(1)
    source = cv2.VideoCapture(str(video))
    begun, n = time.process_time(), 0

    def step(event: Event, took: float) -> None:
        nonlocal state
        state, actions, _ = brain.step(state, event)
        alerts.extend(event.t + took for a in actions if isinstance(a, Alert) and not a.update)

    step(ShutterChanged(0.0, ShutterState.OPEN), 0.0)
    while True:
        there, pixels = source.read()
        if not there:
            break
        t, looked = n / fps, time.perf_counter()
        n += 1
        if n % 100 == 0:
            progress(f"ours, frame {n}")
        seen = eye.look(Frame(t, np.asarray(pixels, np.uint8)))
        took = time.perf_counter() - looked
        step(AxisMoved(t, 0.0, 0.0, None, False), took)
        step(seen, took)
        step(Tick(t), took)
    source.release()
    return alerts, time.process_time() - begun


def theirs(
    video: Path, fps: float, seconds: float, progress: Progress
) -> tuple[list[float], float]:
    """The same of motion, which plays the file at its own pace."""
    program = shutil.which("motion")
    if program is None:
        raise RuntimeError("motion is not installed; apt install motion")
    capture = cv2.VideoCapture(str(video))
    width, height = int(capture.get(3)), int(capture.get(4))
    capture.release()
    with tempfile.TemporaryDirectory() as folder:
        found, events = Path(folder) / "found", Path(folder) / "events"
        configuration = Path(folder) / "motion.conf"
        configuration.write_text(
            CONFIGURATION.format(
                video=video,
                width=width,
                height=height,
                fps=int(fps),
                gap=GAP,
                found=found,
                events=events,
            )
        )
        before = os.times()
        begun = time.time()
        child = subprocess.Popen(
            [program, "-n", "-c", configuration],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
        )
        while time.time() - begun < seconds + LEARNING:
            progress(f"motion, {time.time() - begun:.0f} s")
            time.sleep(1.0)
        child.terminate()
        child.wait(20)
        after = os.times()
        cpu = after.children_user + after.children_system
        cpu -= before.children_user + before.children_system
        start = float(found.read_text().split()[0]) if found.exists() else begun
        moments = [float(t) - start for t in events.read_text().split()] if events.exists() else []
        return [t for t in moments if t <= seconds], cpu


def measure(data: Path | None, progress: Progress) -> dict[str, Any]:
    """Both on the video of people who come one at a time."""
    if data is None:
        raise RuntimeError("the recordings are not here; see CONTRIBUTING.md")
    video = data / VIDEO
    shares = np.load(data / TRUTH)[:, 1]
    fps = 10.0
    spans, seconds = visits(list(shares), fps), len(shares) / fps
    own, own_cpu = ours(video, fps, progress)
    other, other_cpu = theirs(video, fps, seconds, progress)
    return {
        "seconds_of_video": seconds,
        "ours": judged(own, spans) | {"cpu_s_per_minute": round(own_cpu / seconds * 60, 2)},
        "motion": judged(other, spans) | {"cpu_s_per_minute": round(other_cpu / seconds * 60, 2)},
        "note": "motion's moments count from its start of the file, which it does not tell exactly:"
        " its delays and its visits are lower bounds of its skill",
    }
