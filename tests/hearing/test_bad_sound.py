"""Sound that is wrong: named, survived, and never a confident wrong direction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hearing_sounds import RATE, Sound, bursts, hiss, plane_wave, read_wav, write_wav

from engine.bench import beam
from engine.bench.hearing_contest import ONSET
from engine.bench.hearing_scenes import scene
from engine.core.angles import difference
from engine.hardware.microphones_file import MicrophonesFile
from engine.hearing.arrays import load_array, make_array, ring
from engine.hearing.ear import Ear, Heard
from engine.hearing.order import ChannelOrder
from engine.ports import AudioBlock, SourceEnded, SourceFailed, SourceTorn

RING = ring(6, 0.0463)
LEAD, SPEECH = 1.5, 1.6
Damage = Callable[[Sound], Sound]


class LoudnessVoice:
    """Calls everything above a level speech."""

    def probability(self, chunk: Sound) -> float:
        return float(np.sqrt(np.mean(np.square(chunk))) > 0.005)

    def reset(self) -> None:
        pass


def talk(azimuth: float, seed: int = 1) -> Sound:
    rng = np.random.default_rng(seed)
    sound = np.zeros(int((LEAD + SPEECH + 1.0) * RATE), np.float32)
    start, end = int(LEAD * RATE), int((LEAD + SPEECH) * RATE)
    sound[start:end] = bursts(rng, SPEECH) + 0.03 * rng.standard_normal(end - start)
    return plane_wave(RING, sound, azimuth) + hiss(rng, 6, LEAD + SPEECH + 1.0)


def play(ear: Ear, sound: Sound) -> list[Heard]:
    heard: list[Heard] = []
    for begin in range(0, sound.shape[1], 512):
        heard += ear.listen(AudioBlock(begin / RATE, sound[:, begin : begin + 512]))
    return heard + ear.finish()


def without(sound: Sound, channel: int, value: float) -> Sound:
    sound[channel] = value
    return sound


def gap_of_nan(sound: Sound) -> Sound:
    sound[:, 30_000:31_000] = np.nan
    return sound


def swapped(*order: int) -> Damage:
    return lambda sound: sound[list(order)]


def twice(sound: Sound) -> Sound:
    sound[3] = sound[0]
    return sound


def reversed_polarity(sound: Sound) -> Sound:
    sound[2] = -sound[2]
    return sound


def rattling(sound: Sound) -> Sound:
    sound[2] = 0.1 * np.random.default_rng(0).standard_normal(sound.shape[1])
    return sound


def three_times_as_slow(sound: Sound) -> Sound:
    """48 kHz taken for 16 kHz."""
    count = sound.shape[1]
    spectrum = np.fft.rfft(sound, axis=1)
    return 3.0 * np.fft.irfft(spectrum, 3 * count, axis=1).astype(np.float32)


DAMAGES: dict[str, tuple[Damage, str]] = {
    "dead microphone": (lambda s: without(s, 2, 0.0), "channel 2"),
    "microphone of nothing but NaN": (lambda s: without(s, 4, np.nan), "channel 4"),
    "some NaN": (gap_of_nan, "not numbers"),
    "clipped": (lambda s: np.clip(30.0 * s, -1.0, 1.0), "clipped"),
    "offset": (lambda s: s + np.float32(0.3), ""),
    "neighbours swapped": (swapped(1, 0, 2, 3, 4, 5), "microphones 0 and 1 seem to be swapped"),
    "opposite ones swapped": (swapped(3, 1, 2, 0, 4, 5), "microphones 0 and 3 seem to be swapped"),
    "one channel twice": (twice, "channels 0 and 3 carry the very same sound"),
    "one of reversed polarity": (reversed_polarity, "microphone 2 has its polarity reversed"),
    "one that rattles": (rattling, ""),
    "all mixed up": (swapped(3, 0, 5, 1, 4, 2), "calibrate microphones"),
    "another sample rate": (three_times_as_slow, ""),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_named_and_never_a_confident_wrong_direction(name: str) -> None:
    damage, said = DAMAGES[name]
    for seed, azimuth in enumerate((50.0, -120.0, 0.0)):
        ear = Ear(RING, voice=LoudnessVoice())
        heard = play(ear, damage(talk(azimuth, seed)))
        assert said in "; ".join(ear.problems())
        for decision in heard:
            for direction in decision.directions[:1]:
                wrong = abs(difference(direction.azimuth, azimuth)) > 20.0
                assert not (wrong and direction.confidence > 0.5 and not decision.ambiguous)


def test_one_microphone_on_every_channel_is_named_once_and_points_nowhere() -> None:
    ear = Ear(RING, voice=LoudnessVoice())
    heard = play(ear, np.repeat(talk(50.0)[:1], 6, axis=0))
    assert ear.problems() == ("channels 0 and 1 and 2 and 3 and 4 and 5 carry the very same sound",)
    assert heard
    assert all(not decision.directions for decision in heard)


def test_silence_on_two_channels_is_not_one_channel_twice() -> None:
    ear, sound = Ear(RING, voice=LoudnessVoice()), talk(50.0)
    sound[:, :RATE] = 0.0
    play(ear, sound)
    assert ear.problems() == ()


def test_sound_that_is_right_is_not_complained_about() -> None:
    ear = Ear(RING, voice=LoudnessVoice())
    heard = play(ear, talk(50.0))
    assert ear.problems() == ()
    assert all(h.directions[0].confidence > 0.5 for h in heard)


def test_damage_that_is_mended_is_no_longer_complained_about() -> None:
    ear = Ear(RING, voice=LoudnessVoice())
    play(ear, swapped(3, 1, 2, 0, 4, 5)(talk(50.0)))
    assert ear.problems()
    for seed in range(6):
        heard = play(ear, talk(50.0, seed))
    assert ear.problems() == ()
    assert heard[-1].directions[0].azimuth == pytest.approx(50.0, abs=4.0)


@pytest.mark.parametrize("value", [0.0, 0.5, -1.0, np.nan, np.inf])
def test_what_carries_no_sound_is_no_voice(value: float) -> None:
    assert play(Ear(RING), np.full((6, 2 * RATE), value, np.float32)) == []


def test_silence_that_is_called_speech_has_no_direction() -> None:
    class Always(LoudnessVoice):
        def probability(self, chunk: Sound) -> float:
            return 1.0

    for level in (0.0, 1e-6):
        noise = level * np.random.default_rng(1).standard_normal((6, 3 * RATE))
        for decision in play(Ear(RING, voice=Always()), noise.astype(np.float32)):
            assert decision.ambiguous or not any(d.confidence > 0.5 for d in decision.directions)


@pytest.mark.parametrize("channels", [1, 4, 7])
def test_a_wrong_channel_count_is_named(channels: int, tmp_path: Path) -> None:
    block = AudioBlock(0.0, np.zeros((channels, 512), np.float32))
    with pytest.raises(ValueError, match="6 microphones"):
        Ear(RING, voice=LoudnessVoice()).listen(block)
    file = write_wav(tmp_path / "talk.wav", np.zeros((channels, RATE)))
    with pytest.raises(SourceFailed, match=f"{channels} channels, but the array has 6"):
        MicrophonesFile(file, 6).open()


def test_a_wrong_rate_is_named(tmp_path: Path) -> None:
    file = write_wav(tmp_path / "talk.wav", np.zeros((6, RATE)))
    data = bytearray(file.read_bytes())
    data[24:28] = (44_100).to_bytes(4, "little")
    file.write_bytes(data)
    with pytest.raises(SourceFailed, match="44100 Hz; convert it with"):
        MicrophonesFile(file, 6).open()


def test_a_file_cut_in_mid_sample_is_named_and_heard_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = write_wav(tmp_path / "talk.wav", talk(50.0)).read_bytes()
    file = tmp_path / "cut.wav"
    file.write_bytes(whole[: int(0.8 * len(whole)) // 12 * 12 + 44 + 5])
    microphones, ear = MicrophonesFile(file, 6, paced=False), Ear(RING, voice=LoudnessVoice())
    microphones.open()
    heard: list[Heard] = []
    torn = 0
    while True:
        try:
            block = microphones.read()
        except SourceTorn as error:
            torn += "ends before its header says" in str(error)
        except SourceEnded:
            break
        else:
            heard += ear.listen(block)
    microphones.close()
    heard += ear.finish()
    assert torn == 1
    assert heard
    assert all(h.directions[0].azimuth == pytest.approx(50.0, abs=4.0) for h in heard)


# ----------------------------------------------------------- the order of channels


@pytest.mark.needs("sim", "speech", "ffmpeg")
def test_rooms_accuse_no_array_and_clear_none_with_two_swapped() -> None:
    array = load_array("respeaker_6")
    sound, wrong = ChannelOrder(array), ChannelOrder(array)
    for index in range(8):
        heard = scene(array, (0.4, 0.7)[index % 2], (4, index)).mix(15.0)[:, ONSET:]
        assert sound.look(heard)
        wrong.look(heard[[4, 1, 2, 3, 0, 5]])
    assert sound.problem is None
    assert wrong.problem is not None
    assert "0 and 4" in wrong.problem


@pytest.mark.needs("sim", "speech", "ffmpeg")
def test_one_who_stays_beside_a_wall_accuses_nobody_and_is_located() -> None:
    """The wall bends all stretches alike, and two swapped microphones would explain that better."""
    array, place = load_array("respeaker_6"), beside_a_wall()
    order, first = ChannelOrder(array), int(beam.PRE_ROLL * RATE)
    talk = (place.talker + np.float32(0.1) * place.noise)[:, first:]
    for begin in range(0, talk.shape[1] - RATE // 2, RATE // 4):
        assert order.look(talk[:, begin : begin + RATE // 2])
        assert order.problem is None


@pytest.mark.needs("sim", "speech", "ffmpeg")
@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (1, 4)])
def test_two_swapped_that_one_place_leaves_in_doubt_are_named_with_a_second_place(
    pair: tuple[int, int],
) -> None:
    array, first = load_array("respeaker_6"), int(beam.PRE_ROLL * RATE)
    channels = list(range(6))
    channels[pair[0]], channels[pair[1]] = pair[1], pair[0]
    order = ChannelOrder(array)
    for place in (beside_a_wall(), beam.scene(array, 0.4, 2)):
        talk = (place.talker + np.float32(0.1) * place.noise)[channels, first:]
        for begin in range(0, talk.shape[1] - RATE // 2, RATE // 2):
            order.look(talk[:, begin : begin + RATE // 2])
    assert order.problem is not None
    assert f"{pair[0]} and {pair[1]}" in order.problem


def beside_a_wall() -> beam.BeamScene:
    return beam.scene(load_array("respeaker_6"), 0.4, 0)


@pytest.mark.needs("data")
def test_real_recordings_accuse_nobody(data_dir: Path) -> None:
    order = ChannelOrder(load_array("respeaker_4"))
    for file in sorted((data_dir / "array_recordings").glob("*/*/*.wav")):
        recorded = read_wav(file)
        for begin in range(0, recorded.shape[1] - RATE, RATE):
            order.look(recorded[:, begin : begin + RATE])
            assert order.problem is None


def test_a_swap_that_mirrors_the_array_cannot_be_told_and_few_microphones_tell_nothing() -> None:
    pair = make_array("pair", [[0.0, 0.03, 0.0], [0.0, -0.03, 0.0]])
    rng = np.random.default_rng(0)
    assert ChannelOrder(pair).look(rng.standard_normal((2, RATE)).astype(np.float32))
