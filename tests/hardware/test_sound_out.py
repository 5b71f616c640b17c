"""The beam's ways out: a wav file, a FIFO and UDP on the loopback, each with a real reader."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import threading
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import UserError
from engine.hardware.sound_out import (
    LONGEST,
    RATE,
    UdpSink,
    WavSink,
    as_pcm,
    open_sound_out,
    try_sound_out,
)
from engine.ports import SoundSink
from engine.sim.devices import SimulatedSoundSink

TONE = (0.5 * np.sin(np.arange(RATE) * 0.05)).astype(np.float32)


def test_a_wav_file_is_whole_at_any_time_and_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "beam.wav"
    sink = open_sound_out(str(file))
    for _ in range(3):
        sink.write(TONE)
    for close in (False, True):
        if close:
            sink.close()
            sink.close()
        with wave.open(str(file)) as read:
            assert (read.getnchannels(), read.getframerate(), read.getsampwidth()) == (1, RATE, 2)
            assert read.readframes(read.getnframes()) == as_pcm(TONE) * 3
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_forgotten_file_does_not_fill_the_disk_and_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("engine.hardware.sound_out.LONGEST", 2.0)
    sink = WavSink(tmp_path / "beam.wav")
    for _ in range(5):
        sink.write(TONE)
    sink.close()
    assert (tmp_path / "beam.wav").stat().st_size == 44 + 2 * 2 * RATE
    assert LONGEST == 3600.0
    (told,) = caplog.records
    assert "hearing.beam" in told.getMessage()
    assert "beam.wav" in told.getMessage()


def test_a_fifo_is_read_by_whoever_comes_and_nobody_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "beam"
    os.mkfifo(path)
    sink = open_sound_out(str(path))
    sink.write(TONE)  # nobody there: dropped
    for piece in (TONE[:100], TONE[100:300]):
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        sink.write(piece)
        assert os.read(reader, 4096) == as_pcm(piece)
        os.close(reader)
        sink.write(TONE)  # it left
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    for _ in range(20):
        sink.write(TONE)  # it does not read: more than a pipe holds
    os.close(reader)
    sink.close()


def test_datagrams_hold_the_samples() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5.0)
        sink = open_sound_out(f"udp://127.0.0.1:{receiver.getsockname()[1]}")
        sink.write(TONE[:512])
        assert receiver.recv(4096) == as_pcm(TONE[:512])
    sink.write(TONE[:512])
    sink.write(TONE[:512])  # a refused datagram is nobody's error
    sink.close()


class Names:
    """The resolver: counts what it is asked, and knows `hosts`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **hosts: str) -> None:
        self.hosts, self.asked = hosts, list[str]()
        monkeypatch.setattr("engine.hardware.sound_out.socket.getaddrinfo", self)

    def __call__(self, host: str, port: int, family: int, kind: int) -> list[Any]:
        self.asked.append(threading.current_thread().name)
        if host not in self.hosts:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(family, kind, 17, "", (self.hosts[host], port))]


def test_a_hosts_name_is_looked_up_once_a_minute_and_not_by_who_hears(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names, now = Names(monkeypatch, home="127.0.0.1"), [0.0]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5.0)
        sink = UdpSink("home", receiver.getsockname()[1], clock=lambda: now[0])
        for _ in range(20):
            sink.write(TONE[:512])
            assert receiver.recv(4096) == as_pcm(TONE[:512])
        assert len(names.asked) == 1
        names.hosts.clear()
        now[0] = 61.0
        sink.write(TONE[:512])
        sink.settle()
        sink.write(TONE[:512])  # the address as it was is better than none
        assert receiver.recv(4096) == as_pcm(TONE[:512])
        sink.close()
    assert len(names.asked) == 2
    assert names.asked[1] != threading.current_thread().name


def test_a_host_without_an_address_is_named_and_found_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names, now = Names(monkeypatch), [0.0]
    sink = UdpSink("home", 5004, clock=lambda: now[0])
    for _ in range(3):
        with pytest.raises(OSError, match=r"hearing\.beam: home: no address"):
            sink.write(TONE[:512])
    assert len(names.asked) == 1
    names.hosts["home"] = "127.0.0.1"
    now[0] = 61.0
    with contextlib.suppress(OSError):
        sink.write(TONE[:512])
    sink.settle()
    sink.write(TONE[:512])
    sink.close()


def test_a_look_says_that_a_host_has_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    Names(monkeypatch)
    with pytest.raises(UserError, match=r"hearing\.beam: home: no address .*;"):
        try_sound_out("udp://home:5004")


@pytest.mark.parametrize(
    "target", ["udp://127.0.0.1", "udp://:5", "udp://h:99999", "x.mp3", "/nowhere/x.wav", "gone"]
)
def test_what_is_no_way_out_is_named(target: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"hearing\.beam.*;") as caught:
        open_sound_out(target)
    assert target in str(caught.value)


def test_the_fake_is_a_sink_too() -> None:
    sink = SimulatedSoundSink()
    assert isinstance(sink, SoundSink)
    sink.write(TONE)
    assert len(sink.pieces) == 1
