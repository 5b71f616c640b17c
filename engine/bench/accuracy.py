"""The table of hearing: ours beside open localisers on freshly drawn rooms, as text.

`script/measure hearing` keeps the long one; this is for whoever wants to see it
happen, with rooms that nobody has seen before.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from engine.bench.hearing import JOBS, ROOMS, one_room
from engine.bench.hearing_contest import Answer, table
from engine.bench.hearing_scenes import MEASURING
from engine.errors import UserError

Progress = Callable[[str], None]


def hearing(rooms: int, seed: int, progress: Progress) -> dict[str, Any]:
    """Cells by condition and algorithm, of `rooms` for each reverberation time.

    Raises UserError without the dry voices, or without pyroomacoustics.
    """
    if missing := MEASURING.missing():
        raise UserError(
            f"no dry voices to measure hearing with: {', '.join(missing)}",
            "apt install asterisk-core-sounds-{en,ru}-g722 asterisk-moh-opsound-g722 ffmpeg",
        )
    # Even numbers: the rivals hear every second scene.
    work = [(rt60, (seed, 2 * index)) for index in range(rooms) for rt60 in ROOMS]
    answers: list[Answer] = []
    with ProcessPoolExecutor(JOBS) as pool:
        for number, part in enumerate(pool.map(one_room, work)):
            progress(f"room {number + 1} of {len(work)}")
            answers += part
    return table(a for a in answers if not a.cell.endswith("nobody"))


def as_text(cells: dict[str, Any]) -> str:
    """Median error / % within 10 degrees / % beyond 30 degrees, a condition a line."""
    names = list(dict.fromkeys(name for cell in cells.values() for name in cell))
    lines = [" " * 20 + "".join(f"{name[:21]:>23}" for name in names)]
    for condition, cell in cells.items():
        shown = (
            f"{c['median_deg']:.1f}/{c['within_10']:.0f}/{c['beyond_30']:.0f}"
            for c in (cell[name] for name in names)
        )
        lines.append(f"{condition:20}" + "".join(f"{text:>23}" for text in shown))
    return "\n".join([*lines, "median degrees / % within 10 / % beyond 30"])
