"""Gives detections short-term ids, in the world's bearings, so that the head may turn.

Sure and doubtful detections after ByteTrack (Zhang et al. 2022), the doubtful
ones at a disadvantage, and only to carry on a track that exists. Each
track has a Kalman filter over bearing and bearing rate. A track is confirmed
by repeated evidence; an id outlives an occlusion of two seconds and is never
given again. It must not see pictures, and it decides nothing about people.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from engine.core.angles import difference
from engine.core.types import Label
from engine.seeing.boxes import overlap

ECHO_OVERLAP, ECHO_FAINTER = 0.3, 0.25
"""Overlap with a surer sighting, and how much less sure, from which a doubtful one is an echo:
a second box around the same person."""
DOUBTFUL = 0.5
"""What a doubtful sighting costs in the association, where 0 fits perfectly: less than a sure one
costs that is around an arm of whom the doubtful one shows whole. On the even half it took one false
track from the meeting room; 0.3 did the same, and gave one number more."""
LOOKS_WEIGHT = 4.0
"""Sightings for which a sure second look counts when a track is given its label."""
ANOTHER_HEADING = 5.0
"""Degrees between two looks that count as from two headings."""
LATELY, THE_SAME = 0.5, 0.5
"""Seconds and overlap within which one track carries on another."""
FULLY = 0.9
"""Trust in a frame from which it counts as sharp and steady."""


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """Scores and times. Chosen on the half of the recordings whose name hashes even."""

    start: float = 0.45
    """A sighting this sure counts fully towards a new track."""
    likely: float = 0.40
    """Two of the last three this sure will do as well."""
    keep: float = 0.28
    """A known track is carried on by this little."""
    doubt: float = 4.0
    """Seconds that a track may live on doubtful sightings alone."""
    confirm: int = 2
    """Sightings at `start` that confirm a track."""
    forget: float = 2.5
    """Seconds without a sighting after which a confirmed track is gone."""
    forget_tentative: float = 0.6
    acceleration: float = 60.0
    """deg/s2 of unforeseen acceleration."""
    glimpse: float = 0.33
    """From here on somebody new is worth a second look, where such looks are taken."""
    certain: float = 0.62
    """What a second look must say before a track may be confirmed; in a sharp and steady frame
    it does so by itself."""
    agreed: float = 0.45
    together: float = 1.0
    """Or both looks together: this at least by the second, and this in sum with the first. A
    painting may please one of them, but of 29 such sightings on the even half none pleased both."""
    certain_moving: float = 0.40
    """The same of what moves while the rest of the picture does not: no painting does."""
    gate: float = 3.5
    """Sigmas within which a sighting may belong to a track."""


@dataclass(frozen=True, slots=True)
class Observation:
    """A detection in world degrees; `width`, `top`, `bottom` are its angular extent."""

    label: Label
    score: float
    bearing: float
    bearing_std: float
    width: float
    top: float
    bottom: float


@dataclass(slots=True)
class Track:
    """One thing seen over time. `rate` in deg/s, `variance` of (bearing, both, rate).

    `seen` is the time of its last sighting, `sure` that of its last sure one.
    """

    id: int
    seen: float
    sure: float
    bearing: float
    width: float
    top: float
    bottom: float
    rate: float = 0.0
    variance: tuple[float, float, float] = (1.0, 0.0, 400.0)
    confirmed: bool = False
    enough: bool = False
    """Whether its sightings suffice by themselves."""
    word: float | None = None
    """What the surest second look said; None before the first."""
    steady: bool = False
    """Whether a camera that did not turn has seen it, or one from two headings."""
    first: tuple[float, float] | None = None
    """Heading and bearing of the first sighting in a turn."""
    reason: str = ""
    """What confirmed it, in words."""
    vouched: bool = False
    """Whether a second look was sure enough."""
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=3))
    votes: dict[Label, float] = field(default_factory=dict)

    @property
    def label(self) -> Label:
        """What most of the evidence says it is."""
        return max(self.votes, key=lambda label: self.votes[label])

    def seen_from(self, turning_at: float | None, bearing: float) -> None:
        """A sighting at `bearing` by a camera that turns and points there, or that stands (None).

        What stays behind while the camera turns is in the room; what comes along is not.
        """
        if turning_at is None:
            self.steady = True
        elif self.first is None:
            self.first = (turning_at, bearing)
        else:
            turned = abs(difference(turning_at, self.first[0]))
            came_along = abs(difference(bearing, self.first[1]))
            self.steady |= turned >= ANOTHER_HEADING and came_along <= turned / 2

    @property
    def refused(self) -> bool:
        """Whether there is more against it than too few sightings, which others may add up."""
        return not self.steady or (self.word is not None and not self.vouched)

    @property
    def why(self) -> str:
        """Why it is confirmed, or what it lacks; for people who look at what was believed."""
        if self.confirmed:
            return f"confirmed by {self.reason}"
        if not self.steady:
            return "unconfirmed: seen from one heading, in a turn"
        if self.word is not None and not self.vouched:
            return f"unconfirmed: the second look says {self.word:.2f}"
        return f"unconfirmed: {sum(score > 0 for score in self.recent)} of its last frames"

    @property
    def belief(self) -> float:
        """That it is there: the chance that not all of its last sightings were wrong."""
        return 1.0 - math.prod(1.0 - score for score in self.recent)


class Tracker:
    """Call `update` once a frame, in order of time."""

    def __init__(self, settings: TrackerSettings | None = None, *, vouching: bool = False) -> None:
        """`vouching`: nothing is confirmed before `heed` was told of a second look that agrees."""
        self.settings = settings or TrackerSettings()
        self._vouching = vouching
        self.tracks: list[Track] = []
        self._ids: Iterator[int] = itertools.count(1)
        self._t: float | None = None

    def reset(self) -> None:
        """Forget all tracks; ids go on."""
        self.tracks.clear()
        self._t = None

    def update(
        self,
        t: float,
        found: Sequence[Observation],
        trust: float = 1.0,
        turning_at: float | None = None,
    ) -> list[Track | None]:
        """The track of each observation, confirmed or not; None where it belongs to none.

        `trust` in 0..1 is how much a frame may count towards believing in
        something new: low while the picture is blurred or the head turns.
        `turning_at` is the heading of a camera that turns too fast for a sharp
        picture, None while it does not: what only such frames showed must be
        seen from another heading, in the same place, to be believed. A smear
        or a reflection turns with the camera.
        """
        rule = self.settings
        self._forget(t)
        self._predict(t)
        owners: list[Track | None] = [None] * len(found)
        sure = [i for i, o in enumerate(found) if o.score >= rule.likely]
        doubtful = [
            i
            for i, o in enumerate(found)
            if rule.keep <= o.score < rule.likely and not _echoes(o, found)
        ]
        self._match(found, [*sure, *doubtful], self.tracks, owners)
        hidden = [k for k in self.tracks if k.confirmed and k not in owners]
        for i, observation in enumerate(found):
            track = owners[i]
            if track is not None:
                self._correct(track, observation, t, hidden)
            elif i in sure or (self._vouching and observation.score >= rule.glimpse):
                owners[i] = self._new(observation, t)
        # Only when all are where this frame has them: somebody known whose turn had not come yet
        # would seem to be gone, and a newcomer beside them to be them.
        for observation, track in zip(found, owners, strict=True):
            if track is not None:
                track.seen_from(turning_at, observation.bearing)
                self._believe(track, observation, trust)
        for track in self.tracks:
            if track.seen < t:
                track.recent.append(0.0)
        return owners

    def _predict(self, t: float) -> None:
        dt = 0.0 if self._t is None else min(max(t - self._t, 0.0), 5.0)
        self._t = t
        if dt <= 0:
            return
        noise = self.settings.acceleration**2
        for track in self.tracks:
            # Whoever is out of sight has more likely stopped than gone on.
            damping = math.exp(-dt / (4.0 if t - track.seen < 0.3 else 1.5))
            a, b, c = track.variance
            track.bearing += track.rate * dt
            track.rate *= damping
            track.variance = (
                a + 2 * dt * b + dt * dt * c + noise * dt**4 / 4,
                (b + dt * c) * damping + noise * dt**3 / 2,
                c * damping**2 + noise * dt * dt,
            )

    def _match(
        self,
        found: Sequence[Observation],
        candidates: Sequence[int],
        tracks: Sequence[Track],
        owners: list[Track | None],
    ) -> None:
        """Greedy best pairs first."""
        pairs = sorted(
            (cost, i, j)
            for i in candidates
            for j, track in enumerate(tracks)
            if (cost := self._cost(track, found[i])) is not None
        )
        taken: set[int] = set()
        for _, i, j in pairs:
            if owners[i] is None and j not in taken:
                owners[i] = tracks[j]
                taken.add(j)

    def _cost(self, track: Track, seen: Observation) -> float | None:
        """0 for a perfect match, None for an impossible one."""
        off = difference(seen.bearing, track.bearing)
        size = max(track.width, seen.width)
        sigma = math.sqrt(track.variance[0] + seen.bearing_std**2 + (0.1 * size) ** 2)
        distance = abs(off) / min(sigma, 12.0)
        tall, high = track.top - track.bottom, seen.top - seen.bottom
        if distance > self.settings.gate or tall <= 0 or high <= 0:
            return None
        sure = seen.score >= self.settings.likely
        # A doubtful detection where a track was lost long ago is more likely a coat.
        if not sure and (self._t or 0.0) - track.sure >= self.settings.doubt:
            return None
        growth = abs(math.log(high / tall))
        if growth > (1.2 if sure else 0.4):
            return None
        shared = overlap(
            (track.bearing - track.width / 2, -track.top, track.width, tall),
            (track.bearing + off - seen.width / 2, -seen.top, seen.width, high),
        )
        strange = 0.0 if seen.label is track.label else 0.3
        fresh = 0.0 if track.confirmed else 0.1
        doubtful = 0.0 if sure else DOUBTFUL
        fit = distance / self.settings.gate + (1 - shared) + 0.3 * growth
        return fit + strange + fresh + doubtful

    def _correct(self, track: Track, seen: Observation, t: float, hidden: Sequence[Track]) -> None:
        """Kalman update; a box that may hide somebody else says less about where each is."""
        a, b, c = track.variance
        shared = any(abs(difference(seen.bearing, k.bearing)) < seen.width for k in hidden)
        total = a + (seen.bearing_std + (seen.width / 2 if shared else 0.0)) ** 2
        gain, gain_rate = a / total, b / total
        off = difference(seen.bearing, track.bearing)
        track.bearing += gain * off
        track.rate += gain_rate * off
        track.variance = ((1 - gain) * a, (1 - gain) * b, c - gain_rate * b)
        for name in ("width", "top", "bottom"):
            old = getattr(track, name)
            setattr(track, name, old + 0.5 * (getattr(seen, name) - old))
        track.seen = t
        if seen.score >= self.settings.likely:
            track.sure = t

    def _new(self, seen: Observation, t: float) -> Track:
        spread = (seen.bearing_std**2, 0.0, 30.0**2)
        track = Track(
            next(self._ids), t, t, seen.bearing, seen.width, seen.top, seen.bottom, variance=spread
        )
        self.tracks.append(track)
        return track

    def _believe(self, track: Track, seen: Observation, trust: float) -> None:
        track.votes[seen.label] = 0.98 * track.votes.get(seen.label, 0.0) + seen.score**2
        track.recent.append(seen.score * trust)
        rule = self.settings
        strong = sum(score >= rule.start for score in track.recent)
        fair = sum(score >= rule.likely for score in track.recent)
        track.enough = strong >= rule.confirm or fair >= max(2, rule.confirm)
        self._judge(track)

    def is_unvouched(self, track: Track) -> bool:
        """Whether a second look at it would tell anything."""
        return not track.confirmed and not track.vouched

    def heed(
        self,
        track: Track,
        label: Label,
        word: float,
        trust: float = 1.0,
        *,
        score: float = 0.0,
        moves: bool = False,
    ) -> None:
        """What a second look at an unconfirmed track said, in a frame of this much trust.

        `score` is what the first look said of the same, `moves` whether it moves by
        itself, the camera standing still.
        """
        rule = self.settings
        person_moves = moves and label is Label.PERSON
        reason = ""
        if word >= rule.certain:
            reason = f"a second look, {word:.2f}"
        elif word >= rule.agreed and word + score >= rule.together:
            reason = f"two looks, {score:.2f} and {word:.2f}"
        elif person_moves and word >= rule.certain_moving:
            reason = f"moving, and a second look, {word:.2f}"
        sure = bool(reason)
        if sure:
            track.reason = reason
            # What it seemed before, half in the picture, was no more than that.
            track.votes = {label: LOOKS_WEIGHT * word**2}
        track.word = max(word, track.word or 0.0)
        track.vouched = track.vouched or sure
        track.enough = track.enough or (sure and trust >= FULLY)
        self._judge(track)

    def _judge(self, track: Track) -> None:
        vouched = track.vouched or not self._vouching
        if track.enough and vouched and track.steady and not track.confirmed:
            track.confirmed = True
            track.reason = track.reason or f"{len(track.recent)} sightings"
            self._continue(track)

    def _continue(self, track: Track) -> None:
        """Somebody confirmed in the very place where somebody known was a moment ago is them.

        Two tracks begin when a person comes into the picture so quickly that
        one frame's box says little of the next one's.
        """
        box = _box(track, track.bearing)
        for known in self.tracks:
            lately = 0.0 < track.seen - known.seen <= LATELY
            bearing = track.bearing + difference(known.bearing, track.bearing)
            if known.confirmed and lately and overlap(box, _box(known, bearing)) >= THE_SAME:
                track.id, known.id = known.id, track.id
                known.confirmed, known.seen = False, -math.inf
                return

    def _forget(self, t: float) -> None:
        rule = self.settings
        self.tracks = [
            k
            for k in self.tracks
            if t - k.seen <= (rule.forget if k.confirmed else rule.forget_tentative)
        ]


def _echoes(doubtful: Observation, found: Sequence[Observation]) -> bool:
    box = _box(doubtful, doubtful.bearing)
    return any(
        o.score >= doubtful.score + ECHO_FAINTER
        and o.label is doubtful.label
        and overlap(box, _box(o, doubtful.bearing + difference(o.bearing, doubtful.bearing)))
        >= ECHO_OVERLAP
        for o in found
    )


def _box(seen: Observation | Track, bearing: float) -> tuple[float, float, float, float]:
    """In degrees, y downwards."""
    return (bearing - seen.width / 2, -seen.top, seen.width, seen.top - seen.bottom)
