"""The live array, on a fake of the sounddevice module."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engine.hardware import microphones_device
from engine.hardware.microphones_device import MicrophonesDevice
from engine.ports import SourceFailed, SourceTorn


class FakeStream:
    def __init__(self, library: FakeSoundDevice, **arguments: Any) -> None:
        if arguments["samplerate"] not in library.rates:
            raise RuntimeError("Invalid sample rate")
        self.arguments = arguments
        self.callback: Callable[..., None] = arguments["callback"]
        self.closed = False
        library.stream = self

    def start(self) -> None:
        pass

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

    def query_devices(self, name: object, kind: str) -> dict[str, Any]:
        if name == "missing":
            raise ValueError("No input device matching 'missing'")
        return {"max_input_channels": self.channels}

    def InputStream(self, **arguments: Any) -> FakeStream:  # noqa: N802  the library's name
        return FakeStream(self, **arguments)


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
