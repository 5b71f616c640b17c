"""Microphone arrays: where the microphones are, and what such an array can tell.

Reads the shipped YAML files by name, or a user's own by path, checks them and
says in words what the geometry cannot resolve. Positions are metres in the
array's own frame: x forward (azimuth 0), y left, z up. Nothing here touches
sound.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from engine.config_yaml import parse_yaml
from engine.errors import UserError
from engine.paths import expanded, is_there

SPEED_OF_SOUND = 343.0
"""Metres per second in air at 20 degrees Celsius."""

SHIPPED = Path(__file__).with_name("arrays")
MIN_MICROPHONES, MAX_MICROPHONES = 2, 32
MIN_SPACING, MAX_SPAN = 0.002, 2.0
_SHORT = 60
"""Characters of a value in a message."""
_FLAT = 1e-3
"""A spread below this share of the largest one counts as none: a line, a plane."""


@dataclass(frozen=True, eq=False)
class MicrophoneArray:
    """`positions` is (microphones, 3) in metres, read-only.

    `device_channels` are the channels of a live device that carry the
    microphones, in order, where a device has more than these (a processed
    one, a loopback); recordings carry exactly the microphones. `sphere` is the
    radius in metres of a case about the origin that the microphones sit on or
    around, None where nothing stands in the sound's way.
    """

    name: str
    positions: npt.NDArray[np.float64]
    device_channels: tuple[int, ...] | None = None
    sphere: float | None = None

    @property
    def channels(self) -> int:
        return int(self.positions.shape[0])

    @property
    def span(self) -> float:
        """The largest distance between two microphones, metres."""
        return float(_distances(self.positions).max())

    @property
    def aliasing_hz(self) -> float:
        """Above this frequency every pair is wider than half a wave.

        One pair alone then has several answers; many unlike pairs together
        still tell them apart, with less margin.
        """
        return SPEED_OF_SOUND / (2.0 * float(_distances(self.positions).min()))

    @property
    def is_line(self) -> bool:
        """Whether all microphones lie on one line: left and right of it sound the same."""
        return bool(_extents(self.positions)[1] < _FLAT)

    @property
    def sees_azimuth(self) -> bool:
        """Whether seen from above the microphones span a plane."""
        flat = self.positions.copy()
        flat[:, 2] = 0.0
        return bool(_extents(flat)[1] >= _FLAT)

    def limits(self) -> tuple[str, ...]:
        """What this geometry cannot tell, in sentences for people."""
        said = []
        if not self.sees_azimuth:
            said.append(
                "seen from above the microphones lie on a line: a voice and its mirror image on "
                "the other side of that line cannot be told apart, such voices are `ambiguous`"
            )
        said.append(
            f"closest pair aliases above {self.aliasing_hz:.0f} Hz"
            + ("; speech below it decides" if self.aliasing_hz < 4000.0 else "")
        )
        if self.span < 0.03:
            said.append(f"only {self.span * 1000:.0f} mm wide: low voices are located coarsely")
        return tuple(said)

    def rotated(self, degrees: float) -> MicrophoneArray:
        """The same array, turned counter-clockwise about z."""
        c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
        return make_array(self.name, self.positions @ turn.T, self.device_channels, self.sphere)


def make_array(
    name: str,
    positions: npt.ArrayLike,
    device_channels: tuple[int, ...] | None = None,
    sphere: float | None = None,
) -> MicrophoneArray:
    """An array from coordinates already known to be sound (tests, simulators)."""
    fixed = np.array(positions, dtype=np.float64)
    fixed.setflags(write=False)
    return MicrophoneArray(name, fixed, device_channels, sphere)


def ring(microphones: int, radius: float) -> MicrophoneArray:
    """Equally spaced microphones on a circle, the first one at azimuth 0."""
    angles = 2.0 * np.pi * np.arange(microphones) / microphones
    spots = radius * np.stack([np.cos(angles), np.sin(angles), np.zeros(microphones)], axis=1)
    return make_array(f"ring_{microphones}", spots)


def shipped_arrays() -> tuple[str, ...]:
    """The names that `load_array` knows without a file."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.yaml")))


def load_array(name_or_file: str | Path) -> MicrophoneArray:
    """A shipped array by name, or one from a YAML file. Raises UserError."""
    text = str(name_or_file)
    if text in shipped_arrays():
        return _read(SHIPPED / f"{text}.yaml")
    path = expanded(text)
    if path.suffix in {".yaml", ".yml"} or is_there(path):
        return _read(path)
    close = difflib.get_close_matches(text, shipped_arrays(), n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    raise UserError(
        f"unknown microphone array {text!r}",
        f"{hint}known: {', '.join(shipped_arrays())}; or give a .yaml file",
    )


def _read(path: Path) -> MicrophoneArray:
    problems: list[UserError] = []
    try:
        text = path.read_text(encoding="utf-8")
        raw = yaml.safe_load(text)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}", "check the path") from error
    except RecursionError:
        raise UserError(f"{path}: is nested too deeply", "see docs for an example") from None
    except (ValueError, yaml.YAMLError) as error:  # a ValueError for a date that there is not
        raise UserError(f"{path}: not readable YAML: {error}", "see docs for an example") from error
    if isinstance(raw, Mapping):
        parse_yaml(text, str(path), problems)
    if problems:  # a key given twice, of which YAML would silently take the last
        raise problems[0]
    return parse_array(raw, str(path))


def parse_array(raw: object, where: str) -> MicrophoneArray:
    """An array from parsed YAML; `where` names the file in errors. Raises UserError."""
    if not isinstance(raw, Mapping):
        raise UserError(f"{where}: not a mapping", "needs the keys name and microphones")
    known = {"name", "microphones", "channels", "sphere"}
    for key in raw:
        if key not in known:
            close = difflib.get_close_matches(str(key), sorted(known), n=1)
            hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(sorted(known))}"
            raise UserError(f"{where}: unknown key {_short(key)}", hint)
    name = raw.get("name")
    if not isinstance(name, str) or not name.strip():
        raise UserError(f"{where}: name: missing or not a text", "give the array a name")
    positions = _positions(raw.get("microphones"), where)
    channels = _device_channels(raw.get("channels"), len(positions), where)
    _check_geometry(positions, where)
    return make_array(name, positions, channels, _sphere(raw.get("sphere"), positions, where))


def _sphere(raw: Any, positions: npt.NDArray[np.float64], where: str) -> float | None:
    if raw is None:
        return None
    if not finite_number(raw) or not 0.005 <= raw <= 0.5:
        raise UserError(f"{where}: sphere: {_short(raw)}", "needs its radius, 0.005 to 0.5 metres")
    inside = [i for i, r in enumerate(np.linalg.norm(positions, axis=1)) if r < raw - 1e-3]
    if inside:
        raise UserError(
            f"{where}: microphones[{inside[0]}]: inside the sphere of {raw:g} m",
            "microphones sit on it or outside; its centre is the origin",
        )
    return float(raw)


def _positions(raw: Any, where: str) -> npt.NDArray[np.float64]:
    key = f"{where}: microphones"
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        raise UserError(f"{key}: missing or not a list", "list [x, y, z] in metres for each")
    if not MIN_MICROPHONES <= len(raw) <= MAX_MICROPHONES:
        raise UserError(
            f"{key}: {len(raw)} given", f"needs {MIN_MICROPHONES} to {MAX_MICROPHONES} of them"
        )
    rows = []
    for index, row in enumerate(raw):
        numbers = isinstance(row, Sequence) and all(map(finite_number, row))
        if not numbers or len(row) != 3:
            raise UserError(
                f"{key}[{index}]: {_short(row)}", "needs three numbers, [x, y, z] in metres"
            )
        rows.append([float(v) for v in row])
    return np.array(rows)


def _device_channels(raw: Any, microphones: int, where: str) -> tuple[int, ...] | None:
    if raw is None:
        return None
    good = isinstance(raw, Sequence) and not isinstance(raw, str)
    good = good and all(type(v) is int and 0 <= v < 64 for v in raw)
    if not good or len(raw) != microphones or len(set(raw)) != microphones:
        raise UserError(
            f"{where}: channels: {_short(raw)}",
            f"needs {microphones} different channel numbers from 0",
        )
    return tuple(raw)


def finite_number(value: object) -> bool:
    """Whether a value from a file is a number, and one that a float can hold."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond all floats
        return False


def _short(value: object) -> str:
    """`value` for a message; Python refuses to write out an integer of too many digits."""
    try:
        text = repr(value)
    except ValueError:
        return "a number of thousands of digits"
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}..."


def _check_geometry(positions: npt.NDArray[np.float64], where: str) -> None:
    distances = _distances(positions)
    if distances.min() < MIN_SPACING:
        raise UserError(
            f"{where}: microphones: two of them are {distances.min() * 1000:.1f} mm apart",
            "each needs its own place, in metres",
        )
    if distances.max() > MAX_SPAN:
        raise UserError(
            f"{where}: microphones: {distances.max():g} m from end to end",
            "positions are in metres, not in centimetres or millimetres",
        )
    if np.ptp(positions[:, :2], axis=0).max() < MIN_SPACING:
        raise UserError(
            f"{where}: microphones: all above one another",
            "an array without width cannot tell any azimuth; spread it in x and y",
        )


def _distances(positions: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    first, second = np.triu_indices(len(positions), 1)
    return np.asarray(np.linalg.norm(positions[first] - positions[second], axis=1))


def _extents(positions: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Singular values of the centred positions over the largest one."""
    values = np.linalg.svd(positions - positions.mean(axis=0), compute_uv=False)
    full = np.zeros(3)
    full[: len(values)] = values
    return full / full[0] if full[0] > 0 else full
