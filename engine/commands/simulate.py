"""`heliotrope simulate`: plays scenarios in simulated time and scores them.

Parses arguments, prints a table or JSON, and says by the exit code whether
every floor was reached. The work is in `engine.bench`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from pathlib import Path

from engine.bench import report, scenario_file, suite
from engine.bench.policies import OURS, POLICIES
from engine.config_check import suggestion
from engine.errors import UserError

HELP = "Play scenarios in simulated time and score them, with simpler policies beside ours."
EXAMPLES = """
  heliotrope simulate                          every scenario, 20 seeds
  heliotrope simulate cook walker --seeds 5
  heliotrope simulate cook --seeds 7-7 --plot plots/
  heliotrope simulate my_kitchen.yaml --plot plots/
  heliotrope simulate --list
"""
SHOWN_POLICIES = (OURS, "naive")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "scenarios",
        nargs="*",
        metavar="SCENARIO",
        help="a name of --list or a YAML file; all of --list when none is given",
    )
    parser.add_argument(
        "--seeds", default="20", metavar="N", help="seeds 1 to N (20), or 7-9 for just those"
    )
    parser.add_argument("--json", action="store_true", help="the scores as JSON on stdout")
    parser.add_argument(
        "--plot", type=Path, metavar="DIR", help="draw the worst seed of each scenario as PNG"
    )
    parser.add_argument("--list", action="store_true", help="list the scenarios and stop")
    parser.add_argument(
        "--policy",
        action="append",
        metavar="NAME",
        help=f"which policies to play ({', '.join(POLICIES)}); {' and '.join(SHOWN_POLICIES)}"
        " if not given",
    )
    parser.add_argument(
        "--jobs", type=int, default=min(2, os.cpu_count() or 1), metavar="N", help="processes (2)"
    )
    parser.add_argument("--timing", action="store_true", help="how long a decision took, too")


def run(arguments: argparse.Namespace) -> int:
    words = arguments.scenarios or list(scenario_file.shipped())
    scenarios = [scenario_file.load(scenario_file.find(word)) for word in words]
    if arguments.list:
        print("\n".join(report.listing(scenarios)))
        print("\nmetrics:\n" + "\n".join(report.explanation()))
        return 0
    seeds = _seeds(arguments.seeds)
    if arguments.jobs < 1:
        raise UserError(f"--jobs {arguments.jobs}: too few", "give 1 or more")
    policies = list(dict.fromkeys(arguments.policy or SHOWN_POLICIES))
    for policy in policies:
        if policy not in POLICIES:
            close = suggestion(policy, POLICIES)
            hint = f"did you mean {close}?" if close else f"choose from {', '.join(POLICIES)}"
            raise UserError(f"--policy {policy}: no such policy", hint)
    if arguments.plot is not None:
        _prepare(arguments.plot)
    results = suite.play(scenarios, policies, seeds, arguments.jobs, _progress)
    if arguments.json:
        print(json.dumps([r.as_json() for r in results], indent=2))
    else:
        print("\n".join(report.table(results, arguments.timing)))
    if arguments.plot is not None:
        _plot(results, arguments.plot)
    return 0 if all(r.passed for r in results if r.ours) else 1


def _seeds(text: str) -> range:
    match = re.fullmatch(r"(?:(\d{1,9})-)?(\d{1,9})", text)
    first, last = (int(match[1] or 1), int(match[2])) if match else (1, 0)
    if first < 1 or last < first:
        raise UserError(f"--seeds {text}: no seeds", "give a number from 1, or a range like 7-9")
    return range(first, last + 1)


def _progress(done: int, of: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done}/{of} runs", end="\n" if done == of else "", file=sys.stderr, flush=True)
    elif done == of or done % 100 == 0:
        print(f"{done}/{of} runs", file=sys.stderr, flush=True)


def _prepare(directory: Path) -> None:
    """Fail before the long work, not after it."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise UserError(
            "--plot needs matplotlib, which is not installed", "pip install 'heliotrope[sim]'"
        ) from None
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"--plot {directory}: cannot be made ({error.strerror})", "name another directory"
        ) from None


def _plot(results: list[suite.Result], directory: Path) -> None:
    from engine.bench import plot

    for result in results:
        if result.ours:
            print(plot.draw_worst(result, directory), file=sys.stderr)
