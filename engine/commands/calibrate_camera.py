"""`heliotrope calibrate camera`: the lens measured with a chessboard, live or from pictures.

Draws the board, collects views of it, has `engine.seeing.calibration` measure
the lens, tells it, and keeps it in the state directory. A picture is overwritten
as soon as its corners are found.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import cv2

from engine.config import Config
from engine.config_file import load
from engine.errors import RunError, UserError
from engine.hardware.camera import Wanted, open_camera
from engine.hardware.camera_device import redacted
from engine.hardware.camera_folder import CameraFolder
from engine.identity import prepare_state_dir
from engine.ports import Camera, Frame, SourceEnded, SourceFailed, SourceTorn
from engine.progress import Progress
from engine.seeing import calibration, calibration_file
from engine.seeing.calibration import NotMeasured, View
from engine.seeing.optics import Model, Optics

HELP = "measure the lens with a chessboard: field of view, centre and distortion"

NOT_LIVE = ("simulated", "none")
VIEWS = 15
"""Views of the board that a live calibration collects."""
LONGEST = 600.0


def configure(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--target",
        metavar="FILE",
        type=Path,
        help="write the chessboard to print (.pdf) or to show on a flat screen (.png), and end",
    )
    what.add_argument("--pictures", metavar="DIR", type=Path, help="pictures instead of the camera")
    what.add_argument("--reset", action="store_true", help="forget what was kept")
    parser.add_argument("--config", metavar="F", type=Path, help="configuration file (YAML)")
    parser.add_argument(
        "--lens",
        choices=["auto", *(m.value for m in Model)],
        default="auto",
        help="the kind of lens (default: whichever fits better)",
    )
    parser.add_argument(
        "--seconds", type=float, default=120.0, help="how long to look for views (default: 120)"
    )
    parser.add_argument("--json", action="store_true", help="the result as one JSON object")
    parser.add_argument("--dry-run", action="store_true", help="tell the result, keep nothing")


def run(arguments: argparse.Namespace) -> int:
    if arguments.target is not None:
        return _draw(arguments.target)
    config = load(arguments.config).config
    if arguments.reset:
        there = calibration_file.forget(config.state_dir)
        print("forgotten" if there else "there was no calibration of the camera")
        return 0
    if not 5.0 <= arguments.seconds <= LONGEST:
        raise UserError(f"--seconds: {arguments.seconds:g}", f"choose 5 to {LONGEST:g}")
    views = _of_folder(arguments.pictures) if arguments.pictures else _live(config, arguments)
    try:
        optics = calibration.measure(
            views, None if arguments.lens == "auto" else Model(arguments.lens)
        )
    except NotMeasured as problem:
        what, _, remedy = str(problem).partition("; ")
        raise UserError(what, remedy) from None
    path = None
    if not arguments.dry_run:
        path = calibration_file.keep(prepare_state_dir(config.state_dir), optics)
    _tell(optics, config, path, as_json=arguments.json)
    return 0


def _draw(target: Path) -> int:
    kind = target.suffix.lower()
    if kind == ".pdf":
        data = calibration.as_pdf()
    elif kind == ".png":
        data = cv2.imencode(".png", calibration.as_picture())[1].tobytes()
    else:
        raise UserError(f"--target {target}: neither .pdf nor .png", "choose one of the two")
    try:
        target.write_bytes(data)
    except OSError as error:
        raise UserError(f"--target {target}: {error.strerror}", "choose another place") from None
    print(f"{target}: print it and glue it to something flat, or show it on a flat screen")
    return 0


def _of_folder(folder: Path) -> list[View]:
    if not folder.is_dir():
        raise UserError(f"--pictures {folder}: not a folder", "give the folder of the pictures")
    camera = CameraFolder(folder, paced=False)
    views: list[View] = []
    try:
        camera.open()
        with Progress("pictures", camera.frames) as progress:
            for frame in _frames(camera):
                found = _look(frame)
                if found is not None:
                    views.append(found)
                progress.step(f"{len(views)} with the board")
    except SourceFailed as error:
        raise UserError(str(error)) from None
    finally:
        camera.close()
    return views


def _frames(camera: Camera) -> Iterator[Frame]:
    while True:
        try:
            yield camera.read()
        except SourceEnded:
            return
        except SourceTorn as error:
            print(f"heliotrope: {error}", file=sys.stderr)


def _look(frame: Frame) -> View | None:
    try:
        return calibration.find(frame.pixels)
    finally:
        frame.wipe()


def _live(config: Config, arguments: argparse.Namespace) -> list[View]:
    source = config.camera.source
    if source in NOT_LIVE:
        raise UserError(
            f"camera.source: {source} has no lens", "give --pictures, or name your camera"
        )
    wanted = Wanted(config.camera.width, config.camera.height, config.camera.max_fps)
    views: list[View] = []
    camera = None
    until = time.monotonic() + arguments.seconds
    try:
        camera = open_camera(source, wanted)
        camera.open()
        print(
            f"{redacted(source)}: show the board, tilted, in every corner of the picture",
            file=sys.stderr,
        )
        with Progress("views", VIEWS) as progress:
            for frame in _frames(camera):
                found = _look(frame)
                if found is not None and all(found.differs(v) for v in views):
                    views.append(found)
                    progress.step("move the board, tilt it another way")
                if len(views) >= VIEWS or time.monotonic() > until:
                    break
    except SourceFailed as error:
        raise RunError(str(error)) from None
    finally:
        if camera is not None:
            camera.close()
    return views


def _tell(optics: Optics, config: Config, path: Path | None, *, as_json: bool) -> None:
    field = optics.field_of_view
    if as_json:
        kept = None if path is None else str(path)
        print(json.dumps({"field_of_view": field, **asdict(optics), "kept": kept}))
        return
    print(
        f"a {optics.model.value} lens of {field:.1f}° "
        f"(configured: {config.camera.field_of_view:g}°), fits {optics.pictures} pictures by "
        f"{optics.error:.2f} pixels"
    )
    if not optics.fits(config.camera.width, config.camera.height):
        print(
            f"heliotrope: the pictures are {optics.width}x{optics.height}, camera.width and "
            "camera.height of another shape; it counts once they agree",
            file=sys.stderr,
        )
    print("nothing was kept" if path is None else f"kept in {path}; the engine uses it from now on")
