"""Many runs: scenarios by policies by seeds, over a few processes, and what came of them.

The results are in the order asked for and depend on nothing but scenario,
seed and policy, whatever the number of processes. Nothing is printed here.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from engine.bench import runner
from engine.bench.metrics import METRICS, score
from engine.bench.policies import OURS, POLICIES
from engine.sim.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Job:
    """One run to make."""

    scenario: Scenario
    policy: str
    seed: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The figures of one run; `step_us` are the 50th and 99th percentile of the policy's step."""

    seed: int
    figures: dict[str, float]
    step_us: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Result:
    """All seeds of a scenario under a policy."""

    scenario: Scenario
    policy: str
    outcomes: tuple[Outcome, ...]

    @property
    def ours(self) -> bool:
        return self.policy == OURS

    @property
    def names(self) -> list[str]:
        """The metrics that apply, in the order of the table."""
        return [m for m in METRICS if any(m in o.figures for o in self.outcomes)]

    def values(self, metric: str) -> list[float]:
        return [o.figures[metric] for o in self.outcomes if metric in o.figures]

    def mean(self, metric: str) -> float:
        values = self.values(metric)
        return round(sum(values) / len(values), 4)

    def worst(self, metric: str) -> float:
        return round(METRICS[metric].worst(self.values(metric)), 4)

    def worst_seed(self, metric: str) -> int:
        worst = METRICS[metric].worst(self.values(metric))
        return next(o.seed for o in self.outcomes if o.figures.get(metric) == worst)

    def missed(self) -> list[str]:
        """The floors that the worst seed misses; a floor that nothing measured is missed, too."""
        return [
            f.metric
            for f in self.scenario.floors
            if not self.values(f.metric)
            or not METRICS[f.metric].passes(METRICS[f.metric].worst(self.values(f.metric)), f.value)
        ]

    @property
    def passed(self) -> bool:
        violated = any(o.figures.get("violations", 0.0) > 0.0 for o in self.outcomes)
        return not self.missed() and not violated

    def step_us(self) -> tuple[float, float]:
        """The 50th and 99th percentile of a step in microseconds, in the least disturbed seed.

        Other work on the machine adds to some seeds what has nothing to do with the policy.
        """
        return min(o.step_us[0] for o in self.outcomes), min(o.step_us[1] for o in self.outcomes)

    def as_json(self) -> dict[str, object]:
        """The form that the design fixes."""
        return {
            "scenario": self.scenario.name,
            "policy": self.policy,
            "seeds": len(self.outcomes),
            "metrics": {m: {"mean": self.mean(m), "worst": self.worst(m)} for m in self.names},
            "floors": {f.metric: f.value for f in self.scenario.floors},
            "passed": self.passed,
        }


def play(
    scenarios: Sequence[Scenario],
    policies: Sequence[str],
    seeds: Sequence[int],
    jobs: int,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> list[Result]:
    """Every scenario with every policy and seed, on at most `jobs` processes."""
    heads = [(s, p) for s in scenarios for p in policies if s.peers or p == OURS]
    todo = [Job(s, p, seed) for s, p in heads for seed in seeds]
    outcomes: list[Outcome] = []
    for outcome in _outcomes(todo, jobs):
        outcomes.append(outcome)
        progress(len(outcomes), len(todo))
    each = len(seeds)
    return [
        Result(s, p, tuple(outcomes[i * each : (i + 1) * each])) for i, (s, p) in enumerate(heads)
    ]


def _outcomes(todo: Sequence[Job], jobs: int) -> Iterator[Outcome]:
    if jobs <= 1 or len(todo) <= 1:
        yield from map(run_job, todo)
        return
    # A fresh interpreter: forking a process that has threads is asking for trouble.
    context = multiprocessing.get_context("spawn")
    with context.Pool(min(jobs, len(todo)), initializer=_apprentice) as pool:
        yield from pool.imap(run_job, todo)


def _apprentice() -> None:
    """A worker leaves Ctrl-C to its parent, and does not outlive it however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def run_job(job: Job) -> Outcome:
    """One run and its figures."""
    done = runner.run(job.scenario, job.seed, POLICIES[job.policy])
    return Outcome(job.seed, score(done.trace), _percentiles(done.step_seconds))


def _percentiles(seconds: Iterable[float]) -> tuple[float, float]:
    ordered = sorted(seconds)
    last = len(ordered) - 1
    return 1e6 * ordered[last // 2], 1e6 * ordered[round(0.99 * last)]
