"""How well seeing sees, on real pictures and videos with known truth.

`measure` returns plain numbers for script/measure. Thresholds were chosen on
the even half of each set (by SHA-1 of the file name; the continuous panorama
sequence by time, its first half), so only the odd half is reported. The data
is never copied. A set that is not there is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from engine.bench import seeing_distance, seeing_pets
from engine.bench.seeing_truth import (
    WINDOW_FIELD,
    Score,
    household_truth,
    odd,
    panorama_truth,
    windows,
)
from engine.config import SeeingConfig
from engine.core.types import Label
from engine.hardware.camera_file import CameraFile
from engine.hardware.camera_folder import by_number, load_picture
from engine.ports import Detection, Frame, Image, SourceEnded, SourceTorn
from engine.seeing.boxes import Box
from engine.seeing.detector import Detector
from engine.seeing.engagement import FaceReader
from engine.seeing.eye import Eye, EyeSettings, Seen, eye_of
from engine.seeing.geometry import Lens, Projection
from engine.seeing.thorough import Thorough

Progress = Callable[[str], None]
Metrics = dict[str, Any]

TRACE = 0.25
"""Score in the still picture from which a room is also looked at in motion."""
SEQUENCE_STEP = 1 / 3
"""Seconds between two pictures of the panorama sequence, which holds every tenth frame."""


FOLDERS = {
    "panorama_tracked": "panorama",
    "back_turned": "indoor_video",
    "by_distance": "panorama",
}
"""Which recordings a part needs, where they are not called like it."""


class Bench:
    """The networks, loaded once, in the uses that are measured."""

    def __init__(self, threshold: float | None = None) -> None:
        self.threshold = SeeingConfig().threshold if threshold is None else threshold
        self.quick = Detector()
        self.alone = Thorough(self.quick, alone=True)
        """For single pictures, as `see` has it."""
        self.faces = FaceReader()

    def people(self, found: Iterable[Detection]) -> list[Box]:
        return [d.box for d in found if d.label is Label.PERSON and d.score >= self.threshold]

    def eye(self, field_of_view: float = 66.0) -> Eye:
        lens = Lens(640, 480, field_of_view, Projection.AUTO)
        settings = EyeSettings(threshold=self.threshold, on_head=False)
        return self.eye_behind(lens, settings)

    def eye_behind(self, lens: Lens, settings: EyeSettings) -> Eye:
        """A new eye, to which nothing has been shown."""
        return eye_of(self.fresh(), lens, settings)

    def fresh(self) -> Detector:
        """The usual look, of which none has been taken yet."""
        return Detector(share=self.quick)


def measure(
    data: Path | None, progress: Progress, *, half: Callable[[Path], bool] = odd
) -> Metrics:
    """All sets under `data`; `half` chooses the files, `progress` is told what is being done."""
    if data is None:
        return {"left_out": "no recordings here"}
    bench = Bench()
    parts: dict[str, Callable[[], Metrics]] = {
        "panorama": lambda: panorama(bench, data / "panorama", half),
        "panorama_tracked": lambda: panorama_tracked(bench, data / "panorama", half is odd),
        "household": lambda: household(bench, data / "household", half),
        "empty_rooms": lambda: empty_rooms(bench, data / "empty_rooms", half),
        "pets": lambda: pets(bench, data / "pets", half),
        "indoor_video": lambda: indoor_video(bench, data / "indoor_video"),
        "head_pose": lambda: head_pose(bench, data / "head_pose"),
        "back_turned": lambda: back_turned(bench, data / "indoor_video"),
        "by_distance": lambda: by_distance(bench, data, half),
    }
    results: Metrics = {"threshold": bench.threshold}
    for name, part in parts.items():
        if (data / FOLDERS.get(name, name)).is_dir():
            progress(name)
            results[name] = part()
    return results


# ---------------------------------------------------------------- panoramas


def _panoramas(folder: Path) -> list[tuple[Path, Path]]:
    pictures = sorted((folder / "images").glob("*.jpg"), key=by_number)
    return [(p, folder / "boxes" / f"{p.stem}.xml") for p in pictures]


def _later_half(pairs: Sequence[tuple[Path, Path]]) -> set[Path]:
    frames = [p for p, _ in pairs if p.name.startswith("frame")]
    return set(frames[len(frames) // 2 :])


def panorama(
    bench: Bench, folder: Path, half: Callable[[Path], bool], sequence: bool = True
) -> Metrics:
    """Single windows, IoU 0.3 (the truth's boxes are loose); `sequence` False: `seg*` only."""
    pairs = _panoramas(folder)
    later = _later_half(pairs)
    score = Score()
    for path, xml in pairs:
        frame = path.name.startswith("frame")
        chosen = sequence and (path in later) is (half is odd) if frame else half(path)
        if not chosen:
            continue
        for i, (view, truth, cut) in enumerate(windows(load_picture(path), panorama_truth(xml))):
            found = bench.people(bench.alone.detect(np.ascontiguousarray(view)))
            score.add(found, truth, cut, 0.3, f"{path.stem}/{i}")
    return score.metrics() | {"false": score.examples}


def panorama_tracked(bench: Bench, folder: Path, later: bool) -> Metrics:
    """The continuous sequence through the whole eye: confirmed tracks only."""
    pairs = [p for p in _panoramas(folder) if p[0].name.startswith("frame")]
    chosen = _later_half(pairs)
    score, ids = Score(), set()
    eyes = [bench.eye(WINDOW_FIELD) for _ in range(4)]
    for step, (path, xml) in enumerate(p for p in pairs if (p[0] in chosen) is later):
        for i, (view, truth, cut) in enumerate(windows(load_picture(path), panorama_truth(xml))):
            look = eyes[i].examine(Frame(step * SEQUENCE_STEP, np.ascontiguousarray(view)))
            people = _confirmed(look.objects)
            ids |= {(i, o.track) for o in people}
            score.add([o.box for o in people], truth, cut, 0.3, f"{path.stem}/{i}")
    return score.metrics() | {"ids": len(ids), "false": score.examples}


def _confirmed(objects: Iterable[Seen]) -> list[Seen]:
    return [o for o in objects if o.label is Label.PERSON and o.track is not None]


# -------------------------------------------------------------- photographs


def household(bench: Bench, folder: Path, half: Callable[[Path], bool]) -> Metrics:
    """People at least 30 % of the picture's height, at most five in it, IoU 0.5."""
    score = Score()
    for path, large, small in household_truth(folder, half):
        picture = load_picture(path)
        found = bench.people(bench.alone.detect(picture))
        tall = [b for b in found if b[3] >= 0.3 * picture.shape[0]]
        score.add(tall, large, small, 0.5, path.stem)
    return score.metrics() | {"false": score.examples}


def empty_rooms(bench: Bench, folder: Path, half: Callable[[Path], bool]) -> Metrics:
    """Rooms with a person in them, in one frame, and after 20 frames of jitter and blur."""
    rooms, single, confirmed = 0, [], []
    for path in sorted(folder.glob("*.jpg")):
        if not half(path):
            continue
        rooms += 1
        picture = load_picture(path)
        least = 0.25 * picture.shape[0]
        found = [d for d in bench.alone.detect(picture) if d.label is Label.PERSON]
        if any(d.score >= bench.threshold and d.box[3] >= least for d in found):
            single.append(path.name)
        # A picture without a trace of a person yields none by being shaken.
        if any(d.score >= TRACE for d in found) and _shaken(bench, picture):
            confirmed.append(path.name)
    return {"rooms": rooms, "single": single, "confirmed": confirmed}


def _shaken(bench: Bench, picture: Image) -> bool:
    """Whether a track is confirmed in 20 frames of a head that swings over the picture."""
    random = np.random.default_rng(7)
    eye, (height, width) = bench.eye(), picture.shape[:2]
    seen = False
    for step in range(20):
        shift = random.normal(0, 0.02, 2) * (width, height)
        turn = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
        moved = cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
        blur = int(random.integers(1, max(width // 40, 2)))
        smeared = np.asarray(cv2.blur(moved, (blur, 1)), np.uint8)
        look = eye.examine(Frame(step / 10, smeared))
        seen = seen or bool(_confirmed(look.objects))
    return seen


def pets(bench: Bench, folder: Path, half: Callable[[Path], bool]) -> Metrics:
    """Recall and wrong species by both networks, and pets taken for people."""
    return seeing_pets.measure(bench.alone, bench.threshold, folder, half)


def by_distance(bench: Bench, data: Path, half: Callable[[Path], bool]) -> Metrics:
    """Precision and recall from 0.5 to 5 m on a lens of 110 degrees."""
    settings = EyeSettings(bench.threshold, on_head=False)
    eye = lambda: bench.eye_behind(seeing_distance.lens(), settings)  # noqa: E731
    return seeing_distance.measure(bench.fresh, eye, bench.threshold, data, half)


# ------------------------------------------------------------------- videos


def indoor_video(bench: Bench, folder: Path, every: int = 1, frames: int = 10**6) -> Metrics:
    """The video of visits, one person at a time: confirmed people against changed pixels.

    Each `every`th of the first `frames` is looked at.
    """
    truth = {int(f): share for f, share in np.load(folder / "presence_pseudo_truth.npy")}
    camera = CameraFile(folder / "one-by-one-person-detection.mp4", paced=False)
    eye = bench.eye()
    camera.open()
    present: dict[int, set[int]] = {}
    try:
        while camera.index < frames:
            try:
                frame = camera.read()
            except SourceTorn:
                continue
            if camera.index % every == 0:
                people = _confirmed(eye.examine(frame).objects)
                present[camera.index] = {o.track for o in people if o.track is not None}
    except SourceEnded:
        pass
    finally:
        camera.close()
    occupied = [i for i in present if truth.get(i, 0.01) > 0.04]
    empty = [i for i in present if truth.get(i, 0.01) < 0.004]
    return {
        "occupied": len(occupied),
        "recall": round(sum(bool(present[i]) for i in occupied) / max(len(occupied), 1), 4),
        "missed": [i for i in occupied if not present[i]],
        "empty": len(empty),
        "alarms": sum(bool(present[i]) for i in empty),
        "visits": _visits(sorted(present), truth),
        "ids": len(set().union(*present.values())),
    }


def _visits(frames: Sequence[int], truth: dict[int, float]) -> int:
    count, inside = 0, False
    for i in frames:
        share = truth.get(i, 0.01)
        if not inside and share > 0.04:
            count, inside = count + 1, True
        elif inside and share < 0.004:
            inside = False
    return count


BACK = (240, 430)
"""Frames of the video in which a man stands at a table with his back to us."""


def back_turned(bench: Bench, folder: Path, every: int = 5) -> Metrics:
    """How often somebody is taken to face us who shows the back of his head."""
    camera = CameraFile(folder / "one-by-one-person-detection.mp4", paced=False)
    camera.open()
    frames = facing = 0
    try:
        while camera.index < BACK[1]:
            pixels = camera.read().pixels
            if camera.index < BACK[0] or camera.index % every:
                continue
            for person in bench.people(bench.quick.detect(pixels))[:1]:
                frames += 1
                engaged = bench.faces.engagement(pixels, person)
                facing += engaged is not None and engaged >= 0.5
    finally:
        camera.close()
    return {"frames": frames, "facing": facing}


def head_pose(bench: Bench, folder: Path) -> Metrics:
    """Yaw error of faces scaled to several widths; eight faces, all of them."""
    from scipy.io import loadmat  # of the sim extra, needed only here

    results: Metrics = {}
    for width in (60, 36, 24, 18):
        errors, facing, count = [], 0, 0
        for path in sorted(folder.glob("*.jpg")):
            truth = loadmat(str(path.with_suffix(".mat")))
            yaw = float(np.degrees(truth["Pose_Para"][0][1]))
            outline = truth["pt3d_68"]
            scale = width / float(outline[0].max() - outline[0].min())
            picture = cv2.resize(
                load_picture(path), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA
            )
            x, y = (float((outline[k].min() + outline[k].max()) / 2 * scale) for k in (0, 1))
            face = bench.faces.find(
                np.asarray(picture, np.uint8), (x - width, y - width, 2 * width, 5.0 * width)
            )
            count += 1
            if face is not None:
                errors.append(abs(face.yaw - yaw))
                facing += (abs(yaw) <= 25) == (face.facing >= 0.5)
        results[f"{width}px"] = {
            "faces": count,
            "found": len(errors),
            "yaw_error": round(float(np.mean(errors)), 2) if errors else None,
            "facing_right": facing,
        }
    return results
