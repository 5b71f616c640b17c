"""The live array, on a fake of the sounddevice module."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engine.hardware import microphones_device, portaudio
from engine.hardware.microphones_device import MicrophonesDevice
from engine.hardware.speaker import AudioSpeaker
from engine.ports import SourceFailed, SourceTorn


class FakeStream:
    def __init__(self, library: FakeSoundDevice, **arguments: Any) -> None:
        if arguments["samplerate"] not in library.rates:
            raise RuntimeError("Invalid sample rate")
        self.arguments = arguments
        self.callback: Callable[..., None] = arguments["callback"]
        self.closed = False
        self.library = library
        library.stream = self
        library.streams.append(self)

    def start(self) -> None:
        if self.library.busy:
            raise RuntimeError("Device unavailable")

    def close(self) -> None:
        self.closed = True

    def give(self, value: float, overflow: bool = False) -> None:
        frames, channels = self.arguments["blocksize"], self.arguments["channels"]
        data = value + np.tile(np.arange(channels, dtype=np.float32), (frames, 1))
        times = SimpleNamespace(currentTime=0.0, inputBufferAdcTime=0.0)
        self.callback(data, frames, times, SimpleNamespace(input_overflow=overflow))


class FakeSoundDevice:
    def __init__(self, channels: int = 6, rates: tuple[int, ...] = (16_000,)) -> None:
        self.channels, self.rates = channels, rates
        self.stream: FakeStream | None = None
        self.streams: list[FakeStream] = []
        self.busy = False
        self.plugged = {None, "array"}
        self.listed = set(self.plugged)
        self.starts = 0

    def _terminate(self) -> None:
        for stream in self.streams:
            stream.closed = True
        self.listed = set()

    def _initialize(self) -> None:
        self.starts += 1
        self.listed = set(self.plugged)

    def query_devices(self, name: object, kind: str) -> dict[str, Any]:
        if name not in self.listed:
            raise ValueError(f"No input device matching {name!r}")
        return {"max_input_channels": self.channels}

    def InputStream(self, **arguments: Any) -> FakeStream:  # noqa: N802  the library's name
        return FakeStream(self, **arguments)

    def OutputStream(self, **arguments: Any) -> FakeStream:  # noqa: N802
        self.rates = (*self.rates, arguments["samplerate"])
        return FakeStream(self, **arguments)


@pytest.fixture(autouse=True)
def nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portaudio, "STREAMS", portaudio.OpenStreams())


def opened(
    library: FakeSoundDevice, now: list[float] | None = None
) -> tuple[MicrophonesDevice, FakeStream]:
    ticking = now or [10.0]
    device = MicrophonesDevice(
        "default", 4, device_channels=(1, 2, 3, 4), clock=lambda: ticking[0], library=library
    )
    device.open()
    assert library.stream is not None
    return device, library.stream


def test_the_microphones_channels_are_picked() -> None:
    device, stream = opened(FakeSoundDevice())
    assert stream.arguments["channels"] == 5
    stream.give(10.0)
    block = device.read()
    assert block.samples.shape == (4, 512)
    assert block.samples.dtype == np.float32
    np.testing.assert_array_equal(block.samples[:, 0], [11.0, 12.0, 13.0, 14.0])
    assert block.t == pytest.approx(10.0 - 0.032)


def test_time_is_counted_and_late_callbacks_do_not_shake_it() -> None:
    now = [10.0]
    device, stream = opened(FakeSoundDevice(), now)
    times = []
    for late in (0.0, 0.02, 0.0, 0.03, 0.0):
        now[0] = 10.0 + 0.032 * len(times) + late
        stream.give(0.0)
        times.append(device.read().t)
    np.testing.assert_allclose(np.diff(times), 0.032, atol=0.001)


def test_an_overrun_is_told_once_and_survived() -> None:
    device, stream = opened(FakeSoundDevice())
    stream.give(0.0, overflow=True)
    with pytest.raises(SourceTorn, match="overrun"):
        device.read()
    assert device.read().samples.shape == (4, 512)
    assert device.overruns == 1


def test_a_reader_that_does_not_keep_up_loses_sound_not_memory() -> None:
    device, stream = opened(FakeSoundDevice())
    for _ in range(100):
        stream.give(0.0)
    assert device.overruns == 100 - 64
    with pytest.raises(SourceTorn):
        device.read()


def test_a_device_without_16_khz_is_brought_down_from_48() -> None:
    device, stream = opened(FakeSoundDevice(rates=(48_000,)))
    assert stream.arguments["samplerate"] == 48_000
    stream.give(0.0)
    stream.give(0.0)
    assert device.read().samples.shape[1] + device.read().samples.shape[1] == pytest.approx(
        1024, abs=40
    )


def test_a_silent_wire_is_a_lost_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microphones_device, "LOST_AFTER", 0.01)
    device, _ = opened(FakeSoundDevice())
    with pytest.raises(SourceFailed, match="no sound"):
        device.read()


def test_closing_empties_the_queue_and_may_be_repeated() -> None:
    device, stream = opened(FakeSoundDevice())
    stream.give(1.0)
    device.close()
    device.close()
    assert stream.closed
    with pytest.raises(SourceFailed, match="not open"):
        device.read()


@pytest.mark.parametrize(
    ("name", "library", "said"),
    [
        ("missing", FakeSoundDevice(), "not found.*list devices"),
        ("default", FakeSoundDevice(channels=2), "2 channels, the array needs 5"),
        ("default", FakeSoundDevice(rates=()), "cannot be opened.*another program"),
    ],
)
def test_what_is_missing_is_named(name: str, library: FakeSoundDevice, said: str) -> None:
    device = MicrophonesDevice(name, 4, device_channels=(1, 2, 3, 4), library=library)
    with pytest.raises(SourceFailed, match=said):
        device.open()


@pytest.mark.parametrize(
    ("failure", "said"),
    [(ImportError("no"), r"heliotrope\[pi\]"), (OSError("no"), "libportaudio2")],
)
def test_a_missing_library_is_named(
    monkeypatch: pytest.MonkeyPatch, failure: Exception, said: str
) -> None:
    def fail(_: str) -> Any:
        raise failure

    monkeypatch.setattr(microphones_device.importlib, "import_module", fail)
    with pytest.raises(SourceFailed, match=said):
        MicrophonesDevice("default", 4).open()


def test_an_array_that_is_plugged_in_later_is_found() -> None:
    library = FakeSoundDevice()
    device = MicrophonesDevice("late", 4, library=library)
    with pytest.raises(SourceFailed, match="plug it in"):
        device.open()
    library.plugged.add("late")
    device.open()
    assert library.stream is not None
    library.stream.give(1.0)
    assert device.read().samples.any()


def test_an_array_that_was_lost_is_looked_for_anew_and_one_that_was_closed_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(microphones_device, "LOST_AFTER", 0.01)
    library = FakeSoundDevice()
    device, _ = opened(library)
    device.close()
    device.open()
    assert library.starts == 0
    with pytest.raises(SourceFailed, match="no sound"):
        device.read()
    device.open()
    assert library.starts == 1


def test_looking_for_an_array_does_not_silence_the_loudspeaker() -> None:
    library = FakeSoundDevice()
    speaker = AudioSpeaker("default", library)
    device = MicrophonesDevice("late", 4, library=library)
    with pytest.raises(SourceFailed):
        device.open()
    library.plugged.add("late")
    speaker.play("siren", 1.0)
    sounding = library.stream
    assert sounding is not None
    with pytest.raises(SourceFailed):
        device.open()
    assert not sounding.closed
    speaker.stop()
    device.open()


def test_a_portaudio_that_does_not_start_again_is_named_and_tried_once_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library = FakeSoundDevice()
    device = MicrophonesDevice("late", 4, library=library)
    with pytest.raises(SourceFailed):
        device.open()

    def fail() -> None:
        raise RuntimeError("Error initializing PortAudio")

    with monkeypatch.context() as broken:
        broken.setattr(library, "_initialize", fail)
        with pytest.raises(SourceFailed, match=r"not found \(Error initializing"):
            device.open()
    library.plugged.add("late")
    monkeypatch.setattr(library, "_terminate", fail)
    device.open()


def test_streams_that_do_not_start_are_closed() -> None:
    library = FakeSoundDevice(rates=(16_000, 32_000, 48_000))
    library.busy = True
    with pytest.raises(SourceFailed, match="Device unavailable"):
        MicrophonesDevice("default", 4, library=library).open()
    with pytest.raises(OSError, match="Device unavailable"):
        AudioSpeaker("default", library).play("siren", 1.0)
    assert len(library.streams) == 4
    assert all(stream.closed for stream in library.streams)
