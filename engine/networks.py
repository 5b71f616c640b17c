"""Loads the networks that ship with the engine, after checking that they are the measured ones.

A network whose hash differs from its card is refused: its thresholds would
mean nothing. Nothing is ever downloaded. Origin and licence of each network
are in the models.json beside it. Knows nothing of what they see or hear.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import UserError

if TYPE_CHECKING:
    import onnxruntime as ort

SEEING = Path(__file__).parent / "seeing" / "models"
HEARING = Path(__file__).parent / "hearing" / "models"


def cards(folder: Path) -> dict[str, dict[str, Any]]:
    """What is known of each network of a folder: file, sha256, origin, licence."""
    path = folder / "models.json"
    try:
        found: dict[str, dict[str, Any]] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: unreadable: {error}", "reinstall heliotrope") from error
    return found


def verified(name: str, folder: Path) -> bytes:
    """The bytes of network `name`. Raises UserError when they are missing or have changed."""
    card = cards(folder)[name]
    path = folder / str(card["file"])
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}", "reinstall heliotrope") from error
    if hashlib.sha256(data).hexdigest() != card["sha256"]:
        raise UserError(
            f"{path}: not the network that was measured (its hash differs)",
            "reinstall heliotrope",
        )
    return data


def session(
    name: str, folder: Path, threads: int = 1, fixed: Mapping[str, int] | None = None
) -> ort.InferenceSession:
    """An ONNX Runtime session on the processor, `threads` wide. Raises ImportError without it.

    `fixed` sizes, by the names that the network has for them, let it settle questions of shape
    once.
    """
    import onnxruntime as ort  # here, so that seeing can do without (engine.seeing.runtime)

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Spinning threads would hold a core between frames; an arena would keep
    # activations (remains of a picture) and grow with every input shape.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False
    for size, value in (fixed or {}).items():
        options.add_free_dimension_override_by_name(size, value)
    return ort.InferenceSession(verified(name, folder), options, providers=["CPUExecutionProvider"])
