"""The measurement of hearing: its arithmetic, its scenes, its rivals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hearing_sounds import bursts, hiss, plane_wave

from engine.bench import hearing_scenes
from engine.bench.hearing import unseen_array
from engine.bench.hearing_contest import (
    CLASSICAL,
    OURS,
    Answer,
    Contest,
    calibration_error,
    gate,
    pair_error,
    reliability,
    summary,
    table,
)
from engine.bench.hearing_rivals import NAMES, Rival
from engine.bench.hearing_scenes import (
    Voices,
    convolve,
    diffuse,
    layout,
    room_responses,
    scene,
)
from engine.core.angles import difference
from engine.hearing.arrays import ring
from engine.hearing.spectra import RATE

RING = ring(6, 0.0463)


def test_the_same_voices_speak_whether_or_not_their_folder_is_linked_under_a_second_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.bench.hearing_scenes.SOUNDS", tmp_path)
    (tmp_path / "moh").mkdir()
    folder = tmp_path / "sounds" / "xx_YY_f_Somebody"
    folder.mkdir(parents=True)
    for name in ("hello", "goodbye"):
        (folder / f"{name}.g722").write_bytes(name.encode() * 8000)
    (folder / "short.g722").write_bytes(b"hm")
    voices = Voices(("xx_*",), slice(None))
    alone, record = voices.prompts(), voices.record()
    assert [f.name for f in alone] == ["goodbye.g722", "hello.g722"]

    (tmp_path / "sounds" / "xx_YY").symlink_to(folder)
    _forget()
    assert voices.prompts() == alone
    assert voices.record() == record
    (folder / "hello.g722").write_bytes(b"other" * 8000)
    _forget()
    assert voices.record()["sha256"] != record["sha256"]


def _forget() -> None:
    for kept in (hearing_scenes._prompts, hearing_scenes._record):
        kept.cache_clear()


@pytest.mark.parametrize(
    ("found", "truth", "error"),
    [
        ([10.0, 100.0], (12.0, 97.0), 3.0),
        ([100.0, 10.0], (12.0, 97.0), 3.0),
        ([179.0, 0.0], (-179.0, 1.0), 2.0),
        ([10.0], (12.0, 97.0), 180.0),
        ([], (12.0, 97.0), 180.0),
    ],
)
def test_two_talkers_are_paired_as_is_best(
    found: list[float], truth: tuple[float, float], error: float
) -> None:
    assert pair_error(found, truth) == pytest.approx(error)


def test_the_summary_counts_both_ends() -> None:
    assert summary([0.0, 10.0, 20.0, 31.0]) == {
        "count": 4,
        "median_deg": 15.0,
        "within_10": 50.0,
        "beyond_30": 25.0,
    }


def test_calibration_error_is_none_for_honest_and_large_for_boastful_confidence() -> None:
    honest = [(0.75, True)] * 3 + [(0.75, False)]
    assert calibration_error(honest) == pytest.approx(0.0)
    assert calibration_error([(1.0, False)] * 5) == pytest.approx(1.0)
    assert calibration_error([]) == 0.0


def test_the_diagram_puts_each_confidence_into_its_tenth() -> None:
    rows = reliability([(0.31, True), (0.39, False), (1.0, True)])
    assert rows == [
        {"count": 2, "said": 0.35, "right": 0.5},
        {"count": 1, "said": 1.0, "right": 1.0},
    ]


def test_the_gate_counts_what_is_acted_on_and_what_is_refused() -> None:
    clear = [Answer("c", OURS, 2.0, 0.9, acts=True), Answer("c", OURS, 90.0, 0.2)]
    equal = [
        Answer("e", OURS, 2.0, 0.5, ambiguous=True, apart=90.0),
        Answer("e", OURS, 2.0, 0.9, acts=True, apart=60.0),
        Answer("e", OURS, 2.0, 0.9, acts=True, apart=36.0),
    ]
    found = gate(clear, equal)
    assert (found["acts"], found["gross_when_acting"]) == (50.0, 0.0)
    assert (found["equal_talkers"], found["refuses"]) == (2, 50.0)


def test_arrays_by_chance_tell_front_from_back_and_differ() -> None:
    arrays = [unseen_array(number) for number in range(5)]
    assert all(array.sees_azimuth for array in arrays)
    assert len({array.channels for array in arrays}) == 5


def test_convolution_is_convolution() -> None:
    rng = np.random.default_rng(0)
    response, sound = rng.standard_normal((2, 30)), rng.standard_normal(50)
    wet = convolve(response.astype(np.float32), sound.astype(np.float32))
    for channel in range(2):
        np.testing.assert_allclose(wet[channel], np.convolve(response[channel], sound), atol=1e-4)


def test_diffuse_noise_has_unit_power_and_low_frequencies_in_common() -> None:
    noise = diffuse(np.random.default_rng(1), 16_000, RING.positions)
    assert np.mean(np.square(noise)) == pytest.approx(1.0, rel=1e-3)
    assert np.corrcoef(noise)[0, 3] > 0.5


def test_an_open_field_answers_with_the_sound_itself_and_nothing_after_it() -> None:
    rng = np.random.default_rng(5)
    size, device, places, _ = layout(rng)
    offsets = np.zeros((1, 3))
    for response in room_responses(rng, size, device + offsets, places, 0.0, offsets):
        energy, heard = np.square(response[0]), int(np.abs(response[0]).argmax())
        around = energy[max(heard - 40, 0) : heard + 41].sum()
        assert around > 0.999 * energy.sum()


def test_the_answer_of_a_room_decays_as_it_is_asked_to_and_is_as_bright_to_its_end() -> None:
    decays, tilts = [], []
    for seed in range(6):
        rng = np.random.default_rng([seed, 4])
        size, device, places, _ = layout(rng)
        offsets = np.zeros((1, 3))
        (response, _) = room_responses(rng, size, device + offsets, places, 0.7, offsets)
        energy = np.cumsum(np.square(response[0].astype(float))[::-1])[::-1]
        level = 10.0 * np.log10(energy / energy[0] + 1e-12)
        decays.append(3.0 * (np.argmax(level < -25.0) - np.argmax(level < -5.0)) / RATE)
        # Before 45 ms there are image sources only, after 150 ms only the diffuse decay.
        early, late = (response[0, a:b] for a, b in ((320, 720), (2400, 4000)))
        tilts.append(_brightness(late) - _brightness(early))
    assert np.median(decays) == pytest.approx(0.7, rel=0.15)
    assert abs(np.median(tilts)) < 2.0


def _brightness(sound: np.ndarray) -> float:
    """Decibels above 2 kHz over those from 200 Hz to there, per hertz."""
    power = np.square(np.abs(np.fft.rfft(sound)))
    hertz = np.fft.rfftfreq(len(sound), 1.0 / RATE)
    low, high = power[(hertz > 200.0) & (hertz < 2000.0)], power[(hertz > 2000.0) & (hertz < 7e3)]
    return float(10.0 * np.log10(high.mean() / low.mean()))


@pytest.mark.parametrize("name", NAMES)
def test_the_rivals_are_used_as_they_are_meant_to_be(name: str) -> None:
    """In free field both are right: what they lose elsewhere is not our misuse."""
    rng = np.random.default_rng(2)
    rival = Rival(name, RING)
    for azimuth in (-150.0, 20.0, 95.0):
        sound = plane_wave(RING, bursts(rng, 0.6), azimuth) + hiss(rng, 6, 0.6)
        assert abs(difference(rival.locate(sound)[0], azimuth)) <= 5.0


@pytest.mark.needs("speech", "ffmpeg")
def test_a_scene_follows_from_its_seed_and_ours_finds_its_talker() -> None:
    first, again = (scene(RING, 0.2, (99, 0)) for _ in range(2))
    np.testing.assert_array_equal(first.talker, again.talker)
    assert first.azimuths == again.azimuths
    assert first.talker.shape == (6, 32_000)
    contest = Contest(RING)
    answers = contest.one("quiet", first.mix(20.0), first.azimuths[0])
    answers += contest.two("two", first.mix(20.0, second=0.0), first.azimuths)
    found = table(answers)
    assert {cell: set(by_name) for cell, by_name in found.items()} == {
        "quiet": {OURS, CLASSICAL, *NAMES},
        "two": {OURS, CLASSICAL, *NAMES},
    }
    assert found["quiet"][OURS]["within_10"] == 100.0
    assert found["quiet"][CLASSICAL]["within_10"] == 100.0
