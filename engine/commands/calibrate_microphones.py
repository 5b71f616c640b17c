"""`heliotrope calibrate microphones`: claps or speech from known places, live or recorded.

Asks for the places, has `engine.hearing.calibration` find what is wrong with
the array, tells it, and keeps it in the state directory. Sound that was
recorded for it is overwritten as soon as it has been measured.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from engine.config import Config
from engine.config_file import load
from engine.errors import RunError, UserError
from engine.hardware.microphones import is_recording, open_microphones
from engine.hardware.microphones_file import MicrophonesFile
from engine.hearing import calibration_file
from engine.hearing.arrays import MicrophoneArray, load_array
from engine.hearing.calibration import FEWEST, Place, Report, calibrate
from engine.hearing.spectra import RATE
from engine.identity import prepare_state_dir
from engine.ports import Microphones, Samples, SourceEnded, SourceFailed, SourceTorn

HELP = "find swapped or dead channels, unlike gains and a turned array from claps or speech"

NOT_LIVE = ("simulated", "none")
LONGEST = 60.0
"""Seconds of a recording that are looked at."""
NOTABLE_DB = 1.5
"""Gains nearer to one another than this are what microphones are sold with."""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--at",
        action="append",
        default=[],
        metavar="AZIMUTH[=FILE.wav]",
        help="where the claps come from, degrees counter-clockwise from the array's front; "
        "give it at least twice, a quarter of a circle apart; without a file it is recorded",
    )
    parser.add_argument("--array", metavar="NAME_OR_YAML", help="instead of microphones.array")
    parser.add_argument("--config", metavar="F", type=Path, help="configuration file (YAML)")
    parser.add_argument(
        "--seconds", type=float, default=6.0, help="how long to record at each place (default: 6)"
    )
    parser.add_argument("--json", action="store_true", help="the result as one JSON object")
    parser.add_argument("--dry-run", action="store_true", help="tell the result, keep nothing")
    parser.add_argument("--reset", action="store_true", help="forget what was kept")


def run(arguments: argparse.Namespace) -> int:
    config = load(arguments.config).config
    if arguments.reset:
        there = calibration_file.forget(config.state_dir)
        print("forgotten" if there else "there was no calibration of the microphones")
        return 0
    array = load_array(arguments.array or config.microphones.array)
    if array.channels < FEWEST:
        raise UserError(
            f"{array.name}: has {array.channels} microphones",
            f"calibration needs {FEWEST}, for two have but one delay between them",
        )
    wanted = [parse_place(text) for text in arguments.at]
    if not wanted:
        raise UserError(
            "--at: no place given", "clap from two, for instance: --at 0 --at 90; see --help"
        )
    if not 1.0 <= arguments.seconds <= LONGEST:
        raise UserError(f"--seconds: {arguments.seconds:g}", f"choose 1 to {LONGEST:g}")
    places = [
        Place(azimuth, _recorded(file, array) if file else _live(config, array, azimuth, arguments))
        for azimuth, file in wanted
    ]
    try:
        for place, (_, file) in zip(places, wanted, strict=True):
            if place.samples.shape[1] == 0:
                what = file or f"the recording at {place.azimuth:g} degrees"
                raise UserError(f"{what}: no sound in it", "record it anew")
        report = calibrate(array, places)
    except ValueError as error:
        raise UserError(str(error), "record it anew") from None
    finally:
        for place in places:
            place.samples.fill(0.0)
    return _tell(report, array, config, arguments)


def parse_place(text: str) -> tuple[float, Path | None]:
    """`90` or `90=left.wav`. Raises UserError."""
    number, _, file = text.partition("=")
    try:
        azimuth = float(number)
    except ValueError:
        azimuth = math.nan
    if not -360.0 <= azimuth <= 360.0:
        raise UserError(f"--at: {text!r}", "give degrees, as in --at 90 or --at 90=left.wav")
    return azimuth, Path(file) if file else None


def _recorded(file: Path, array: MicrophoneArray) -> Samples:
    source = MicrophonesFile(file, array.channels, array_name=array.name, paced=False)
    try:
        source.open()
        return _take(source, LONGEST)
    except SourceFailed as error:
        raise UserError(str(error)) from None
    finally:
        source.close()


def _live(
    config: Config, array: MicrophoneArray, azimuth: float, arguments: argparse.Namespace
) -> Samples:
    source_name = config.microphones.source
    if source_name in NOT_LIVE or is_recording(source_name):
        raise UserError(
            f"microphones.source: {source_name} cannot be clapped at",
            "name the device, or give recordings: --at 0=front.wav",
        )
    input_ = sys.stdin.readline if sys.stdin.isatty() else None
    print(
        f"Stand 1 to 2 m away at {azimuth:g} degrees and clap four times"
        + (", after Enter." if input_ else "."),
        file=sys.stderr,
        flush=True,
    )
    if input_:
        input_()
    source = open_microphones(source_name, array)
    try:
        source.open()
        return _take(source, arguments.seconds)
    except SourceFailed as error:
        raise RunError(str(error), "stop the engine if it is running") from None
    finally:
        source.close()


def _take(source: Microphones, seconds: float) -> Samples:
    """Up to `seconds` of sound, (microphones, n)."""
    blocks: list[Samples] = [np.zeros((source.channels, 0), np.float32)]
    count = 0
    while count < seconds * RATE:
        try:
            block = source.read().samples
        except SourceTorn:
            continue
        except SourceEnded:
            break
        blocks.append(block)
        count += block.shape[1]
    joined = np.concatenate(blocks, axis=1)
    for block in blocks:
        block.fill(0.0)
    return joined


def _tell(
    report: Report, array: MicrophoneArray, config: Config, arguments: argparse.Namespace
) -> int:
    good = not report.doubts
    file = None
    if good and not arguments.dry_run:
        file = calibration_file.keep(prepare_state_dir(config.state_dir), array, report.correction)
    if arguments.json:
        print(json.dumps({"ok": good, "array": array.name, **as_dictionary(report)}))
    else:
        for line in sentences(report, array):
            print(line)
        if file:
            print(f"kept in {file}; it counts from the engine's next start")
    if not good:
        raise RunError(report.doubts[0] + ("; nothing was kept" if not arguments.dry_run else ""))
    return 0


def as_dictionary(report: Report) -> dict[str, Any]:
    """The report as JSON says it."""
    return {
        **asdict(report.correction),
        "swapped": list(report.swapped),
        "misfit_us": round(report.misfit_us, 1),
        "unseen": [list(pair) for pair in report.unseen],
        "doubts": list(report.doubts),
    }


def sentences(report: Report, array: MicrophoneArray) -> Sequence[str]:
    """The report for people; channels are counted from 0."""
    correction = report.correction
    order = correction.order
    said = [
        *(f"channel {c}: dead, or it hears something else; left out" for c in correction.dead),
        *(f"channel {order[i]}: is where {array.name} has microphone {i}" for i in report.swapped),
        *(
            f"channel {order[i]}: {-gain:+.1f} dB beside the others, evened out"
            for i, gain in enumerate(correction.gains_db)
            if abs(gain) >= NOTABLE_DB
        ),
        f"turned by {correction.rotation:+.0f} degrees against {array.name}",
    ]
    if report.unseen:
        pairs = ", ".join(f"{a} and {b}" for a, b in report.unseen)
        said.append(f"from these places swaps would not show of channels {pairs}")
    return said
