"""Where a microphone calibration is kept: one small JSON file in the state directory.

It wins over the array's own file until it is reset, and counts only for the
array that it was made with. Reads, checks and writes it; makes no calibration.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.errors import UserError
from engine.files import write_atomically
from engine.hearing.arrays import MicrophoneArray, finite_number
from engine.hearing.calibration import GAIN_RANGE_DB, Correction
from engine.paths import expanded

FILE = "microphones.json"
REMEDY = "calibrate anew, or forget it with: heliotrope calibrate microphones --reset"


def keep(state_dir: Path, array: MicrophoneArray, correction: Correction) -> Path:
    """Write it. Raises UserError."""
    path = state_dir / FILE
    text = json.dumps({"array": array.name, **asdict(correction)}, indent=1)
    try:
        write_atomically(path, f"{text}\n".encode())
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror})", "allow it") from None
    return path


def forget(state_dir: Path) -> bool:
    """Whether there was one. Raises UserError."""
    path = expanded(state_dir) / FILE
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise UserError(f"{path}: cannot be removed ({error.strerror})", "allow it") from None
    return True


def kept(state_dir: Path, array: MicrophoneArray) -> Correction | None:
    """The calibration of `array`; None without one. Raises UserError where it is damaged."""
    path = expanded(state_dir) / FILE
    try:
        raw = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}", "allow it") from None
    except (ValueError, RecursionError):
        raise UserError(f"{path}: damaged", REMEDY) from None
    if isinstance(raw, Mapping) and raw.get("array") != array.name:
        return None
    return _parsed(raw, array.channels, path)


def corrected(state_dir: Path, array: MicrophoneArray) -> tuple[MicrophoneArray, Correction | None]:
    """The array as the board really stands, and what to do to its channels."""
    correction = kept(state_dir, array)
    return (array, None) if correction is None else (array.rotated(correction.rotation), correction)


def _parsed(raw: Any, channels: int, path: Path) -> Correction:
    def fail(key: str) -> UserError:
        return UserError(f"{path}: {key}: damaged", REMEDY)

    if not isinstance(raw, Mapping):
        raise fail("the whole")
    order, gains, dead = (raw.get(key) for key in ("order", "gains_db", "dead"))
    if not isinstance(order, list) or sorted(map(str, order)) != sorted(map(str, range(channels))):
        raise fail("order")
    if not isinstance(gains, list) or len(gains) != channels or not all(map(_gain, gains)):
        raise fail("gains_db")
    if not isinstance(dead, list) or not all(type(d) is int and 0 <= d < channels for d in dead):
        raise fail("dead")
    rotation: Any = raw.get("rotation")
    if not finite_number(rotation) or abs(rotation) > 360.0:
        raise fail("rotation")
    return Correction(
        tuple(int(i) for i in order), tuple(map(float, gains)), tuple(dead), float(rotation)
    )


def _gain(value: Any) -> bool:
    return finite_number(value) and abs(value) <= GAIN_RANGE_DB
