"""Scalar Kalman filters: where somebody is by bearing, and how far away.

A bearing track has a bearing and a rate; its process noise is the
acceleration a person walks with, seen from their distance, so that somebody
close may swerve faster in degrees than somebody far. Between measurements it
coasts: the rate fades with a time constant, since people who are out of sight
more often stop than cross the room. Pure: no clock, only the times it is given.

Model: nearly constant velocity with discrete white acceleration (Bar-Shalom,
Li, Kirubarajan, "Estimation with Applications to Tracking and Navigation",
section 6.3.2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.core.angles import clamp, near

# Innovations that keep to one side mean that the person turns, starts or stops
# faster than the model expects: the process noise grows with their running
# mean. A large one that comes out of nothing may be a false detection beside
# the person, and is distrusted.
DRIFT_GAIN = 0.4
DRIFT_FREE = (0.6, 0.3)  # sigma of running mean that counts for nothing: calm, restless
MANOEUVRE_GAIN = (3.0, 6.0)
MANOEUVRE_MAX = 5.0
OUTLIER_SIGMA = 3.0
FORETOLD = 0.7  # running mean on the same side that makes a large innovation credible
DISTRUST = 3.0
# No person turns faster around the device than a run past it at arm's length.
MAX_RATE = 200.0
INITIAL_RATE_STD = 40.0
KEEP_RATE = 0.3  # s
# Who has run about runs again: restlessness is learned in about three frames of
# it and forgotten in as many seconds as follow.
RUN_RATE = 60.0  # deg/s
RESTLESS = 0.4  # of restlessness, from which somebody counts as running about
RUN_LEARNED = 0.34
RUN_FORGOTTEN = 10.0  # s
GATE_STD = 4.0  # deg
GATE_SWERVE = 0.05  # s: whoever moves fast may swerve by as much as this makes of their rate


@dataclass(frozen=True, slots=True)
class BearingTrack:
    """Belief at time `t`: bearing (deg, unwrapped), rate (deg/s) and their covariance.

    `drift` is the running mean of the innovations in sigma, `restless` in [0, 1]
    how much running there was of late, `former` the rate before the last
    measurement.
    """

    t: float
    bearing: float
    rate: float
    var: float
    cov: float
    rate_var: float
    drift: float = 0.0
    restless: float = 0.0
    former: float = 0.0
    earlier: float = 0.0

    @property
    def std(self) -> float:
        return math.sqrt(self.var)


def begin(t: float, bearing: float, std: float) -> BearingTrack:
    """A track from a single measurement: standing still, as far as anybody knows."""
    return BearingTrack(t, bearing, 0.0, std * std, 0.0, INITIAL_RATE_STD**2)


def coasted(track: BearingTrack, t: float, coast: float) -> tuple[float, float]:
    """Bearing and rate expected at `t`, the rate fading with time constant `coast` seconds."""
    dt = t - track.t
    if dt <= 0.0:
        return track.bearing, track.rate
    reach, fade = _coasting(dt, coast)
    return track.bearing + track.rate * reach, track.rate * fade


def _coasting(dt: float, coast: float) -> tuple[float, float]:
    """Degrees gone per deg/s, and what is left of the rate, after `dt` unobserved seconds.

    Fading starts only after a few frames without a measurement: earlier, it
    would bias the rate of somebody who walks on.
    """
    if dt <= KEEP_RATE:
        return dt, 1.0
    fade = math.exp(-(dt - KEEP_RATE) / coast)
    return KEEP_RATE + coast * (1.0 - fade), fade


def predict(track: BearingTrack, t: float, acceleration: float, coast: float) -> BearingTrack:
    """The belief carried forward to `t`; `acceleration` is one sigma in deg/s2."""
    dt = t - track.t
    if dt <= 0.0:
        return track
    reach, fade = _coasting(dt, coast)
    q = acceleration * acceleration
    return BearingTrack(
        t=t,
        bearing=track.bearing + track.rate * reach,
        rate=track.rate * fade,
        var=track.var + 2.0 * reach * track.cov + reach * reach * track.rate_var + q * dt**4 / 4.0,
        cov=fade * (track.cov + reach * track.rate_var) + q * dt**3 / 2.0,
        rate_var=fade * fade * track.rate_var + q * dt * dt,
        drift=track.drift,
        restless=track.restless,
        former=track.former,
        earlier=track.earlier,
    )


def update(
    track: BearingTrack,
    t: float,
    bearing: float,
    std: float,
    acceleration: float,
    coast: float,
    trusted: bool = False,
    fastest: float = MAX_RATE,
) -> BearingTrack:
    """The belief after measuring `bearing` (deg, any wrapping) with one sigma `std` at `t`.

    `trusted` says that the measurement is known to be of this person; nobody
    moves faster than `fastest` (deg/s).
    A measurement older than the belief is taken as if made at the belief's time.
    """
    prior = predict(track, t, acceleration, coast)
    noise = std * std
    innovation = near(bearing, prior.bearing) - prior.bearing
    sigmas = innovation / math.sqrt(prior.var + noise)
    drift = track.drift + DRIFT_GAIN * (clamp(sigmas, -4.0, 4.0) - track.drift)
    free = DRIFT_FREE[0] + track.restless * (DRIFT_FREE[1] - DRIFT_FREE[0])
    if abs(drift) > free and track.drift * innovation > 0.0:
        gain = MANOEUVRE_GAIN[0] + track.restless * (MANOEUVRE_GAIN[1] - MANOEUVRE_GAIN[0])
        boost = min(1.0 + gain * (abs(drift) - free), MANOEUVRE_MAX)
        prior = predict(track, t, acceleration * boost, coast)
    credible = trusted or track.drift * sigmas >= FORETOLD * abs(sigmas)
    if abs(sigmas) > OUTLIER_SIGMA and not credible:
        noise *= DISTRUST * DISTRUST
    gain = prior.var / (prior.var + noise)
    rate_gain = prior.cov / (prior.var + noise)
    rate = clamp(prior.rate + rate_gain * innovation, -fastest, fastest)
    restless = max(track.restless - max(t - track.t, 0.0) / RUN_FORGOTTEN, 0.0)
    if abs(rate) >= RUN_RATE:
        restless = min(restless + RUN_LEARNED, 1.0)
    return BearingTrack(
        t=prior.t,
        bearing=prior.bearing + gain * innovation,
        rate=rate,
        var=(1.0 - gain) * prior.var,
        cov=(1.0 - gain) * prior.cov,
        rate_var=max(prior.rate_var - rate_gain * prior.cov, 1e-6),
        drift=drift,
        restless=restless,
        former=track.rate,
        earlier=track.former,
    )


def deviation(track: BearingTrack, bearing: float, std: float) -> float:
    """How many sigma `bearing` lies from the track's (both at the track's time).

    The track's own share is bounded: somebody unseen for a while could be
    anywhere, but a detection far off is more likely to be somebody else, or
    nobody, than them.
    """
    swerve = GATE_SWERVE * track.rate
    own = min(track.var + swerve * swerve, GATE_STD * GATE_STD)
    return abs(near(bearing, track.bearing) - track.bearing) / math.sqrt(own + std * std)


@dataclass(frozen=True, slots=True)
class RangeTrack:
    """Belief about a distance in metres: a random walk at walking speed."""

    t: float
    distance: float
    var: float


WALKING_DRIFT = 1.0  # m/s, one sigma of how fast a distance changes unobserved


def measure_distance(
    track: RangeTrack | None, t: float, distance: float | None, std: float | None
) -> RangeTrack | None:
    """The belief after a distance measurement; None changes nothing."""
    if distance is None:
        return track
    noise = (std if std is not None else 0.3 * distance) ** 2
    if track is None:
        return RangeTrack(t, distance, noise)
    var = track.var + (WALKING_DRIFT * max(t - track.t, 0.0)) ** 2
    gain = var / (var + noise)
    return RangeTrack(
        max(t, track.t), track.distance + gain * (distance - track.distance), (1.0 - gain) * var
    )
