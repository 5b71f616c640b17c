"""A network with a script, for tests of what is made of its answers."""

from __future__ import annotations


class Saying:
    """Says one thing after the other, every `stride` steps, and 0 at the steps between."""

    def __init__(self, *answers: float, stride: int = 3) -> None:
        self.stride, self._answers, self._steps = stride, list(answers), 0

    def reset(self) -> None:
        self._steps = 0

    def probability(self, _: object) -> float:
        self._steps += 1
        return 0.0 if self._steps % self.stride else self._answers.pop(0)
