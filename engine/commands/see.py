"""`heliotrope see`: the detector and the tracker on images, folders and videos.

Wires files to the eye and prints numbers, one JSON line a frame; computes
nothing itself. Pictures leave it only as the annotated copies asked for.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.commands.see_drawing import Annotator
from engine.config import CameraConfig, SeeingConfig
from engine.errors import UserError
from engine.hardware.camera import is_recording
from engine.hardware.camera_file import CameraFile
from engine.hardware.camera_folder import PICTURES, CameraFolder, pictures_in
from engine.paths import expanded, is_there
from engine.ports import Frame, Image, SourceEnded, SourceFailed, SourceTorn
from engine.progress import Progress
from engine.seeing.detector import Detector
from engine.seeing.engagement import FaceReader
from engine.seeing.eye import Eye, EyeSettings, Look, eye_of
from engine.seeing.geometry import Lens
from engine.seeing.thorough import Thorough

HELP = "detect and track people, cats and dogs on images, folders and videos"
EXAMPLES = """
  heliotrope see living_room.jpg
  heliotrope see visit.mp4 --json --fov 66
  heliotrope see frames/ --sequence --annotate out/
"""


def configure(parser: argparse.ArgumentParser) -> None:
    default = SeeingConfig().threshold
    parser.add_argument("paths", metavar="PATH", nargs="+", help="image, folder or video")
    parser.add_argument("--json", action="store_true", help="one JSON line a frame")
    parser.add_argument("--annotate", metavar="DIR", type=Path, help="write pictures with boxes")
    parser.add_argument("--fov", metavar="DEG", type=float, help="horizontal angle of the lens")
    parser.add_argument(
        "--sequence", action="store_true", help="a folder is one sequence, ten pictures a second"
    )
    parser.add_argument(
        "--threshold",
        metavar="SCORE",
        type=float,
        default=default,
        help=f"list what scores at least this, 0..1 (default: {default})",
    )


@dataclass(frozen=True, slots=True)
class Job:
    """One source of frames. `named` is the path as given; `sequence`: frames belong together."""

    path: Path
    named: str
    sequence: bool
    in_folder: bool = False


@dataclass(slots=True)
class Tally:
    """`failed`: named files that gave nothing; `torn`: frames that were skipped."""

    frames: int = 0
    torn: int = 0
    failed: int = 0


def run(arguments: argparse.Namespace) -> int:
    _check(arguments)
    jobs = list(_jobs(arguments.paths, sequence=arguments.sequence))
    annotator = Annotator(arguments.annotate) if arguments.annotate else None
    eyes = Eyes(arguments.threshold, arguments.fov)
    tally = Tally()
    with Progress("frames", sum(1 if not j.sequence else 0 for j in jobs)) as progress:
        for job in jobs:
            source = CameraFile if job.path.suffix.lower() not in PICTURES else CameraFolder
            camera = source(job.path, paced=False)
            if os.path.isdir(job.path):
                camera = CameraFolder(job.path, paced=False)
            _watch(job, camera, eyes, arguments, annotator, tally, progress)
    if annotator is not None:
        annotator.close()
    if tally.torn:
        print(f"heliotrope: {tally.torn} damaged frames skipped", file=sys.stderr)
    if tally.failed or not tally.frames:
        return 2
    return 0


def _check(arguments: argparse.Namespace) -> None:
    threshold, fov = arguments.threshold, arguments.fov
    if not (math.isfinite(threshold) and 0 <= threshold <= 1):
        raise UserError(f"--threshold {threshold}: not a score", "give a number from 0 to 1")
    if fov is not None and not (math.isfinite(fov) and 10 <= fov <= 360):
        raise UserError(f"--fov {fov}: not an angle of a lens", "give degrees from 10 to 360")


def _jobs(paths: list[str], *, sequence: bool) -> Iterator[Job]:
    for named in paths:
        if not is_recording(named):
            raise UserError(f"{named}: see reads files and folders", "use run for a live camera")
        path = expanded(named)
        if not is_there(path):
            raise UserError(f"{named}: no such file or folder", "check the path")
        if not os.path.isdir(path):
            yield Job(path, named, sequence=path.suffix.lower() not in PICTURES)
            continue
        try:
            pictures = pictures_in(path)
        except OSError as error:
            raise UserError(f"{named}: {error.strerror}", "check its permissions") from error
        if not pictures:
            raise UserError(f"{named}: no pictures in it", "give videos by their own path")
        if sequence:
            yield Job(path, named, sequence=True, in_folder=True)
        else:
            for picture in pictures:
                given = str(Path(named) / picture.name)
                yield Job(picture, given, sequence=False, in_folder=True)


class Eyes:
    """One eye for sequences, one for single pictures, which get the thorough look."""

    def __init__(self, threshold: float, fov: float | None) -> None:
        # Without a lens the tracker still needs angles; any usual one will do.
        lens = Lens(640, 480, fov or CameraConfig().field_of_view)
        settings = EyeSettings(threshold, threshold, on_head=False)
        floor = min(0.2, threshold) if threshold > 0 else 0.01
        faces = FaceReader()
        detector = Detector(floor=floor)
        self.sequence = eye_of(detector, lens, settings, faces)
        single = Thorough(detector, floor, alone=True)
        self.single = Eye(single, lens, settings, faces=faces)


def _watch(
    job: Job,
    camera: CameraFile | CameraFolder,
    eyes: Eyes,
    arguments: argparse.Namespace,
    annotator: Annotator | None,
    tally: Tally,
    progress: Progress,
) -> None:
    eye = eyes.sequence if job.sequence else eyes.single
    eye.forget()
    before = tally.frames
    try:
        camera.open()
        for frame, index in _frames(camera, tally):
            picture = frame.pixels.copy() if annotator is not None else None
            t = frame.t
            look = _examined(eye, frame, job, tally)
            if look is not None:
                tally.frames += 1
                _print(job, camera, index, t, look, arguments)
                _annotate(annotator, job, camera, picture, look, lens=arguments.fov is not None)
            progress.step(job.named, camera.frames if job.sequence else None)
    except SourceFailed as error:
        print(f"heliotrope: {error}", file=sys.stderr)
    finally:
        camera.close()
    if tally.frames == before and not (job.in_folder and not job.sequence):
        tally.failed += 1


def _frames(camera: CameraFile | CameraFolder, tally: Tally) -> Iterator[tuple[Frame, int]]:
    while True:
        try:
            frame = camera.read()
        except SourceEnded:
            return
        except SourceTorn as error:
            tally.torn += 1
            print(f"heliotrope: {error}", file=sys.stderr)
            continue
        yield frame, camera.index


def _examined(eye: Eye, frame: Frame, job: Job, tally: Tally) -> Look | None:
    try:
        return eye.examine(frame)
    except ValueError as error:
        tally.torn += 1
        print(f"heliotrope: {job.named}: {error}", file=sys.stderr)
        return None


def _annotate(
    annotator: Annotator | None,
    job: Job,
    camera: CameraFile | CameraFolder,
    picture: Image | None,
    look: Look,
    *,
    lens: bool,
) -> None:
    if annotator is None or picture is None:
        return
    name = camera.current.name if isinstance(camera, CameraFolder) and camera.current else ""
    fps = camera.fps if not name else None
    annotator.add(picture, look, name or job.path.name, fps, lens=lens, sequence=job.sequence)


def _print(
    job: Job,
    camera: CameraFile | CameraFolder,
    index: int,
    t: float,
    look: Look,
    arguments: argparse.Namespace,
) -> None:
    named = job.named
    if job.sequence and isinstance(camera, CameraFolder) and camera.current is not None:
        named = str(Path(job.named) / camera.current.name)
    line = as_dictionary(named, index, t, look, lens=arguments.fov is not None)
    print(json.dumps(line) if arguments.json else _as_text(line, look), flush=True)


def as_dictionary(file: str, index: int, t: float, look: Look, *, lens: bool) -> dict[str, Any]:
    """A frame as its JSON line says it. `lens`: whether angles and metres mean anything."""
    return {
        "file": file,
        "frame": index,
        "t": round(t, 3),
        "width": look.size[0],
        "height": look.size[1],
        "objects": [
            {
                "label": o.label.value,
                "score": round(o.score, 4),
                "box": [round(v, 1) for v in o.box],
                "track": o.track,
                "distance_m": round(o.place.distance, 2) if lens else None,
                "azimuth_deg": round(o.place.azimuth, 2) if lens else None,
                "engagement": None if o.engagement is None else round(o.engagement, 3),
            }
            for o in look.objects
        ],
    }


def _as_text(line: dict[str, Any], look: Look) -> str:
    found = []
    for o in line["objects"]:
        words = [f"{o['label']} {o['score']:.2f}"]
        if o["track"] is not None:
            words.append(f"track {o['track']}")
        if o["azimuth_deg"] is not None:
            words.append(f"{o['azimuth_deg']:+.0f} deg, {o['distance_m']:.1f} m")
        if o["engagement"] is not None:
            words.append("facing us" if o["engagement"] >= 0.5 else "not facing us")
        found.append(" ".join(words))
    nothing = f"not usable: {look.report.problem}" if look.report.problem else "nobody"
    return f"{line['file']} {line['frame']:5d} {line['t']:8.2f} s  {'; '.join(found) or nothing}"
