"""Where a measured lens is kept: one small JSON file in the state directory.

It wins over `camera.field_of_view` until it is reset, and counts only for
pictures of the shape that it was made with. Reads, checks and writes it;
measures nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from engine.errors import UserError
from engine.files import write_atomically
from engine.paths import expanded
from engine.seeing.geometry import Lens, Projection
from engine.seeing.optics import Model, Optics

FILE = "camera.json"
REMEDY = "calibrate anew, or forget it with: heliotrope calibrate camera --reset"


def keep(state_dir: Path, optics: Optics) -> Path:
    """Write it. Raises UserError."""
    path = state_dir / FILE
    try:
        write_atomically(path, f"{json.dumps(asdict(optics), indent=1)}\n".encode())
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


def kept(state_dir: Path) -> Optics | None:
    """The measured lens; None without one. Raises UserError where the file is damaged."""
    path = expanded(state_dir) / FILE
    try:
        raw = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}", "allow it") from None
    except (ValueError, RecursionError):
        raise UserError(f"{path}: damaged", REMEDY) from None
    try:
        return _parsed(raw)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise UserError(f"{path}: damaged ({error})", REMEDY) from None


def measured(state_dir: Path, lens: Lens) -> Lens:
    """`lens` as it was measured, or as it is configured. Raises UserError for a damaged file."""
    optics = kept(state_dir)
    if optics is None or not optics.fits(lens.width, lens.height):
        return lens
    projection = Projection.EQUIDISTANT if optics.model is Model.FISHEYE else Projection.RECTILINEAR
    return replace(lens, field_of_view=optics.field_of_view, projection=projection, optics=optics)


def _parsed(raw: Any) -> Optics:
    if not isinstance(raw, Mapping):
        raise ValueError("not an object")  # noqa: TRY004 - worded for the file's owner
    return Optics(
        model=Model(raw["model"]),
        width=int(raw["width"]),
        height=int(raw["height"]),
        focal=_numbers(raw["focal"], 2),
        centre=_numbers(raw["centre"], 2),
        distortion=_numbers(raw["distortion"], len(raw["distortion"])),
        error=float(raw["error"]),
        pictures=int(raw["pictures"]),
    )


def _numbers(raw: Any, count: int) -> Any:
    found = tuple(float(value) for value in raw)
    if len(found) != count:
        raise ValueError(f"{count} numbers are needed")
    return found
