"""One frame in, numbers out, the frame gone.

Puts the parts of seeing together: is the frame usable, what is in it, which
track is it, where in the world, does it face us. The frame is overwritten as
soon as its numbers are taken, whether that succeeds or not. It decides
nothing about people and moves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.config import CameraConfig, Mount, SeeingConfig
from engine.core.types import Label, PeopleSeen, Sighting
from engine.ports import Detection, Frame, Image, PersonDetector
from engine.seeing.boxes import Box, contained
from engine.seeing.detector import SMALL, Detector, check_picture
from engine.seeing.engagement import FaceReader
from engine.seeing.frame_check import STEADY_RATE, FrameCheck, FrameReport
from engine.seeing.geometry import Lens, Place, Projection, locate
from engine.seeing.second_look import Newcomer, SecondLook
from engine.seeing.stream_watch import StreamWatch
from engine.seeing.thorough import LARGE, Thorough
from engine.seeing.tracker import Observation, Track, Tracker, TrackerSettings

# Heads are read one after the other; the nearest few are those who matter.
MOST_FACES = 3
# Seconds over which engagement is averaged: a glance aside is no turning away.
ENGAGEMENT_MEMORY = 0.4


STILL = 2.0
"""deg/s of the head below which what moves in the picture moves by itself."""
SELDOM = 0.5
"""Seconds without a look after which nobody was there and nothing moved."""
A_PART = 0.75
"""Share within somebody else from which a box may be around a part of them."""
STRIP, SURE_STRIP = 5.0, 0.4
"""Height to width of what the picture's side leaves of somebody from which it needs this score."""


class Faces(Protocol):
    """What the eye needs of `engagement.FaceReader`; `why` explains its last answer."""

    why: str

    def engagement(self, image: Image, person: Box) -> float | None: ...


@dataclass(frozen=True, slots=True)
class EyeSettings:
    """`threshold` and `pet_threshold` are scores from which a detection counts by itself."""

    threshold: float = 0.4
    pet_threshold: float = 0.4
    on_head: bool = True
    """Whether the camera turns with the head; otherwise it stands on the base."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One object of a frame: pixels for whoever draws it, degrees and metres for the rest.

    `score` is the detector's; for a confirmed track at least what its last
    sightings say together.
    """

    label: Label
    score: float
    box: Box
    place: Place
    track: int | None
    engagement: float | None
    why: str = ""
    """Why it is a track or none yet, in words."""
    facing_why: str = ""
    """What its engagement was read from, in words."""
    refused: bool = False
    """Whether a second look or the head's own turn speaks against it: nobody acts on it then."""


@dataclass(frozen=True, slots=True)
class Look:
    """All numbers of one frame; `people` is what the brain is given."""

    people: PeopleSeen
    objects: tuple[Seen, ...]
    report: FrameReport
    size: tuple[int, int]


class Eye:
    """Call `look` once a frame, in order of time, from one thread at a time."""

    def __init__(
        self,
        detector: PersonDetector,
        lens: Lens,
        settings: EyeSettings | None = None,
        *,
        faces: Faces | None = None,
        tracker: Tracker | None = None,
        thorough: PersonDetector | None = None,
        hurried: PersonDetector | None = None,
        far: PersonDetector | None = None,
    ) -> None:
        """`faces` None: engagement is always None. `lens` is rescaled to each frame's size.

        `thorough` takes a second look at frames with somebody new; None: frames alone confirm.
        `hurried` is used instead of `detector` while `hurry` is set, `far` in turns with it
        where looks are seldom and nobody is there: there is time then to see who is far away.
        """
        self.settings = settings or EyeSettings()
        self.tracker = tracker or Tracker(TrackerSettings(), vouching=thorough is not None)
        certain = self.tracker.settings.certain
        self.second = SecondLook(thorough, certain) if thorough is not None else None
        self.check = FrameCheck()
        self.stream = StreamWatch()
        self.hurry = False
        """Whether the processor has no time for the usual detector."""
        self._detector = detector
        self._hurried = hurried or detector
        self._far = far or detector
        self._looked = -math.inf
        self._near = True
        self._lens = lens
        self._faces = faces
        self._engagement: dict[int, tuple[float, float]] = {}
        self._tested: tuple[float, FrameReport] | None = None

    def look(self, frame: Frame, heading: float = 0.0, heading_rate: float = 0.0) -> PeopleSeen:
        """The numbers of a frame, which is overwritten. Degrees, deg/s."""
        return self.examine(frame, heading, heading_rate).people

    def examine(self, frame: Frame, heading: float = 0.0, heading_rate: float = 0.0) -> Look:
        """As `look`, with all that `see` shows. Raises ValueError for what is no picture."""
        try:
            return self._examine(frame, heading, heading_rate)
        finally:
            frame.wipe()

    def moved(self, frame: Frame, heading_rate: float = 0.0) -> bool:
        """A cheap test whether a full look is worth while; leaves the frame alone."""
        check_picture(frame.pixels)
        heading_rate = heading_rate if self.settings.on_head else 0.0
        report = self.check.inspect(frame.pixels, heading_rate)
        self.stream.note(frame.t, report)
        self._tested = (frame.t, report)
        return report.moved > WORTH_A_LOOK

    def forget(self) -> None:
        """Drop tracks and the thumbnail: the shutter closed, or the source is another."""
        self.tracker.reset()
        self.check.forget()
        self._tested = None
        self._looked, self._near = -math.inf, True
        self.stream.forget()
        if self.second is not None:
            self.second.forget()
        self._engagement.clear()

    def _examine(self, frame: Frame, heading: float, heading_rate: float) -> Look:
        check_picture(frame.pixels)
        if not math.isfinite(heading) or not math.isfinite(frame.t):
            raise ValueError(f"heading {heading}, time {frame.t}: not finite")
        heading = heading if self.settings.on_head else 0.0
        heading_rate = heading_rate if self.settings.on_head else 0.0
        height, width = frame.pixels.shape[:2]
        lens = self._lens.of(width, height)
        if self._tested is not None and self._tested[0] == frame.t:
            # Beside itself, as after `moved`, every frame is frozen.
            report = self._tested[1]
        else:
            report = self.check.inspect(frame.pixels, heading_rate)
            self.stream.note(frame.t, report)
        found: Sequence[Detection] = ()
        if report.usable:
            detector = self._suited(frame.t)
            found = [d for d in detector.detect(frame.pixels) if not _is_strip(d, width)]
        places = [locate(lens, d.box, d.label) for d in found]
        objects: tuple[Seen, ...] = ()
        if report.usable:
            observations = [_observation(d, p, heading) for d, p in zip(found, places, strict=True)]
            turning_at = heading if abs(heading_rate) > STEADY_RATE else None
            owners = self.tracker.update(frame.t, observations, report.trust, turning_at)
            still = abs(heading_rate) < STILL
            self._look_again(frame, found, observations, owners, report.trust, still=still)
            objects = self._objects(frame, found, places, owners)
        people = PeopleSeen(
            frame.t,
            tuple(_sighting(o, heading) for o in objects if not o.refused),
            heading,
            lens.view(heading),
            report.usable,
        )
        return Look(people, objects, report, (width, height))

    def _suited(self, t: float) -> PersonDetector:
        """The detector that there is time for, and reason."""
        seldom = not 0.0 <= t - self._looked < SELDOM
        self._looked = t
        if self.hurry:
            return self._hurried
        if not seldom or self.tracker.tracks:
            return self._detector
        # In turns, for at rest they are dear: half as much again.
        self._near = not self._near
        return self._detector if self._near else self._far

    def _look_again(
        self,
        frame: Frame,
        found: Sequence[Detection],
        observations: Sequence[Observation],
        owners: Sequence[Track | None],
        trust: float,
        *,
        still: bool,
    ) -> None:
        """A second look where there are newcomers of whom no such look has been sure."""
        if self.second is None:
            return
        new: list[tuple[Track, Newcomer]] = []
        known: list[Box] = []
        for track, d, o in zip(owners, found, observations, strict=True):
            if track is not None and self.tracker.is_unvouched(track):
                new.append((track, Newcomer(d.label, d.score, d.box, o.bearing)))
            elif track is not None:
                known.append(d.box)
        if not new:
            return
        words = self.second.words(frame.pixels, [n for _, n in new], known, frame.t)
        height, width = frame.pixels.shape[:2]
        for (track, newcomer), (label, word) in zip(new, words or (), strict=False):
            stirs = still and self.check.stirs(newcomer.box, width, height)
            moves = stirs and not _is_part(newcomer, found, known)
            score = newcomer.score if label is newcomer.label else 0.0
            self.tracker.heed(track, label, word, trust, score=score, moves=moves)

    def _objects(
        self,
        frame: Frame,
        found: Sequence[Detection],
        places: Sequence[Place],
        owners: Sequence[Track | None],
    ) -> tuple[Seen, ...]:
        objects = []
        faces_left = MOST_FACES
        by_size = sorted(range(len(found)), key=lambda i: -found[i].box[3])
        for i in by_size:
            track = owners[i]
            known = track is not None and track.confirmed
            # A track has seen more of it than one frame has.
            label = track.label if track is not None and known else found[i].label
            score = found[i].score
            if track is not None and known:
                score = max(score, track.belief, track.word or 0.0)
            if score < self._threshold(label):
                continue
            engaged, facing_why = None, ""
            if label is Label.PERSON and self._faces is not None and faces_left:
                faces_left -= 1
                engaged = self._faces.engagement(frame.pixels, found[i].box)
                facing_why = self._faces.why
            if track is not None and known:
                engaged = self._smoothed(track.id, frame.t, engaged)
            number = track.id if track is not None and known else None
            why = track.why if track is not None else ""
            box, place = found[i].box, places[i]
            refused = track is not None and not known and track.refused
            objects.append(
                Seen(label, score, box, place, number, engaged, why, facing_why, refused)
            )
        self._forget_engagement()
        return tuple(sorted(objects, key=lambda o: -o.score))

    def _threshold(self, label: Label) -> float:
        own = self.settings
        return own.threshold if label is Label.PERSON else own.pet_threshold

    def _smoothed(self, track: int, t: float, now: float | None) -> float | None:
        before = self._engagement.get(track)
        if now is None:
            return before[1] if before is not None and t - before[0] < 1.0 else None
        if before is not None:
            old = math.exp(-max(t - before[0], 0.0) / ENGAGEMENT_MEMORY)
            now = old * before[1] + (1 - old) * now
        self._engagement[track] = (t, now)
        return now

    def _forget_engagement(self) -> None:
        alive = {track.id for track in self.tracker.tracks}
        for gone in self._engagement.keys() - alive:
            del self._engagement[gone]


WORTH_A_LOOK = 0.004
"""Share of the thumbnail that must change: some twelve pixels, a hand at 3 m."""


def open_eye(camera: CameraConfig, seeing: SeeingConfig) -> Eye:
    """The eye of a configuration. Raises UserError when a network is missing or damaged."""
    settings = EyeSettings(seeing.threshold, seeing.pet_threshold, camera.mounted_on is Mount.HEAD)
    return eye_of(Detector(seeing.threads), lens_of(camera), settings, FaceReader(seeing.threads))


def eye_of(
    detector: Detector, lens: Lens, settings: EyeSettings, faces: Faces | None = None
) -> Eye:
    """The eye with every kind of look that the networks of `detector` can take."""
    return Eye(
        detector,
        lens,
        settings,
        faces=faces,
        thorough=Thorough(detector, detector.floor),
        hurried=Detector(long_side=SMALL, floor=detector.floor, share=detector),
        far=Detector(long_side=LARGE, floor=detector.floor, share=detector),
    )


def lens_of(camera: CameraConfig) -> Lens:
    """The lens that a configuration describes."""
    return Lens(
        camera.width,
        camera.height,
        camera.field_of_view,
        Projection.AUTO,
        camera.mount_height,
        camera.tilt,
    )


def _is_part(newcomer: Newcomer, found: Sequence[Detection], known: Sequence[Box]) -> bool:
    """Whether it lies within somebody surer, or known: an arm moves with whose arm it is."""
    surer = [d.box for d in found if d.label is Label.PERSON and d.score > newcomer.score]
    return any(contained(newcomer.box, box) >= A_PART for box in (*surer, *known))


def _is_strip(found: Detection, width: int) -> bool:
    """Whether so little of it is left at the picture's side that it may be anything."""
    x, _, w, h = found.box
    return h > STRIP * w and (x <= 2.0 or x + w >= width - 2.0) and found.score < SURE_STRIP


def _observation(found: Detection, place: Place, heading: float) -> Observation:
    return Observation(
        found.label,
        found.score,
        heading + place.azimuth,
        place.azimuth_std,
        abs(place.left - place.right),
        place.top,
        place.bottom,
    )


def _sighting(seen: Seen, heading: float) -> Sighting:
    return Sighting(
        bearing=heading + seen.place.azimuth,
        bearing_std=seen.place.azimuth_std,
        score=min(seen.score, 1.0),
        label=seen.label,
        distance=seen.place.distance,
        distance_std=seen.place.distance_std,
        track=seen.track,
        engagement=seen.engagement,
    )
