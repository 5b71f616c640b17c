"""What to publish when: changes only, each key at its own pace, all together within a budget.

Pure bookkeeping over a clock that is given. A value that must wait is not
queued: when its turn comes, the newest one goes. So the last state always
arrives, and a noisy sensor cannot flood a home's broker.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

AT_REST_PER_SECOND = 0.8
"""Below the 1 message/s that a device at rest may send."""

MOVING_PER_SECOND = 12.0
BURST = 10.0


@dataclass(frozen=True, slots=True)
class Pace:
    """`every`: least seconds between two values; `step`: least change of a number that counts.

    `urgent` values (what a person has just set, what protects them) spend no budget.
    """

    every: float = 0.0
    step: float = 0.0
    urgent: bool = False


@dataclass(slots=True)
class Rates:
    """One per connection: a new one publishes everything once."""

    paces: Mapping[str, Pace]
    _sent: dict[str, tuple[str, float]] = field(default_factory=dict)
    _budget: float = BURST
    _filled_at: float | None = None

    def due(self, values: Mapping[str, str], now: float, moving: bool) -> list[tuple[str, str]]:
        """The keys and values to publish at `now`: urgent ones, then longest waiting first."""
        self._fill(now, moving)
        chosen = []
        for key in self._waiting(values):
            value, pace = values[key], self.paces[key]
            first = key not in self._sent
            if not first and now - self._sent[key][1] < pace.every:
                continue
            if not (first or pace.urgent):
                if self._budget < 1.0:
                    continue
                self._budget -= 1.0
            self._sent[key] = (value, now)
            chosen.append((key, value))
        return chosen

    def waits(self, values: Mapping[str, str]) -> bool:
        """Whether a change is held back, so that `due` must be asked again."""
        return any(True for _ in self._waiting(values))

    def _waiting(self, values: Mapping[str, str]) -> Iterable[str]:
        changed = [key for key in self.paces if key in values and self._differs(key, values[key])]
        return sorted(changed, key=self._order)

    def _order(self, key: str) -> tuple[bool, float]:
        return not self.paces[key].urgent, self._sent.get(key, ("", float("-inf")))[1]

    def _differs(self, key: str, value: str) -> bool:
        if key not in self._sent:
            return True
        old, step = self._sent[key][0], self.paces[key].step
        if old == value:
            return False
        try:
            return abs(float(old) - float(value)) >= step
        except ValueError:
            return True

    def _fill(self, now: float, moving: bool) -> None:
        if self._filled_at is not None:
            rate = MOVING_PER_SECOND if moving else AT_REST_PER_SECOND
            self._budget = min(BURST, self._budget + rate * (now - self._filled_at))
        self._filled_at = now
