"""Sound around a rigid sphere: limits that are known, and what it is worth to hearing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hearing_sounds import RATE, Sound, bursts, hiss
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.angles import difference
from engine.errors import UserError
from engine.hearing.arrays import SPEED_OF_SOUND, load_array, make_array
from engine.hearing.beam import Beam, si_sdr
from engine.hearing.directions import BAND, Localiser
from engine.hearing.scattering import around_sphere
from engine.hearing.spectra import FRAME, band
from engine.hearing.steering import plane_waves

RADIUS = 0.06
FRONT, BACK = np.array([[1.0, 0.0, 0.0]]), np.array([[-1.0, 0.0, 0.0]])
TOWARDS = np.array([[1.0], [0.0], [0.0]])


def ring_on_sphere(sphere: float | None = RADIUS) -> object:
    angles = np.radians(60.0 * np.arange(6))
    places = RADIUS * np.stack([np.cos(angles), np.sin(angles), 0.0 * angles], axis=1)
    return make_array("on_a_sphere", places, sphere=sphere)


def pressure(place: np.ndarray, hertz: float, radius: float = RADIUS) -> complex:
    return complex(around_sphere(place, radius, np.array([hertz]), TOWARDS)[0, 0, 0])


def test_a_tiny_sphere_leaves_the_wave_as_it_is() -> None:
    place = np.array([[0.03, 0.01, -0.02]])
    for hertz in (200.0, 1000.0, 4000.0):
        plain = np.exp(2j * np.pi * hertz * place[0, 0] / SPEED_OF_SOUND)
        assert pressure(place, hertz, 1e-4) == pytest.approx(plain, abs=1e-3)


def test_low_sound_bends_around_as_if_the_way_were_half_longer() -> None:
    """For k a -> 0 the phase on the surface is 3/2 k a cos (Rayleigh)."""
    hertz = 40.0
    wave = 2.0 * np.pi * hertz / SPEED_OF_SOUND * RADIUS
    assert np.angle(pressure(RADIUS * FRONT, hertz)) == pytest.approx(1.5 * wave, rel=0.02)
    assert abs(pressure(RADIUS * FRONT, hertz)) == pytest.approx(1.0, abs=0.01)


def test_high_sound_is_doubled_in_front_and_shaded_at_the_side_of_the_back() -> None:
    assert abs(pressure(RADIUS * FRONT, 12_000.0)) == pytest.approx(2.0, abs=0.1)
    behind = np.array([[-np.cos(0.6), np.sin(0.6), 0.0]]) * RADIUS
    assert abs(pressure(behind, 7000.0)) < 0.6


def test_right_behind_all_ways_meet() -> None:
    beside = np.array([[-np.cos(0.5), np.sin(0.5), 0.0]]) * RADIUS
    assert abs(pressure(RADIUS * BACK, 5000.0)) > abs(pressure(beside, 5000.0))


@settings(max_examples=30, deadline=None)
@given(
    st.floats(0.02, 0.2), st.floats(100.0, 8000.0), st.floats(-np.pi, np.pi), st.floats(-1.4, 1.4)
)
def test_the_surface_stands_still(radius: float, hertz: float, angle: float, up: float) -> None:
    """Pressure has no slope across a rigid surface; what is there is finite."""
    out = np.array([[np.cos(angle) * np.cos(up), np.sin(angle) * np.cos(up), np.sin(up)]])
    step = 1e-4 * radius
    here, further = (pressure((radius + d) * out, hertz, radius) for d in (0.0, step))
    wave = 2.0 * np.pi * hertz / SPEED_OF_SOUND
    assert np.isfinite(here)
    # The slope of a free wave would be of the order of k; this one's begins with k squared.
    assert abs(further - here) / step < 0.02 * wave + 40.0 * wave**2 * step


def test_a_sphere_as_large_as_nothing_gives_the_free_fields_dictionary() -> None:
    bins = band(*BAND)
    places = ring_on_sphere().positions  # type: ignore[attr-defined]
    free = plane_waves(make_array("free", places), bins, 24, (15.0,))
    tiny = plane_waves(make_array("tiny", places, sphere=1e-4), bins, 24, (15.0,))
    assert np.abs(free.vectors - tiny.vectors).max() < 2e-3
    assert np.abs(free.diffuse - tiny.diffuse).max() < 0.05


def heard_around(array: object, voice: Sound, azimuth: float) -> Sound:
    places = array.positions  # type: ignore[attr-defined]
    count = len(voice)
    hertz = np.fft.rfftfreq(count, 1.0 / RATE)
    a, e = np.radians([azimuth, 10.0])
    towards = np.array([[np.cos(e) * np.cos(a)], [np.cos(e) * np.sin(a)], [np.sin(e)]])
    seen = around_sphere(places, RADIUS, np.maximum(hertz, 1.0), towards)[:, :, 0].T
    return np.fft.irfft(np.fft.rfft(voice) * seen, count, axis=1).astype(np.float32)


def test_the_device_that_knows_its_case_hears_better_through_it() -> None:
    rng = np.random.default_rng(0)
    errors: dict[bool, list[float]] = {True: [], False: []}
    for azimuth in (0.0, 17.0, 95.0, -140.0):
        voice = np.pad(bursts(rng, 1.0), (RATE, 0))
        sound = heard_around(ring_on_sphere(), voice, azimuth) + hiss(rng, 6, 2.0, 0.01)
        for knows in (True, False):
            array = ring_on_sphere(RADIUS if knows else None)
            localiser = Localiser(array)  # type: ignore[arg-type]
            background = localiser.learn([sound[:, : RATE - 800]])
            found = localiser.evidence(sound[:, RATE:], background)
            assert found is not None
            best = float(found.azimuths[int(found.steered.argmax())])
            errors[knows].append(abs(difference(best, azimuth)))
            errors[knows].append(-found.contrast)
    # Directions are right either way on a ring; the case's own shading makes them clearer.
    assert max(errors[True][::2]) <= 5.0
    assert np.mean(errors[True][1::2]) < np.mean(errors[False][1::2])


def test_the_beam_that_knows_its_case_keeps_more_of_the_voice() -> None:
    rng = np.random.default_rng(1)
    onset, count = RATE, 4 * RATE
    gains = []
    for azimuth in (0.0, 17.0, 95.0, -140.0):
        talker = heard_around(ring_on_sphere(), np.pad(bursts(rng, 3.0), (onset, 0)), azimuth)
        noise = (0.1 * rng.standard_normal(count)).astype(np.float32)
        mixed = talker + heard_around(ring_on_sphere(), noise, azimuth + 90.0)
        mixed += hiss(rng, 6, count / RATE)
        kept = {}
        for sphere in (RADIUS, None):
            beam = Beam(ring_on_sphere(sphere))  # type: ignore[arg-type]
            beam.aim(azimuth)
            blocks = range(0, count, FRAME)
            made = [beam.process(mixed[:, i : i + FRAME], speech=i >= onset) for i in blocks]
            heard = np.concatenate(made)[FRAME:]
            start = onset + RATE // 2
            kept[sphere] = si_sdr(heard[start:], talker[0, start : len(heard)])
        gains.append(kept[RADIUS] - kept[None])
    assert np.mean(gains) > 1.0
    assert min(gains) > -0.5


def test_the_sphere_of_an_array_file_is_read_and_checked(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    text = "name: mine\nmicrophones: [[0.06, 0, 0], [0, 0.06, 0], [-0.06, 0, 0]]\nsphere: {}\n"
    file.write_text(text.format(0.06))
    assert load_array(file).sphere == pytest.approx(0.06)
    assert load_array(file).rotated(30.0).sphere == pytest.approx(0.06)
    for value, said in (("big", "its radius"), ("0.07", "inside the sphere"), ("9", "its radius")):
        file.write_text(text.format(value))
        with pytest.raises(UserError, match=said):
            load_array(file)
