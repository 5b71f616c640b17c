"""The loudspeaker: what reaches PortAudio, and what a missing one says. No sound is made here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.hardware.speaker import HIGHEST, LOUDEST, RATE, AudioSpeaker, siren
from engine.ports import Speaker


class Library:
    """In place of `sounddevice`: a stream that is pulled by hand."""

    def __init__(self, missing: bool = False) -> None:
        self.missing = missing
        self.open: list[Callable[..., None]] = []

    def OutputStream(self, **given: Any) -> Library:  # noqa: N802
        if self.missing:
            raise ValueError("no output device matching")
        self.given = given
        self.callback = given["callback"]
        return self

    def check_output_settings(self, **wanted: Any) -> None:
        if self.missing:
            raise ValueError("no output device matching")
        self.asked = wanted

    def start(self) -> None:
        self.open.append(self.callback)

    def close(self) -> None:
        self.open.clear()

    def pull(self, frames: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        out = np.zeros((frames, 1), np.float32)
        self.open[-1](out, frames, None, None)
        return out[:, 0]


def test_it_sounds_without_a_gap_until_it_is_stopped() -> None:
    library = Library()
    speaker = AudioSpeaker("default", library)
    assert isinstance(speaker, Speaker)
    speaker.play("siren", 0.5)
    assert library.given["device"] is None
    heard = np.concatenate([library.pull(441) for _ in range(200)])
    assert np.allclose(heard, 0.5 * LOUDEST * siren(0, heard.size), atol=1e-6)
    speaker.stop()
    assert library.open == []
    speaker.close()


def test_a_sweep_ends_where_the_next_begins() -> None:
    steps = np.abs(np.diff(siren(0, 3 * RATE)))
    assert steps.max() <= 2.0 * np.pi * HIGHEST / RATE + 1e-3


def test_a_new_sound_replaces_the_old_one() -> None:
    library = Library()
    speaker = AudioSpeaker("Jabra", library)
    for _ in range(2):
        speaker.play("siren", 2.0)
        assert len(library.open) == 1
    assert library.given["device"] == "Jabra"
    assert np.abs(library.pull(RATE)).max() <= LOUDEST + 1e-6


def test_a_loudspeaker_that_is_not_there_is_named() -> None:
    with pytest.raises(OSError, match="loudspeaker 'Jabra'"):
        AudioSpeaker("Jabra", Library(missing=True)).play("siren", 1.0)


def test_a_look_at_the_loudspeaker_opens_nothing() -> None:
    library = Library()
    AudioSpeaker("Jabra", library).probe()
    assert library.asked["device"] == "Jabra"
    assert library.open == []


def test_a_look_says_what_is_missing() -> None:
    with pytest.raises(OSError, match="loudspeaker 'Jabra' cannot be used: no output device"):
        AudioSpeaker("Jabra", Library(missing=True)).probe()
