"""The learned map, and how it and the classical maps overrule each other."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hearing_sounds import bursts, hiss, plane_wave
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import networks
from engine.core.angles import difference
from engine.errors import UserError
from engine.hearing.arrays import make_array, ring
from engine.hearing.band_maps import BANDS, MOST, POOL, BandMaps, band_maps, blur_of
from engine.hearing.directions import BAND, Localiser
from engine.hearing.maps import view
from engine.hearing.network import PARTS, LearnedMap, mirrored, parts_of
from engine.hearing.reading import Evidence, confidence_of, drawn_out, read, rivalry
from engine.hearing.spectra import band, spectra
from engine.hearing.steering import plane_waves
from engine.hearing.wake_word import WORDS

RING = ring(6, 0.0463)
AZIMUTHS = np.arange(72) * 5.0


def bump(at: float, height: float = 1.0, width: float = 8.0) -> np.ndarray:
    off = np.array([difference(a, at) for a in AZIMUTHS])
    return (height * np.exp(-0.5 * (off / width) ** 2)).astype(np.float32)


def evidence(classical: float, learned: np.ndarray | None) -> Evidence:
    return Evidence(bump(classical), bump(classical), 0.03, 0.03, learned, learned)


def best(found: Evidence) -> float:
    return found.peaks[0][0]


def test_a_sure_network_overrules_and_an_unsure_one_is_overruled() -> None:
    # An echo at 40 degrees is louder than the voice at 200.
    maps = np.maximum(bump(40.0), bump(200.0, 0.6))
    for chance, wins in ((0.95, 200.0), (0.1, 40.0), (0.0, 40.0)):
        found = Evidence(maps, maps, 0.03, 0.03, bump(200.0, chance))
        assert best(found) == pytest.approx(wins, abs=1.0)


def test_in_a_ragged_map_the_middle_of_what_is_likely_is_the_answer() -> None:
    # A hump that noise has torn, and beside it a splinter that is higher than all of it.
    torn = bump(100.0, 0.35, 14.0) * np.where(np.arange(72) % 2, 1.0, 0.7).astype(np.float32)
    ragged = torn + bump(160.0, 0.4, 3.0)
    steered = bump(100.0, 0.9, 25.0) + bump(160.0, 1.0, 3.0)
    found = Evidence(steered, bump(100.0), 0.03, 0.01, ragged, torn)
    assert found.joint.argmax() * 5.0 == pytest.approx(160.0)
    told = read(found, ())
    assert told.directions[0].azimuth == pytest.approx(100.0, abs=3.0)
    assert not told.ambiguous


@given(st.integers(0, 2**32 - 1), st.sampled_from([36, 72, 360]), st.integers(0, 71))
def test_drawing_a_map_out_adds_nothing_and_knows_no_direction(
    seed: int, azimuths: int, steps: int
) -> None:
    around = np.random.default_rng(seed).exponential(size=azimuths).astype(np.float32)
    drawn = drawn_out(around)
    assert drawn.sum() == pytest.approx(around.sum(), rel=1e-4)
    assert around.min() * 0.999 <= drawn.min() <= drawn.max() <= around.max() * 1.001
    np.testing.assert_allclose(drawn_out(np.roll(around, steps)), np.roll(drawn, steps), rtol=1e-4)
    np.testing.assert_allclose(drawn_out(mirrored(around)), mirrored(drawn), rtol=1e-4)


def test_agreement_is_worth_more_than_a_network_alone() -> None:
    together = confidence_of(evidence(40.0, bump(40.0, 0.9)))
    against = confidence_of(evidence(150.0, bump(40.0, 0.9)))
    assert 1.0 - against > 2.0 * (1.0 - together)


def test_two_voices_alike_are_rivals_and_one_is_none() -> None:
    one, two = bump(0.0, 0.9), np.maximum(bump(0.0, 0.9), bump(100.0, 0.85))
    waves = np.maximum(bump(0.0), bump(100.0))
    assert rivalry(evidence(0.0, one)) < 0.5
    both = Evidence(waves, waves, 0.3, 0.2, two, two)
    assert rivalry(both) >= 1.0
    assert read(both, ()).ambiguous
    assert not read(evidence(0.0, one), ()).ambiguous


def test_a_second_voice_that_looks_like_a_wall_is_still_a_rival() -> None:
    two = np.maximum(bump(0.0, 0.9), bump(100.0, 0.85))
    steered, waves = np.maximum(bump(0.0), bump(100.0, 0.9)), bump(0.0)
    assert read(Evidence(steered, waves, 0.3, 0.2, two, two), ()).ambiguous
    alone = Evidence(steered, waves, 0.3, 0.2, bump(0.0, 0.9), bump(0.0, 0.9))
    assert not read(alone, ()).ambiguous


def test_who_is_heard_in_parts_of_a_stretch_alone_is_told_and_refused() -> None:
    for chance, found in ((0.5, True), (0.02, False)):
        whole = np.maximum(bump(0.0, 0.9), bump(100.0, 0.03))
        parts = np.maximum(bump(0.0, 0.9), bump(100.0, chance))
        location = read(Evidence(bump(0.0), bump(0.0), 0.3, 0.2, whole, parts), ())
        azimuths = [d.azimuth for d in location.directions]
        assert location.ambiguous is found
        assert azimuths == pytest.approx([0.0, 100.0] if found else [0.0], abs=1.0)


def test_without_a_background_parts_say_nothing() -> None:
    parts = np.maximum(bump(0.0, 0.9), bump(100.0, 0.9))
    one = Evidence(bump(0.0), bump(0.0), 0.3, 0.2, bump(0.0, 0.9), parts, sudden=True)
    assert not read(one, ()).ambiguous


@pytest.mark.parametrize("moments", [1, 4, 15, 30, MOST])
@pytest.mark.parametrize("count", PARTS)
def test_parts_are_alike_in_length_and_leave_nothing_out(count: int, moments: int) -> None:
    numbers = np.arange(moments, dtype=np.float32)
    maps = np.tile(numbers[None, :, None], (2 * BANDS, 1, 72))
    parts = parts_of(BandMaps(maps, maps[:, :, 0], np.ones(BANDS, np.float32)), count)
    assert len(parts) == count
    assert len({part.maps.shape for part in parts}) == 1
    heard = {int(number) for part in parts for number in part.gates[0]}
    assert heard >= set(range(moments))
    for part in parts:
        np.testing.assert_array_equal(part.maps[:, :, 0], part.gates)


@pytest.mark.parametrize(
    ("chances", "asked"),
    [
        ({40.0: 0.9}, False),
        ({40.0: 0.9, 150.0: 0.015}, False),
        ({40.0: 0.9, 150.0: 0.1}, True),
        ({40.0: 0.9, 75.0: 0.1}, True),
        ({355.0: 0.9}, False),
        ({40.0: 0.3}, True),
    ],
)
def test_parts_are_asked_unless_one_talker_is_sure_and_nobody_else_may_be_there(
    chances: dict[float, float], asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(7)
    dictionary = plane_waves(RING, band(*BAND), 72, (15.0,))
    heard = spectra(plane_wave(RING, bursts(rng, 0.5), 40.0) + hiss(rng, 6, 0.5), dictionary.bins)
    chance = np.clip(sum(bump(at, height) for at, height in chances.items()), 1e-4, 1.0 - 1e-4)
    whole = np.log(chance / (1.0 - chance)).astype(np.float32)
    asked_about: list[int] = []

    def odds(_: LearnedMap, made: Sequence[BandMaps]) -> np.ndarray:
        first = not asked_about
        asked_about.append(len(made))
        return np.stack([whole, mirrored(whole)]) if first else np.tile(whole, (len(made), 1))

    monkeypatch.setattr(LearnedMap, "_odds", odds)
    found = LearnedMap().probabilities(view(heard, dictionary.vectors, None), heard, dictionary)
    np.testing.assert_allclose(found.whole, chance, atol=1e-3)
    assert asked_about == ([2, *PARTS] if asked else [2])


def test_an_array_that_cannot_tell_front_from_back_does_without() -> None:
    line = make_array("line", [[x, 0.0, 0.0] for x in (-0.06, -0.02, 0.02, 0.06)])
    rng = np.random.default_rng(1)
    speech = plane_wave(line, bursts(rng, 0.6), 60.0) + hiss(rng, 4, 0.6)
    found = Localiser(line).evidence(speech, Localiser(line).learn([hiss(rng, 4, 1.0)]))
    assert found is not None
    assert found.learned is None


def test_two_dead_microphones_of_six_change_little() -> None:
    rng = np.random.default_rng(5)
    speech = plane_wave(RING, bursts(rng, 0.6), 75.0) + hiss(rng, 6, 0.6)
    speech[[1, 4]] = 0.0
    alive = np.array([True, False, True, True, False, True])
    localiser = Localiser(RING)
    found = localiser.evidence(speech, localiser.learn([hiss(rng, 6, 1.0)]), alive)
    assert found is not None
    assert found.learned is not None
    assert abs(difference(best(found), 75.0)) <= 5.0


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 71), st.integers(0, 2**31))
def test_the_maps_of_a_turned_array_are_turned(steps: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    speech = plane_wave(RING, bursts(rng, 0.4), 30.0) + hiss(rng, 6, 0.4)
    made = []
    for array in (RING, RING.rotated(5.0 * steps)):
        dictionary = plane_waves(array, band(*BAND), 72, (15.0,))
        heard = spectra(speech, dictionary.bins)
        seen = view(heard, dictionary.vectors, None)
        made.append(band_maps(seen, heard.transpose(1, 0, 2), dictionary))
    np.testing.assert_allclose(np.roll(made[0].maps, steps, axis=2), made[1].maps, atol=2e-3)
    np.testing.assert_allclose(made[0].gates, made[1].gates, atol=1e-4)


@pytest.mark.parametrize("seconds", [0.035, 0.05, 0.4, 1.0, 2.5])
def test_maps_are_as_long_as_the_stretch_up_to_a_second(seconds: float) -> None:
    rng = np.random.default_rng(2)
    dictionary = plane_waves(RING, band(*BAND), 72, (15.0,))
    heard = spectra(plane_wave(RING, bursts(rng, seconds), 10.0), dictionary.bins)
    seen = view(heard, dictionary.vectors, None)
    made = band_maps(seen, heard.transpose(1, 0, 2), dictionary)
    moments = min(max(heard.shape[2] // POOL, 1), MOST)
    assert made.maps.shape == (2 * BANDS, moments, 72)
    assert made.gates.shape == (2 * BANDS, moments)
    assert np.isfinite(made.maps).all()


def test_a_small_array_is_blind_in_low_bands_and_says_so() -> None:
    blur = blur_of(plane_waves(RING, band(*BAND), 72, (15.0,)))
    assert blur.shape == (BANDS,)
    assert blur[0] > 0.8 > blur[-1]


def test_every_network_has_a_card_and_another_network_is_refused(tmp_path: Path) -> None:
    shutil.copytree(networks.HEARING, tmp_path / "models")
    cards = json.loads((tmp_path / "models" / "models.json").read_text())
    beside = {f"{word}_settings" for word in WORDS}
    embedded = {"speech_embedding", "word_heads"}
    assert set(cards) == {"azimuth", "voice", *embedded, *WORDS, *beside}
    held = {card["file"] for card in cards.values()} | {"models.json"}
    assert {f.name for f in networks.HEARING.iterdir()} - held == {
        "README.md",
        "silero_vad.LICENSE",
    }
    for name, card in cards.items():
        assert card["licence"]
        networks.verified(name, tmp_path / "models")
        file = tmp_path / "models" / card["file"]
        file.write_bytes(file.read_bytes() + b"x")
        with pytest.raises(UserError, match="not the network that was measured"):
            networks.verified(name, tmp_path / "models")
