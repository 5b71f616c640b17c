"""Every fault of an array, injected into claps and speech rendered in a room, is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hearing_sounds import RATE, Sound, bursts, plane_wave, write_wav
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.__main__ import main
from engine.bench.hearing_scenes import convolve, diffuse, room_responses
from engine.errors import UserError
from engine.hearing.arrays import MicrophoneArray, load_array, make_array
from engine.hearing.calibration import Correction, Place, calibrate, orders
from engine.hearing.calibration_file import FILE, corrected, forget, keep, kept

pytestmark = pytest.mark.needs("sim")

SIX = load_array("respeaker_6")
FRONT, LEFT = 0.0, 90.0


def claps(rng: np.random.Generator) -> Sound:
    out = np.zeros(3 * RATE, np.float32)
    for start in (0.5, 1.2, 1.9):
        at = int(start * RATE)
        out[at : at + 800] = rng.standard_normal(800) * np.exp(-np.arange(800) / 160.0)
    return out


def render(array: MicrophoneArray, dry: Sound, azimuth: float) -> Sound:
    """`dry` from 1.2 m away in a room with RT60 0.4 s."""
    rng = np.random.default_rng(5)
    device = np.array([2.2, 1.7, 1.0])
    angle = np.radians(azimuth)
    source = device + np.array([1.2 * np.cos(angle), 1.2 * np.sin(angle), 0.4])
    spots = device + array.positions
    (response,) = room_responses(
        rng, np.array([5.0, 4.0, 2.6]), spots, [source], 0.4, array.positions
    )
    wet = convolve(response, dry)
    wet *= 0.5 / np.abs(wet).max()
    return (wet + 0.003 * diffuse(rng, wet.shape[1], array.positions)).astype(np.float32)


@pytest.fixture(scope="module", params=["claps", "syllables"])
def rendered(request: pytest.FixtureRequest) -> dict[float, Sound]:
    """Both places, whole and sound; never changed."""
    rng = np.random.default_rng(1)
    dry = claps(rng) if request.param == "claps" else np.pad(bursts(rng, 2.0), (RATE, RATE))
    return {azimuth: render(SIX, dry, azimuth) for azimuth in (FRONT, LEFT)}


def places(
    rendered: dict[float, Sound], fault: Callable[[Sound], Sound] = np.copy, turn: float = 0.0
) -> list[Place]:
    """A board turned by `turn` hears from `azimuth` what a straight one hears from that less it."""
    return [Place(azimuth + turn, fault(sound)) for azimuth, sound in rendered.items()]


def test_a_sound_array_is_left_as_it_is(rendered: dict[float, Sound]) -> None:
    report = calibrate(SIX, places(rendered))
    assert report.doubts == ()
    assert report.swapped == ()
    assert report.correction.dead == ()
    assert report.correction.rotation == pytest.approx(0.0, abs=4.0)
    assert np.abs(report.correction.gains_db).max() < 1.5


@pytest.mark.parametrize("pair", [(0, 1), (2, 5), (0, 3)])
def test_swapped_channels_are_found(rendered: dict[float, Sound], pair: tuple[int, int]) -> None:
    order = list(range(6))
    order[pair[0]], order[pair[1]] = order[pair[1]], order[pair[0]]
    report = calibrate(SIX, places(rendered, lambda sound: sound[order]))
    assert report.doubts == ()
    assert report.swapped == pair
    assert report.correction.rotation == pytest.approx(0.0, abs=4.0)
    whole = rendered[FRONT]
    evened = report.correction.apply(whole[order])
    for i in range(6):
        assert np.corrcoef(evened[i], whole[i])[0, 1] > 0.999


@pytest.mark.parametrize("noise", [0.0, 1e-5])
def test_a_dead_channel_is_found(rendered: dict[float, Sound], noise: float) -> None:
    def cut(sound: Sound) -> Sound:
        broken = sound.copy()
        broken[3] = noise * np.random.default_rng(0).standard_normal(sound.shape[1])
        return broken

    report = calibrate(SIX, places(rendered, cut))
    assert report.correction.dead == (3,)
    assert report.swapped == ()
    assert report.doubts == ()
    assert not report.correction.apply(cut(rendered[FRONT]))[3].any()


def test_a_channel_that_hears_something_else_is_dead_too(rendered: dict[float, Sound]) -> None:
    def hum(sound: Sound) -> Sound:
        broken = sound.copy()
        broken[1] = 0.05 * np.random.default_rng(0).standard_normal(sound.shape[1])
        return broken

    assert calibrate(SIX, places(rendered, hum)).correction.dead == (1,)


def test_unlike_gains_are_evened_out(rendered: dict[float, Sound]) -> None:
    gains = np.array([0.0, 4.0, -5.0, 0.0, 0.0, 0.0])
    scale = np.power(10.0, gains / 20.0)[:, None]
    report = calibrate(SIX, places(rendered, lambda sound: (sound * scale).astype(np.float32)))
    np.testing.assert_allclose(report.correction.gains_db, -gains, atol=1.2)


@pytest.mark.parametrize("turn", [-120.0, -30.0, 25.0, 178.0])
def test_a_turned_board_is_found(rendered: dict[float, Sound], turn: float) -> None:
    report = calibrate(SIX, places(rendered, turn=turn))
    assert report.doubts == ()
    assert report.swapped == ()
    assert (report.correction.rotation - turn + 180.0) % 360.0 - 180.0 == pytest.approx(0, abs=4)


def test_one_place_says_which_swaps_it_cannot_show(rendered: dict[float, Sound]) -> None:
    one = calibrate(SIX, places({FRONT: rendered[FRONT]}))
    both = calibrate(SIX, places(rendered))
    # Seen from the front, microphones 1 and 5 are mirror images.
    assert (1, 5) in one.unseen
    assert len(both.unseen) < len(one.unseen)


def test_a_swap_that_may_be_a_turn_is_a_doubt_not_a_guess() -> None:
    """Opposite corners of a square, swapped, look like a turned square from one place."""
    four = load_array("respeaker_4")
    sound = render(four, claps(np.random.default_rng(2)), 20.0)[[2, 1, 0, 3]]
    report = calibrate(four, [Place(20.0, sound)])
    assert any("another place" in doubt for doubt in report.doubts)


def test_noise_alone_is_no_clap() -> None:
    sound = 0.1 * np.random.default_rng(0).standard_normal((6, 3 * RATE)).astype(np.float32)
    report = calibrate(SIX, [Place(FRONT, sound)])
    assert any("clap louder" in doubt for doubt in report.doubts)


def test_the_wrong_array_fits_nothing(rendered: dict[float, Sound]) -> None:
    wide = load_array("respeaker_6")
    doubled = type(wide)("doubled", wide.positions * 2.0)
    assert any("right array" in doubt for doubt in calibrate(doubled, places(rendered)).doubts)


@pytest.mark.parametrize(
    "sound", [np.zeros((5, RATE), np.float32), np.full((6, RATE), np.nan, np.float32)]
)
def test_what_cannot_be_used_is_named(sound: Sound) -> None:
    with pytest.raises(ValueError, match=r"channels|numbers"):
        calibrate(SIX, [Place(0.0, sound)])


def test_what_two_microphones_cannot_tell_is_not_asked_of_them() -> None:
    two = make_array("pair", [[0.05, 0.0, 0.0], [-0.05, 0.0, 0.0]])
    with pytest.raises(ValueError, match="pair has 2 microphones, calibration needs 3"):
        calibrate(two, [Place(0.0, np.ones((2, RATE), np.float32))])


def test_a_recording_without_sound_is_named_and_no_other(rendered: dict[float, Sound]) -> None:
    with pytest.raises(ValueError, match="no sound in the recording at 90 degrees"):
        calibrate(SIX, [Place(FRONT, rendered[FRONT]), Place(LEFT, np.zeros((6, 0), np.float32))])


@given(st.integers(3, 9))
def test_orders_are_permutations_and_the_least_changes_come_first(number: int) -> None:
    tried = orders(number)
    assert tried[0] == tuple(range(number))
    assert all(sorted(order) == list(range(number)) for order in tried)
    assert len(set(tried)) == len(tried)


# ------------------------------------------------------------------- kept


@settings(max_examples=20)
@given(
    st.permutations(range(6)),
    st.lists(st.floats(-20.0, 20.0), min_size=6, max_size=6),
    st.sets(st.integers(0, 5), max_size=2),
    st.floats(-180.0, 180.0),
)
def test_what_was_kept_is_read_again(
    tmp_path_factory: pytest.TempPathFactory,
    order: list[int],
    gains: list[float],
    dead: set[int],
    turn: float,
) -> None:
    folder = tmp_path_factory.mktemp("kept")
    made = Correction(tuple(order), tuple(gains), tuple(sorted(dead)), turn)
    keep(folder, SIX, made)
    assert kept(folder, SIX) == made
    assert kept(folder, load_array("uma_8")) is None
    assert forget(folder)
    assert not forget(folder)
    assert corrected(folder, SIX) == (SIX, None)


@pytest.mark.parametrize(
    "change",
    [
        {"order": [0, 1, 2, 3, 4, 4]},
        {"order": "012345"},
        {"gains_db": [0, 0, 0, 0, 0, "loud"]},
        {"gains_db": [0, 0, 0, 0, 0, 90]},
        {"dead": [6]},
        {"rotation": None},
        {"rotation": float("inf")},
    ],
)
def test_a_damaged_file_is_named_with_its_remedy(tmp_path: Path, change: dict[str, object]) -> None:
    file = keep(tmp_path, SIX, Correction(tuple(range(6)), (0.0,) * 6))
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(UserError, match=f"{FILE}: {next(iter(change))}.*--reset"):
        kept(tmp_path, SIX)


def test_the_board_as_it_stands_wins_over_its_file(tmp_path: Path) -> None:
    keep(tmp_path, SIX, Correction(tuple(range(6)), (0.0,) * 6, (), 90.0))
    array, correction = corrected(tmp_path, SIX)
    assert correction is not None
    np.testing.assert_allclose(array.positions[0], [0.0, 0.0463, 0.0], atol=1e-9)


# ---------------------------------------------------------------- command


@pytest.fixture
def recorded(
    rendered: dict[float, Sound], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    monkeypatch.setenv("HELIOTROPE_STATE_DIR", str(tmp_path / "state"))
    words = ["calibrate", "microphones", "--array", "respeaker_6"]
    for azimuth, sound in rendered.items():
        file = write_wav(tmp_path / f"{azimuth:g}.wav", sound[[1, 0, 2, 3, 4, 5]])
        words += ["--at", f"{azimuth:g}={file}"]
    return words


def test_the_command_tells_and_keeps_what_it_found(
    recorded: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*recorded, "--dry-run"]) == 0
    assert not (tmp_path / "state" / FILE).exists()
    assert main([*recorded, "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["ok"]
    assert told["swapped"] == [0, 1]
    found = kept(tmp_path / "state", SIX)
    assert found is not None
    assert found.order == (1, 0, 2, 3, 4, 5)
    assert main(["calibrate", "microphones", "--reset"]) == 0
    assert kept(tmp_path / "state", SIX) is None


def test_doubts_are_exit_1_and_keep_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HELIOTROPE_STATE_DIR", str(tmp_path / "state"))
    rng = np.random.default_rng(0)
    noise = write_wav(tmp_path / "noise.wav", 0.05 * rng.standard_normal((6, 2 * RATE)))
    assert main(["calibrate", "microphones", "--at", f"0={noise}"]) == 1
    assert "clap louder" in capsys.readouterr().err
    assert not (tmp_path / "state" / FILE).exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--at"),
        (["--at", "north"], "give degrees"),
        (["--at", "nan=x.wav"], "give degrees"),
        (["--at", "0=gone.wav"], "gone.wav"),
        (["--at", "0"], "cannot be clapped at"),
        (["--at", "0", "--seconds", "0"], "--seconds"),
        (["--at", "0", "--array", "respeker_4"], "did you mean respeaker_4"),
    ],
)
def test_mistakes_are_one_line_and_exit_2(
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HELIOTROPE_STATE_DIR", str(tmp_path))
    assert main(["calibrate", "microphones", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert captured.err.count("\n") == 1


def test_two_microphones_and_empty_recordings_are_exit_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HELIOTROPE_STATE_DIR", str(tmp_path / "state"))
    pair = tmp_path / "pair.yaml"
    pair.write_text("name: pair\nmicrophones: [[0.05, 0, 0], [-0.05, 0, 0]]\n")
    sound = 0.05 * np.random.default_rng(0).standard_normal((6, 2 * RATE)).astype(np.float32)
    good = write_wav(tmp_path / "good.wav", sound)
    empty = write_wav(tmp_path / "empty.wav", sound[:, :0])
    words = ["calibrate", "microphones", "--at", f"0={good}", "--at", f"90={empty}"]
    assert main([*words, "--array", str(pair)]) == 2
    assert "pair: has 2 microphones; calibration needs 3" in capsys.readouterr().err
    assert main(words) == 2
    assert "empty.wav: no sound in it" in capsys.readouterr().err


def test_plane_waves_and_the_room_agree_on_the_sign() -> None:
    """A voice from the left of a board turned left by 90 degrees comes from its front."""
    rng = np.random.default_rng(3)
    sound = plane_wave(SIX.rotated(90.0), np.pad(bursts(rng, 2.0), (RATE, RATE)), 90.0)
    sound += 1e-4 * rng.standard_normal(sound.shape).astype(np.float32)
    report = calibrate(SIX, [Place(90.0, sound)])
    assert report.correction.rotation == pytest.approx(90.0, abs=2.0)
