"""`heliotrope hear`: voice, wake word and direction on a multichannel recording.

Wires the file to the ear and prints decisions; computes nothing itself.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from engine.config import HearingConfig
from engine.errors import UserError
from engine.hardware.microphones_file import MicrophonesFile
from engine.hearing.arrays import load_array, shipped_arrays
from engine.hearing.ear import Ear, EarSettings, Heard
from engine.hearing.wake_word import NONE, WORDS, open_wake_word
from engine.ports import SourceEnded, SourceFailed, SourceTorn

HELP = "voice, wake word and direction on a multichannel recording"
EXAMPLES = """
  heliotrope hear talk.wav --array respeaker_6
  heliotrope hear talk.wav --array my_array.yaml --json
  heliotrope hear talk.wav --array uma_8 --wake-word hey_jarvis
"""

PROGRESS_AFTER = 2.0
"""Seconds of work before progress is shown, and between two lines of it."""


def configure(parser: argparse.ArgumentParser) -> None:
    defaults = HearingConfig()
    parser.add_argument("file", metavar="FILE.wav", type=Path, help="one channel per microphone")
    parser.add_argument(
        "--array",
        required=True,
        metavar="NAME_OR_YAML",
        help=f"the array that recorded it: {', '.join(shipped_arrays())}, or a YAML file",
    )
    parser.add_argument("--json", action="store_true", help="one JSON line a decision")
    parser.add_argument(
        "--wake-word",
        default=defaults.wake_word,
        metavar="WORD",
        help=f"{', '.join(WORDS)} or {NONE} (default: {defaults.wake_word})",
    )


def run(arguments: argparse.Namespace) -> int:
    array = load_array(arguments.array)
    spotters, note = open_wake_word(arguments.wake_word)
    source = MicrophonesFile(arguments.file, array.channels, array_name=array.name, paced=False)
    try:
        source.open()
    except SourceFailed as error:
        raise UserError(str(error)) from error
    if note:
        print(f"heliotrope: {note}", file=sys.stderr)
    defaults = HearingConfig()
    settings = EarSettings(defaults.speech_threshold, defaults.min_confidence)
    ear = Ear(array, settings, wake_word=spotters)
    try:
        _play(source, ear, as_json=arguments.json)
    finally:
        source.close()
    said = [f"{array.name}: {limit}" for limit in array.limits()]
    for line in (*said, *(f"{arguments.file}: {problem}" for problem in ear.problems(whole=True))):
        print(f"heliotrope: {line}", file=sys.stderr)
    return 0


def _play(source: MicrophonesFile, ear: Ear, *, as_json: bool) -> None:
    shown, heard_any = time.monotonic(), False
    total = source.seconds
    while True:
        try:
            block = source.read()
        except SourceEnded:
            break
        except SourceTorn as error:
            print(f"heliotrope: {error}; what was there is used", file=sys.stderr)
            continue
        heard_any = True
        _print(ear.listen(block), as_json=as_json)
        if time.monotonic() - shown > PROGRESS_AFTER:
            shown = time.monotonic()
            of = f" of {total:.0f}" if total else ""
            print(f"{block.t:.0f}{of} s", file=sys.stderr)
    if not heard_any:
        raise UserError(f"{source.path}: no sound in it", "record it anew")
    _print(ear.finish(), as_json=as_json)


def _print(decisions: list[Heard], *, as_json: bool) -> None:
    for heard in decisions:
        print(json.dumps(as_dictionary(heard)) if as_json else _as_text(heard), flush=True)


def as_dictionary(heard: Heard) -> dict[str, Any]:
    """A decision as its JSON line says it."""
    return {
        "t": round(heard.t, 3),
        "speech": round(heard.speech, 3),
        "wake_word": heard.wake_word,
        "ambiguous": heard.ambiguous,
        "directions": [
            {
                "azimuth_deg": round(d.azimuth, 1) if round(d.azimuth, 1) > -180.0 else 180.0,
                "confidence": round(d.confidence, 3),
                "spread_deg": round(d.spread, 1),
                "kind": d.kind.value,
            }
            for d in heard.directions
        ],
    }


def _as_text(heard: Heard) -> str:
    what = f"wake word {heard.wake_word}" if heard.wake_word else f"speech {heard.speech:.2f}"
    places = ", ".join(
        f"{d.azimuth:+.0f} deg +-{d.spread:.0f} ({d.kind.value}, {d.confidence:.2f})"
        for d in heard.directions
    )
    refused = "ambiguous: " if heard.ambiguous else ""
    return f"{heard.t:8.2f} s  {what:22}  {refused}{places or 'no direction'}"
