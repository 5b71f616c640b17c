"""What a long measurement has found so far, kept in a file, so that an interrupted one goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from engine.errors import UserError


class Kept:
    """Answers by name, in a file of lines; the first says who gave them.

    Raises UserError where that was another one.
    """

    def __init__(self, file: Path, maker: str) -> None:
        self._file = file
        text = file.read_text() if file.exists() else ""
        whole = text[: text.rfind("\n") + 1]  # the last line may be half a one
        first, *lines = whole.splitlines() or [maker]
        if first != maker:
            raise UserError(
                f"{file}: heard by other networks or other listeners", "remove it, or name another"
            )
        file.write_text("".join(f"{line}\n" for line in (first, *lines)))
        self.known: dict[str, Any] = dict(json.loads(line) for line in lines)

    def all_of(
        self,
        pool: Executor,
        answer: Callable[[Any], Any],
        work: dict[str, Any],
        told: Callable[[str], object],
    ) -> list[Any]:
        """What `answer` makes of each piece of `work`, as JSON has it; what is known is not asked
        again. `told` hears how far it is."""
        left = {name: piece for name, piece in work.items() if name not in self.known}
        done = len(work) - len(left)
        with self._file.open("a") as file:
            for name, found in zip(left, pool.map(answer, left.values()), strict=True):
                self.known[name] = found
                file.write(json.dumps([name, found]) + "\n")
                file.flush()
                done += 1
                told(f"{done} of {len(work)}")
        return [self.known[name] for name in work]
