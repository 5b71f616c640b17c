"""Drives the speech engines: texts in, sounds out, the same for the same texts in the same order.

Pico comes with py-nanotts. Festival is Debian's, installed. RHVoice is used where get-voices
unpacked it. None of them is asked for anything but speech.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from script.word_networks.mouths import Engine
from script.word_networks.sounds import Sound, read

PICO_RATE = 16000
SHORTEST = 0.05
"""Seconds; an engine that understood nothing of a text leaves a click."""
PATIENCE = 600.0
"""Seconds for a mouth's texts in Festival."""
ENCODINGS = {"cs": "iso-8859-2", "ru": "utf-8"}
"""What Festival's voices read; the others of ours Latin 1."""


@dataclass(frozen=True)
class Utterance:
    text: str
    speed: float
    pitch: float
    """Relative to the voice's own, both. Festival keeps its pitch."""


class EngineError(RuntimeError):
    pass


def say(
    engine: Engine, voice: str, language: str, utterances: Sequence[Utterance], unpacked: Path
) -> Iterator[Sound]:
    """A sound for each utterance; `unpacked` is where RHVoice lies."""
    match engine:
        case Engine.PICO:
            sounds = _pico(voice, utterances)
        case Engine.RHVOICE:
            sounds = rhvoice(unpacked).say(voice, utterances)
        case Engine.FESTIVAL:
            sounds = _festival(voice, ENCODINGS.get(language, "latin-1"), utterances)
    for utterance, sound in zip(utterances, sounds, strict=True):
        if len(sound.samples) < SHORTEST * sound.rate:
            raise EngineError(f"{engine} voice {voice} said nothing to {utterance.text!r}")
        yield sound


def _pico(voice: str, utterances: Sequence[Utterance]) -> Iterator[Sound]:
    program = [sys.executable, "-I", str(Path(__file__).with_name("pico.py")), voice]
    for utterance in utterances:
        arguments = [str(utterance.speed), str(utterance.pitch), utterance.text]
        said = subprocess.run([*program, *arguments], stdout=subprocess.PIPE, check=True).stdout
        yield Sound(np.frombuffer(said, "<i2"), PICO_RATE)


def _festival(voice: str, encoding: str, utterances: Sequence[Utterance]) -> Iterator[Sound]:
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, f"{number}.wav") for number in range(len(utterances))]
        lines = [f"(voice.select '{voice})"]
        for utterance, file in zip(utterances, files, strict=True):
            lines.append(f"(Parameter.set 'Duration_Stretch {1.0 / utterance.speed:.3f})")
            text = f'(utt.synth (Utterance Text "{utterance.text}"))'
            lines.append(f'(utt.save.wave {text} "{file}" \'riff)')
        script = Path(folder, "say.scm")
        script.write_bytes("\n".join(lines).encode(encoding))
        run = subprocess.run(
            ["festival", "--batch", str(script)], capture_output=True, check=False, timeout=PATIENCE
        )
        # It exits with 0 whatever happened, and some voices warn of what they do without.
        if not all(file.exists() for file in files):
            told = run.stderr.decode("latin-1").strip()
            raise EngineError(f"festival failed with {voice}: {told}; is its package installed?")
        yield from map(read, files)


class RHVoice:
    """RHVoice's library; it holds its voices for as long as the process lives."""

    def __init__(self, unpacked: Path) -> None:
        from rhvoice_wrapper import rhvoice_bindings

        self._bindings: Any = rhvoice_bindings
        # The first would look for the second among the system's libraries.
        ctypes.CDLL(_library(unpacked, "libRHVoice_core.so.7"), mode=ctypes.RTLD_GLOBAL)
        library = _library(unpacked, "libRHVoice.so.5")
        self._library, self._api = rhvoice_bindings.load_tts_library(library)
        self._rate = 0
        self._blocks: list[np.ndarray] = []
        # Python must keep what only the library still points to.
        self._settings = self._make_settings(unpacked)
        self._engine = self._library.RHVoice_new_tts_engine(ctypes.byref(self._settings))
        if not self._engine:
            raise EngineError(f"RHVoice does not start from {unpacked}; run get-voices again")

    def _make_settings(self, unpacked: Path) -> Any:
        types = self._bindings.RHVoice_callback_types
        callbacks = self._bindings.RHVoice_callbacks(self._api)()
        callbacks.set_sample_rate = types.set_sample_rate(self._take_rate)
        callbacks.play_speech = types.play_speech(self._take_block)
        callbacks.done = types.done(lambda _: None)
        settings = self._bindings.RHVoice_init_params(self._api)()
        settings.data_path = str(unpacked / "usr/share/RHVoice").encode()
        settings.config_path = str(unpacked / "etc/RHVoice").encode()
        settings.callbacks = callbacks
        return settings

    def _take_rate(self, rate: int, _: object) -> int:
        self._rate = rate
        return 1

    def _take_block(self, samples: Any, count: int, _: object) -> int:
        self._blocks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 1

    def say(self, voice: str, utterances: Sequence[Utterance]) -> Iterator[Sound]:
        for utterance in utterances:
            self._blocks.clear()
            self._speak(self._parameters(voice, utterance), utterance.text.encode())
            samples = np.concatenate([np.zeros(0, np.int16), *self._blocks])
            yield Sound(samples, self._rate)

    def _parameters(self, voice: str, utterance: Utterance) -> Any:
        parameters = self._bindings.RHVoice_synth_params(self._api)()
        parameters.voice_profile = voice.encode()
        parameters.relative_rate = utterance.speed
        parameters.relative_pitch = utterance.pitch
        parameters.relative_volume = 0.8  # none of the voices clips
        parameters.punctuation_mode = self._bindings.RHVoice_punctuation_mode.none
        parameters.capitals_mode = self._bindings.RHVoice_capitals_mode.off
        parameters.flags = self._bindings.RHVoice_synth_flag.dont_clip_rate
        return parameters

    def _speak(self, parameters: Any, text: bytes) -> None:
        kind = self._bindings.RHVoice_message_type.text
        message = self._library.RHVoice_new_message(
            self._engine, text, len(text), kind, ctypes.byref(parameters), None
        )
        if not message:
            raise EngineError(f"RHVoice has no voice {parameters.voice_profile.decode()}")
        self._library.RHVoice_speak(message)
        self._library.RHVoice_delete_message(message)


def _library(unpacked: Path, name: str) -> str:
    for file in unpacked.glob(f"usr/lib/*/{name}"):
        return str(file)
    raise EngineError(f"no {name} under {unpacked}; run script/word_networks/get-voices first")


@cache
def rhvoice(unpacked: Path) -> RHVoice:
    """One for all mouths: every start reads the list of voices and languages again."""
    return RHVoice(unpacked)
