"""What a run is worth: every metric of the design in one table, by name.

The measures themselves are in `following`, `answers` and `safety`; all are
pure functions of a trace, so that one made by hand can prove each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.bench import answers, following, safety
from engine.bench.trace import Trace


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure: which way is better, its unit, and what it says."""

    more_is_better: bool
    unit: str
    about: str

    def worst(self, values: list[float]) -> float:
        return min(values) if self.more_is_better else max(values)

    def passes(self, value: float, floor: float) -> bool:
        slack = 1e-9
        return value >= floor - slack if self.more_is_better else value <= floor + slack


METRICS: dict[str, Metric] = {
    "V": Metric(True, "%", "of the time the user is faced within 25 degrees"),
    "TR": Metric(False, "", "travel over the least travel that would do"),
    "M": Metric(False, "%", "of the time in motion"),
    "U": Metric(False, "/10 min", "unneeded moves"),
    "RT": Metric(False, "s", "from a stimulus to the first motion towards it"),
    "ST": Metric(False, "s", "from a stimulus's end to settled within 3 degrees"),
    "OS": Metric(False, "deg", "overshoot beyond the user"),
    "J": Metric(False, "deg/s3", "peak jerk of the commanded motion"),
    "W": Metric(False, "%", "of the time facing a distractor and not the user"),
    "violations": Metric(False, "", "of safety or privacy; any one fails the run"),
    "stop": Metric(False, "s", "from the shutter's edge to standstill"),
    "closed_deg": Metric(False, "deg", "commanded with the shutter closed, after braking"),
    "closed_frames": Metric(False, "", "frames read with the shutter closed"),
    "excursions": Metric(False, "", "samples outside the range of motion"),
    "false_pushes": Metric(False, "", "touches taken for a manual push"),
    "pushes_felt": Metric(True, "%", "of manual pushes recognised"),
    "yield": Metric(False, "s", "from a hand's touch to no torque against it"),
    "fights": Metric(False, "", "pushes during which the motor pushed back"),
    "alert": Metric(False, "s", "from an entry to the alert, armed"),
    "false_alerts": Metric(False, "", "alerts with nobody there"),
}


def score(trace: Trace) -> dict[str, float]:
    """All metrics that apply to this trace, by name."""
    figures: dict[str, float] = {}
    for name, measure in _MEASURES.items():
        value = measure(trace)
        if value is not None:
            figures[name] = round(value, 6)
    return figures


_MEASURES: dict[str, Callable[[Trace], float | None]] = {
    "V": following.in_view,
    "TR": following.travel_ratio,
    "M": following.in_motion,
    "U": following.unneeded,
    "RT": answers.reaction,
    "ST": answers.settling,
    "OS": answers.overshoot,
    "J": safety.jerk,
    "W": following.wrong_way,
    "violations": safety.violations,
    "stop": safety.stopping,
    "closed_deg": lambda trace: trace.closed_deg if trace.closings else None,
    "closed_frames": lambda trace: float(trace.closed_frames) if trace.closings else None,
    "excursions": safety.excursions,
    "false_pushes": lambda trace: float(trace.false_pushes) if trace.touched else None,
    "pushes_felt": safety.pushes_felt,
    "yield": safety.yielding,
    "fights": safety.fights,
    "alert": safety.alerting,
    "false_alerts": safety.false_alerts,
}
