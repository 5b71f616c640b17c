"""Debian's `motion` beside ours on one real video: true and false alerts, time to alert, CPU.

Both are whole programs as people run them, one after the other, on the same camera: a
server on loopback that sends the video's pictures at their own pace as MJPEG, the empty
first one for a while before them, and notes when it sent which. A visit is a span in which
the pixels say that somebody is there. An alert of `motion` is its `on_event_start`; one
of ours has arrived at an ntfy server. So both delays count on one clock from the sending
of the same picture to the moment at which a person could be told. `motion` alerts on
whatever moves; a visit of ours ends after the same gap as an event of its.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from aiohttp import web

from engine.bench.push_servers import Server, until
from engine.bench.restart import Bench, alive
from engine.bench.restart import bench as armed_device

VIDEO = Path("indoor_video") / "one-by-one-person-detection.mp4"
TRUTH = Path("indoor_video") / "presence_pseudo_truth.npy"
FPS = 10.0
PRESENT = 0.04
"""Share of changed pixels, as the data's README gives it."""
SLACK = 2.0
"""Seconds around a visit in which an alert is neither true nor false."""
GAP = 2.0
"""Seconds without anybody that end a visit, for both."""
LEAD, TAIL = 15.0, 5.0
"""Seconds of the empty room before the video, once somebody looks, and after it."""
PATIENCE = 180.0  # s; a guard
QUALITY = 92
NOISE = 1.5  # grey levels

CONFIGURATION = """\
daemon off
log_level 6
netcam_url http://127.0.0.1:{port}/stream
width {width}
height {height}
framerate {fps:.0f}
event_gap {gap:.0f}
movie_output off
picture_output off
webcontrol_port 0
stream_port 0
on_event_start date +%s.%N >> {events}
"""

Progress = Callable[[str], None]


def visits(shares: Sequence[float], fps: float) -> list[tuple[float, float]]:
    """Spans (start, end) in seconds of the video in which somebody is there."""
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
    """True alerts by visit with their delay, and alerts with nobody near. All in seconds."""
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


@dataclass
class Camera(Server):
    """Sends `quiet` for a while, then `pictures` (JPEG), anew whenever somebody looks anew.

    `sent` has the wall's time of each of the newest look.
    """

    pictures: list[bytes] = field(default_factory=list)
    quiet: list[bytes] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)
    looks: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def routes(self, app: web.Application) -> None:
        app.router.add_get("/stream", self.stream)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"Content-Type": "multipart/x-mixed-replace; boundary=picture"}
        )
        await response.prepare(request)
        self.looks += 1
        mine = self.looks
        self.sent.clear()
        with contextlib.suppress(ConnectionError):
            await self._send(response, lambda: mine == self.looks)
        return response

    async def _send(self, response: web.StreamResponse, newest: Callable[[], bool]) -> None:
        due = time.monotonic()
        for number in range(-round(LEAD * FPS), len(self.pictures) + round(TAIL * FPS)):
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if not newest():
                return
            due += 1.0 / FPS
            data = self.quiet[number % len(self.quiet)]
            if 0 <= number < len(self.pictures):
                data = self.pictures[number]
                self.sent.append(time.time())
            head = f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
            await response.write(head.encode() + data + b"\r\n")
        self.over.set()
        await asyncio.sleep(PATIENCE)  # a camera does not hang up

    def video_time(self, wall: float) -> float:
        """Seconds of the video at the moment `wall`, by when its pictures were really sent."""
        n = int(np.searchsorted(self.sent, wall)) - 1
        if n < 0:
            return wall - self.sent[0]
        return n / FPS + min(wall - self.sent[n], 1.0 / FPS if n + 1 < len(self.sent) else np.inf)


@dataclass(frozen=True)
class Clip:
    """The video's pictures as JPEG, some of the empty room, and their width and height."""

    pictures: list[bytes]
    quiet: list[bytes]
    size: tuple[int, int]

    def camera(self) -> Camera:
        return Camera(pictures=self.pictures, quiet=self.quiet)


def read(video: Path) -> Clip:
    source = cv2.VideoCapture(str(video))
    pictures: list[bytes] = []
    quiet: list[bytes] = []
    size = int(source.get(3)), int(source.get(4))
    chance = np.random.default_rng(1)
    while True:
        there, pixels = source.read()
        if not there:
            source.release()
            return Clip(pictures, quiet, size)
        if not quiet:
            # A camera's noise: a picture that never changes is that of a camera that hangs.
            quiet = [jpeg(pixels + chance.normal(0.0, NOISE, pixels.shape)) for _ in range(10)]
        pictures.append(jpeg(pixels))


def jpeg(pixels: Any) -> bytes:
    rounded = np.clip(pixels, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", rounded, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return data.tobytes()


def cpu(pid: int) -> float:
    """Processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def timed(camera: Camera, pid: int, told: dict[str, float]) -> AsyncIterator[None]:
    """Inside, the video has been played; `told` gets the processor seconds of it."""
    await until(lambda: camera.sent, PATIENCE)
    before = cpu(pid)
    await camera.over.wait()
    told["cpu"] = cpu(pid) - before
    yield


async def ours(clip: Clip) -> tuple[list[float], float]:
    """Moments of the video at which an alert had arrived, and processor seconds."""
    made: Bench
    async with armed_device() as made, clip.camera() as camera:
        engine = made.fresh()
        engine.camera = f"{camera.url}/stream"
        engine.more = {
            "HELIOTROPE_AXIS__DRIVER": "electronic",
            "HELIOTROPE_CAMERA__MOUNTED_ON": "base",
            "HELIOTROPE_CAMERA__FIELD_OF_VIEW": "60",
            "HELIOTROPE_AWAY__VISIT_OVER": str(GAP),
            "HELIOTROPE_ALERTS__COOLDOWN": "0",
            "HELIOTROPE_SCHEDULE__PAN_EVERY": "0",
        }
        offset = time.time() - time.monotonic()
        told: dict[str, float] = {}
        async with alive(engine):
            assert engine.process is not None
            async with timed(camera, engine.process.pid, told):
                moments = [camera.video_time(offset + t) for t in made.ntfy.times]
        return moments, told["cpu"]


async def theirs(clip: Clip) -> tuple[list[float], float]:
    """The same of motion."""
    program = shutil.which("motion")
    if program is None:
        raise RuntimeError("motion is not installed; apt install motion")
    with tempfile.TemporaryDirectory() as folder:
        events, configuration = Path(folder) / "events", Path(folder) / "motion.conf"
        async with clip.camera() as camera:
            width, height = clip.size
            configuration.write_text(
                CONFIGURATION.format(
                    port=camera.port, width=width, height=height, fps=FPS, gap=GAP, events=events
                )
            )
            child = await asyncio.create_subprocess_exec(
                *(program, "-n", "-c", configuration),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                cwd=folder,
            )
            told: dict[str, float] = {}
            try:
                async with timed(camera, child.pid, told):
                    lines = events.read_text().split() if events.exists() else []
                    moments = [camera.video_time(float(line)) for line in lines]
            finally:
                child.terminate()
                await child.wait()
        return moments, told["cpu"]


async def _measure(data: Path, progress: Progress) -> dict[str, Any]:
    clip = read(data / VIDEO)
    shares = np.load(data / TRUTH)[:, 1]
    spans, seconds = visits(list(shares), FPS), len(clip.pictures) / FPS
    figures: dict[str, Any] = {"seconds_of_video": seconds}
    progress("ours")
    own, own_cpu = await ours(clip)
    figures["ours"] = judged(own, spans) | _cpu(own_cpu, seconds)
    progress("motion")
    other, other_cpu = await theirs(clip)
    figures["motion"] = judged(other, spans) | _cpu(other_cpu, seconds)
    figures["load"] = [round(value, 1) for value in os.getloadavg()]
    return figures


def _cpu(used: float, seconds: float) -> dict[str, float]:
    return {"cpu_s_per_minute": round(used / seconds * 60.0, 2)}


def measure(data: Path | None, progress: Progress) -> dict[str, Any]:
    """Both on the video of people who come one at a time; five minutes."""
    if data is None:
        raise RuntimeError("the recordings are not here; see CONTRIBUTING.md")
    return asyncio.run(_measure(data, progress))
