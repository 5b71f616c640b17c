"""What a look at a part of the device comes to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    FOUND = "found"
    SIMULATED = "simulated"
    OFF = "off"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one part; `remedy` only where it is missing."""

    part: str
    outcome: Outcome
    detail: str
    remedy: str = ""


Result = tuple[Outcome, str]
"""What a probe found, and its words. Where a part is missing it raises UserError instead."""
