"""A satellite's microphones: datagrams and a Wyoming service, on loopback."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.hardware import network_sound
from engine.hardware.microphones import is_recording, open_microphones
from engine.hardware.microphones_network import MicrophonesNetwork
from engine.hardware.network_sound import is_network, parse_address
from engine.hearing.arrays import load_array
from engine.ports import AudioBlock, SampleClocked, SourceFailed, SourceTorn

UDP = "udp://127.0.0.1:{port}"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_sound, "LOST_AFTER", 0.4)


def frames(count: int, channels: int, first: int = 0) -> bytes:
    """Channel c of frame n holds n + 1000 c."""
    n = np.arange(first, first + count)[:, None]
    return (n + 1000 * np.arange(channels)[None, :]).astype("<i2").tobytes()


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def listening(channels: int = 4, more: str = "", **options: Any) -> Iterator[MicrophonesNetwork]:
    microphones = MicrophonesNetwork(UDP.format(port=free_port()) + more, channels, **options)
    microphones.open()
    try:
        yield microphones
    finally:
        microphones.close()


def send(microphones: MicrophonesNetwork, *datagrams: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as satellite:
        for datagram in datagrams:
            satellite.sendto(datagram, ("127.0.0.1", microphones.port))


def test_datagrams_become_blocks_of_the_arrays_channels() -> None:
    with listening() as microphones:
        send(microphones, *(frames(128, 4, 128 * i) for i in range(6)))
        blocks = [microphones.read() for _ in range(3)]
    for block in blocks:
        assert block.samples.shape == (4, 256)
        assert block.samples.dtype == np.float32
    joined = np.concatenate([b.samples for b in blocks], axis=1)
    np.testing.assert_allclose(joined[2] * 32768.0, np.arange(768) + 2000.0)


def test_blocks_follow_each_other_however_the_network_hurries() -> None:
    now = [50.0]

    def clock() -> float:
        now[0] += 0.016
        return now[0]

    with listening(clock=clock) as microphones:
        assert isinstance(microphones, SampleClocked)
        send(microphones, *(frames(256, 4) for _ in range(8)))
        times = [microphones.read().t for _ in range(8)]
    for before, after in pairwise(times):
        assert after - before == pytest.approx(0.016, abs=0.001)


def test_the_microphones_are_picked_from_what_the_satellite_has_more() -> None:
    with listening(4, "?channels=6", device_channels=(1, 2, 3, 4)) as microphones:
        send(microphones, frames(256, 6))
        block = microphones.read()
    np.testing.assert_allclose(block.samples[:, 0] * 32768.0, [1000.0, 2000.0, 3000.0, 4000.0])


def test_a_faster_satellite_is_brought_down_to_16_kilohertz() -> None:
    with listening(2, "?rate=48000") as microphones:
        send(microphones, *(frames(480, 2) for _ in range(4)))
        assert 256 <= microphones.read().samples.shape[1] <= 640


def test_a_datagram_cut_in_mid_sample_is_torn_and_survived() -> None:
    with listening() as microphones:
        send(microphones, frames(256, 4)[:-3], frames(256, 4))
        with pytest.raises(SourceTorn, match="no whole number of frames of 4 channels"):
            microphones.read()
        assert microphones.read().samples.shape == (4, 256)


def test_a_satellite_with_another_channel_count_is_named_with_the_remedy() -> None:
    with listening(4) as microphones:
        send(microphones, *(frames(125, 5) for _ in range(8)))
        for _ in range(7):
            with pytest.raises(SourceTorn):
                microphones.read()
        with pytest.raises(SourceFailed, match=r"\?channels=N"):
            microphones.read()


def test_a_silent_satellite_counts_as_gone_and_comes_back() -> None:
    with listening() as microphones:
        with pytest.raises(SourceFailed, match="is the satellite on"):
            microphones.read()
        microphones.open()
        send(microphones, frames(256, 4))
        assert microphones.read().samples.any()


def test_only_the_named_satellite_is_heard_and_who_else_sends_is_named() -> None:
    with listening(4, "?from=127.0.0.2") as microphones:
        send(microphones, frames(256, 4))
        with pytest.raises(
            SourceFailed, match=r"from 127\.0\.0\.1 sends here, not from=127\.0\.0\.2"
        ):
            microphones.read()


@contextmanager
def repeating(say: Callable[[], object]) -> Iterator[threading.Thread]:
    """Says something every 20 ms, for seconds or until the test is done with it."""
    done = threading.Event()

    def talk() -> None:
        for _ in range(250):
            if done.wait(0.02):
                return
            say()

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        done.set()
        thread.join(10.0)


def test_strangers_do_not_put_off_that_the_satellite_is_gone() -> None:
    with listening(4, "?from=127.0.0.2") as microphones:
        said = frames(100, 4)
        with repeating(lambda: send(microphones, said)) as strangers:
            with pytest.raises(SourceFailed, match="not from="):
                microphones.read()
            assert strangers.is_alive()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("udp://0.0.0.0:4010", r"\?from=ADDRESS"),
        ("udp://127.0.0.1", "not understood"),
        ("udp://127.0.0.1:4010?form=x", "not understood"),
        ("udp://127.0.0.1:x", "not understood"),
        ("udp://127.0.0.1:4010?rate=44100", "44100 Hz"),
        ("udp://127.0.0.1:4010?channels=-1", "not understood"),
        ("udp://192.0.2.1:4010?from=127.0.0.1", "cannot listen there"),
        ("udp://[:4010", "not understood"),
        ("udp://..:4010?from=127.0.0.1", "cannot listen there"),
        ("udp://127.0.0.1:4010?from=..", "no such sender"),
        ("wyoming://127.0.0.1:1", "no answer"),
        ("wyoming://127.0.0.1:10600?from=x", "not understood"),
    ],
)
def test_what_cannot_be_listened_to_says_why(source: str, said: str) -> None:
    microphones = MicrophonesNetwork(source, 4)
    with pytest.raises(SourceFailed, match=said):
        microphones.open()
    with pytest.raises(SourceFailed, match="not open"):
        microphones.read()


@given(st.text(max_size=40))
def test_no_address_does_more_than_fail(text: str) -> None:
    for scheme in ("udp://", "wyoming://"):
        assert is_network(scheme + text)
        with suppress(SourceFailed):
            parse_address(scheme + text)


def test_sources_are_told_apart() -> None:
    array = load_array("respeaker_4")
    opened = open_microphones("UDP://127.0.0.1:4010", array)
    assert isinstance(opened, MicrophonesNetwork)
    assert not is_recording("udp://127.0.0.1:4010/talk.wav")
    assert not is_network("ReSpeaker")


# --------------------------------------------------------------------- Wyoming


def event(kind: str, data: dict[str, Any], payload: bytes = b"", inline: bool = False) -> bytes:
    head: dict[str, Any] = {"type": kind, "payload_length": len(payload)}
    body = json.dumps(data).encode()
    head |= {"data": data} if inline else {"data_length": len(body)}
    return json.dumps(head).encode() + b"\n" + (b"" if inline else body) + payload


def chunk(count: int, channels: int = 4, rate: int = 16_000, inline: bool = False) -> bytes:
    form = {"rate": rate, "width": 2, "channels": channels}
    return event("audio-chunk", form, frames(count, channels), inline)


def odd_chunk(rate: str, width: str = "2") -> bytes:
    """A chunk with numbers as no JSON library would write them."""
    form = f'{{"rate": {rate}, "width": {width}, "channels": 4}}'
    return f'{{"type": "audio-chunk", "data": {form}, "payload_length": 8}}\n'.encode() + bytes(8)


@contextmanager
def satellite(says: bytes, stays: bool = True) -> Iterator[str]:
    """A Wyoming microphone that says this to whoever connects."""
    server = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            connection.sendall(says)
            if stays:
                done.wait(10.0)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"wyoming://127.0.0.1:{server.getsockname()[1]}"
    finally:
        done.set()
        thread.join(10.0)
        server.close()


@pytest.mark.parametrize("says", [b'{"type": "ping"}\n', b"x"])
def test_a_satellite_that_sends_anything_but_sound_counts_as_gone(says: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        microphones = MicrophonesNetwork(f"wyoming://127.0.0.1:{server.getsockname()[1]}", 4)
        microphones.open()
        connection, _ = server.accept()
        with connection, repeating(lambda: connection.sendall(says)) as satellite:
            with pytest.raises(SourceFailed, match="no sound for"):
                microphones.read()
            assert satellite.is_alive()
        microphones.close()


def heard(says: bytes, channels: int = 4, count: int = 1, stays: bool = True) -> list[AudioBlock]:
    with satellite(says, stays) as address:
        microphones = MicrophonesNetwork(address, channels)
        microphones.open()
        try:
            return [microphones.read() for _ in range(count)]
        finally:
            microphones.close()


@pytest.mark.parametrize("inline", [False, True])
def test_a_wyoming_microphone_is_heard(inline: bool) -> None:
    form = {"rate": 16_000, "width": 2, "channels": 4}
    says = event("audio-start", form, inline=inline) + 3 * chunk(256, inline=inline)
    blocks = heard(says, count=3)
    assert [b.samples.shape for b in blocks] == [(4, 256)] * 3
    assert blocks[0].samples[1, 0] * 32768.0 == pytest.approx(1000.0)


@pytest.mark.parametrize(
    ("says", "said"),
    [
        (chunk(256, channels=2), "2 channels, the array has 4"),
        (chunk(256, rate=44_100), "44100 Hz"),
        (event("audio-chunk", {"rate": 16_000, "width": 4, "channels": 4}, bytes(64)), "32 bits"),
        (event("audio-chunk", {"rate": 16_000}, bytes(64)), "does not say"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "no JSON"),
        (b"[1]\n", "no event"),
        (b'{"type": "x", "data": ' + 60_000 * b"[" + b"\n", "no JSON"),
        (b'{"type": "audio-chunk", "data": [1], "data_length": 2}\n{}', "data is no object"),
        (b'{"type": "audio-chunk", "data": "abc", "data_length": 2}\n{}', "data is no object"),
        (b'{"type": "audio-chunk", "data": [1], "payload_length": 2}\n..', "data is no object"),
        (b'{"type": "x", "data_length": [[]]}\n', "data_length that is no whole number"),
        (odd_chunk("1e999"), "does not say"),
        (odd_chunk("Infinity"), "does not say"),
        (odd_chunk("1e300"), "no sound has"),
        (odd_chunk("0"), "no sound has"),
        (odd_chunk("16000", width=4300 * "9"), "no sound has"),
        (b'{"type": "audio-chunk", "payload_length": 99999999}\n', "payload_length 99999999"),
        (b"x" * 70_000, "line without an end"),
        (b"", "no sound for"),
    ],
)
def test_what_is_no_fitting_wyoming_microphone_is_named(says: bytes, said: str) -> None:
    with pytest.raises(SourceFailed, match=said):
        heard(says)


def test_a_chunk_that_ends_in_mid_sample_is_torn_and_the_next_one_heard() -> None:
    form = {"rate": 16_000, "width": 2, "channels": 4}
    with satellite(event("audio-chunk", form, frames(256, 4)[:-3]) + chunk(256)) as address:
        microphones = MicrophonesNetwork(address, 4)
        microphones.open()
        with pytest.raises(SourceTorn, match="mid-sample"):
            microphones.read()
        assert microphones.read().samples.shape == (4, 256)
        microphones.close()


def test_a_satellite_that_hangs_up_counts_as_gone() -> None:
    with pytest.raises(SourceFailed, match="hung up"):
        heard(chunk(256), count=2, stays=False)
