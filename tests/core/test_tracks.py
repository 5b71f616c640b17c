"""Bearing tracks: they converge, coast, keep up with turns and stay consistent."""

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from engine.core import tracks

SWERVE = 60.0  # deg/s2
COAST = 0.6


def follow(truth, seconds: float, noise: float, seed: int) -> tracks.BearingTrack:
    rng = random.Random(seed)
    track = tracks.begin(0.0, truth(0.0) + rng.gauss(0, noise), noise)
    for k in range(1, int(seconds * 10)):
        t = k / 10
        track = tracks.update(track, t, truth(t) + rng.gauss(0, noise), noise, SWERVE, COAST)
    return track


def test_a_person_who_stands_still_is_found_better_than_one_measurement_could() -> None:
    errors = [follow(lambda t: 30.0, 5.0, 1.5, seed).bearing - 30.0 for seed in range(100)]
    assert math.sqrt(sum(e * e for e in errors) / len(errors)) < 1.3


def test_the_rate_of_a_walker_is_learned() -> None:
    rates = [follow(lambda t: 34.0 * t, 2.0, 1.5, seed).rate for seed in range(50)]
    assert 28.0 < sum(rates) / len(rates) < 36.0


def test_an_unobserved_walker_fades_to_a_stop() -> None:
    track = tracks.BearingTrack(0.0, 0.0, 30.0, 1.0, 0.0, 25.0)
    bearing, rate = tracks.coasted(track, 60.0, COAST)
    assert abs(bearing - 30.0 * (tracks.KEEP_RATE + COAST)) < 1e-6
    assert abs(rate) < 1e-9


@given(st.lists(st.tuples(st.floats(0.001, 2), st.floats(-180, 180)), max_size=40))
def test_the_covariance_stays_a_covariance(steps: list[tuple[float, float]]) -> None:
    t, track = 0.0, tracks.begin(0.0, 0.0, 1.5)
    for dt, bearing in steps:
        t += dt
        track = tracks.update(track, t, bearing, 1.5, SWERVE, COAST)
        assert track.var > 0.0
        assert track.rate_var > 0.0
        assert track.var * track.rate_var - track.cov**2 > -1e-6 * track.var * track.rate_var
        assert abs(track.rate) <= tracks.MAX_RATE


@given(st.floats(-720, 720), st.floats(-30, 30))
def test_wrapping_of_a_measurement_does_not_matter(bearing: float, offset: float) -> None:
    track = tracks.begin(0.0, bearing, 2.0)
    one = tracks.update(track, 0.1, bearing + offset, 2.0, SWERVE, COAST)
    other = tracks.update(track, 0.1, bearing + offset - 360.0, 2.0, SWERVE, COAST)
    assert abs(one.bearing - other.bearing) < 1e-6


def test_a_late_measurement_does_not_turn_time_back() -> None:
    track = tracks.begin(1.0, 0.0, 2.0)
    assert tracks.update(track, 0.5, 3.0, 2.0, SWERVE, COAST).t == 1.0


def test_distances_converge_and_missing_ones_change_nothing() -> None:
    track = tracks.measure_distance(None, 0.0, 2.4, 0.4)
    for k in range(1, 30):
        track = tracks.measure_distance(track, k / 10, 2.0, 0.4)
    assert track is not None
    assert abs(track.distance - 2.0) < 0.05
    assert tracks.measure_distance(track, 4.0, None, None) is track
