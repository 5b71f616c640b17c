"""Recordings as microphones: every width, every damage, the right time."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.hardware.decimation import Decimator
from engine.hardware.microphones import is_recording, open_microphones
from engine.hardware.microphones_device import MicrophonesDevice
from engine.hardware.microphones_file import MicrophonesFile
from engine.hardware.wav import WavReader
from engine.hearing.arrays import load_array
from engine.ports import Samples, SourceEnded, SourceFailed, SourceTorn

TONE = np.stack([0.5 * np.sin(np.arange(3000) * 0.01 * (c + 1)) for c in range(4)])


def encode(sound: np.ndarray, bits: int, is_float: bool) -> bytes:
    flat = sound.T.ravel()
    if is_float:
        return flat.astype("<f4" if bits == 32 else "<f8").tobytes()
    if bits == 8:
        return np.round(flat * 127 + 128).astype(np.uint8).tobytes()
    whole = np.round(flat * (2 ** (bits - 1) - 1)).astype("<i4")
    if bits == 24:
        return whole.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    return whole.astype(f"<i{bits // 8}").tobytes()


def wav(
    sound: np.ndarray,
    *,
    bits: int = 16,
    is_float: bool = False,
    rate: int = 16_000,
    extensible: bool = False,
    size: int | None = None,
    before: bytes = b"",
) -> bytes:
    """The bytes of a wav file, and of broken ones."""
    data = encode(sound, bits, is_float)
    tag, channels = 3 if is_float else 1, len(sound)
    step = channels * bits // 8
    form = struct.pack(
        "<HHIIHH", 0xFFFE if extensible else tag, channels, rate, rate * step, step, bits
    )
    if extensible:
        guid = b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"
        form += struct.pack("<HHIH", 22, bits, 0, tag) + guid
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + before
    body += b"data" + struct.pack("<I", len(data) if size is None else size) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def read_all(source: MicrophonesFile) -> tuple[Samples, list[float], int]:
    """All samples, the times of the blocks, and how often it was torn."""
    source.open()
    blocks, times, torn = [np.zeros((source.channels, 0), np.float32)], [], 0
    while True:
        try:
            block = source.read()
        except SourceTorn:
            torn += 1
            continue
        except SourceEnded:
            source.close()
            return np.concatenate(blocks, axis=1), times, torn
        blocks.append(block.samples)
        times.append(block.t)


def source_of(tmp_path: Path, data: bytes, channels: int = 4) -> MicrophonesFile:
    path = tmp_path / "x.wav"
    path.write_bytes(data)
    return MicrophonesFile(path, channels, paced=False)


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize(
    ("bits", "is_float"),
    [(8, False), (16, False), (24, False), (32, False), (32, True), (64, True)],
)
def test_every_width_is_read(tmp_path: Path, bits: int, is_float: bool, extensible: bool) -> None:
    data = wav(TONE, bits=bits, is_float=is_float, extensible=extensible)
    sound, times, torn = read_all(source_of(tmp_path, data))
    assert sound.dtype == np.float32
    assert torn == 0
    assert sound.shape == TONE.shape
    np.testing.assert_allclose(sound, TONE, atol=0.01 if bits == 8 else 1e-4)
    np.testing.assert_allclose(np.diff(times), 0.032, atol=1e-9)


def test_chunks_before_the_sound_are_skipped(tmp_path: Path) -> None:
    odd = b"LIST" + struct.pack("<I", 5) + b"hello\x00"
    sound, _, torn = read_all(source_of(tmp_path, wav(TONE, before=odd)))
    assert (sound.shape, torn) == (TONE.shape, 0)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_recording_from_a_pipe_has_no_length(tmp_path: Path, size: int) -> None:
    source = source_of(tmp_path, wav(TONE, size=size))
    sound, _, torn = read_all(source)
    assert (sound.shape, torn) == (TONE.shape, 0)


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(1, 20_000))
def test_a_torn_file_gives_what_it_has_and_says_so_once(
    cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = wav(TONE)
    source = source_of(tmp_path_factory.mktemp("torn"), whole[:-cut])
    sound, _, torn = read_all(source)
    assert torn == 1
    assert sound.shape[1] == (len(TONE[0]) * 8 - cut) // 8
    np.testing.assert_allclose(sound, TONE[:, : sound.shape[1]], atol=1e-4)


@settings(max_examples=60, deadline=None)
@given(junk=st.binary(max_size=80), place=st.integers(0, 60))
def test_no_bytes_crash_the_reader(
    junk: bytes, place: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = bytearray(wav(TONE[:, :50]))
    data[place : place + len(junk)] = junk
    source = source_of(tmp_path_factory.mktemp("junk"), bytes(data))
    refused = None
    try:
        sound, _, _ = read_all(source)
    except SourceFailed as error:
        refused = str(error)
    assert sound.shape[0] == 4 if refused is None else ";" in refused


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not a wav file"),
        (b"RIFF\x00\x00\x00\x00WAVE", "without sound"),
        (b"\x89PNG" * 20, "not a wav file"),
        (wav(TONE[:3]), "3 channels.*4 microphones.*--array"),
        (wav(TONE, rate=44_100), "44100 Hz.*ffmpeg"),
        (wav(TONE, rate=8_000), "8000 Hz.*ffmpeg"),
    ],
    ids=["empty", "header only", "a picture", "channels", "44.1 kHz", "8 kHz"],
)
def test_what_cannot_be_used_is_named_with_a_remedy(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(SourceFailed, match=said) as caught:
        source_of(tmp_path, data).open()
    assert "x.wav" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceFailed, match=r"gone\.wav"):
        WavReader(tmp_path / "gone.wav")


@pytest.mark.parametrize("rate", [32_000, 48_000, 96_000])
def test_higher_rates_are_brought_down(tmp_path: Path, rate: int) -> None:
    t = np.arange(rate) / rate
    kept, removed = np.sin(2 * np.pi * 1000 * t), np.sin(2 * np.pi * 9500 * t)
    sound, _, _ = read_all(source_of(tmp_path, wav(0.4 * np.stack([kept, removed] * 2), rate=rate)))
    assert sound.shape[1] == pytest.approx(16_000, abs=40)
    middle = sound[:, 2000:12_000]
    assert np.sqrt(np.mean(middle[0] ** 2)) == pytest.approx(0.4 / np.sqrt(2), rel=0.02)
    assert np.sqrt(np.mean(middle[1] ** 2)) < 0.002


@given(st.lists(st.integers(1, 700), min_size=1, max_size=8), st.sampled_from([2, 3]))
def test_decimation_does_not_depend_on_the_blocks(cuts: list[int], ratio: int) -> None:
    sound = np.random.default_rng(0).standard_normal((2, sum(cuts))).astype(np.float32)
    whole = Decimator(2, ratio).process(sound)
    piecewise = Decimator(2, ratio)
    edges = np.cumsum([0, *cuts])
    parts = [piecewise.process(sound[:, a:b]) for a, b in pairwise(edges)]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, atol=1e-5)


def test_a_paced_recording_plays_in_its_own_time(tmp_path: Path) -> None:
    now = [50.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    path = tmp_path / "x.wav"
    path.write_bytes(wav(TONE))
    source = MicrophonesFile(path, 4, clock=lambda: now[0], sleep=sleep)
    source.open()
    for index in range(4):
        block = source.read()
        assert block.t == pytest.approx(50.0 + 0.032 * index)
        assert now[0] == pytest.approx(block.t + block.samples.shape[1] / 16_000)
    source.close()
    source.close()


def test_the_source_decides_which_driver(tmp_path: Path) -> None:
    array = load_array("respeaker_4")
    assert is_recording("talk.WAV")
    assert not is_recording("default")
    assert isinstance(open_microphones(str(tmp_path / "talk.wav"), array), MicrophonesFile)
    device = open_microphones("ReSpeaker", array)
    assert isinstance(device, MicrophonesDevice)
    assert device.channels == 4
