"""`heliotrope bench`: each stage's speed beside a named baseline, as ratios; hearing's accuracy.

Prints only; the stages and how they are measured are in `engine.bench`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import secrets
import sys

from engine.bench.stages import STAGES, Row, rows_of
from engine.errors import UserError

HELP = "speed: each stage against its baseline, side by side in one run, as ratios"
EXAMPLES = """
  heliotrope bench
  heliotrope bench brain --json
  heliotrope bench hearing --rooms 20
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "stage",
        nargs="?",
        metavar="STAGE",
        choices=sorted(STAGES),
        help=f"one of {', '.join(sorted(STAGES))} (default: all)",
    )
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    parser.add_argument(
        "--rooms",
        type=_count,
        metavar="N",
        help="with hearing: accuracy instead of speed, in N new rooms for each reverberation time "
        "(about 10 s each), beside pyroomacoustics' SRP-PHAT and NormMUSIC",
    )
    parser.add_argument("--seed", type=_seed, metavar="S", help="the rooms of an earlier run again")


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text}: needs at least one")
    return count


def _seed(text: str) -> int:
    seed = int(text)
    if seed < 0:
        raise argparse.ArgumentTypeError(f"{text}: needs a number from 0 on")
    return seed


def run(arguments: argparse.Namespace) -> int:
    if arguments.rooms is not None:
        return _accuracy(arguments)
    stages = [arguments.stage] if arguments.stage else list(STAGES)
    if arguments.json:
        rows = [_as_dictionary(row) for stage in stages for row in rows_of(stage)]
        print(json.dumps(rows, indent=2))
        return 0
    print(f"{'stage':24}{'ours ms':>12}{'baseline ms':>14}{'ratio':>10}  baseline")
    for stage in stages:
        for row in rows_of(stage):
            print(
                f"{row.stage:24}{row.ours_ms:12.4f}{row.baseline_ms:14.4f}{row.ratio:10.2f}"
                f"  {row.baseline_name}",
                flush=True,
            )
    return 0


def _accuracy(arguments: argparse.Namespace) -> int:
    if arguments.stage != "hearing":
        raise UserError("--rooms is about hearing", "heliotrope bench hearing --rooms 20")
    accuracy = importlib.import_module("engine.bench.accuracy")
    seed = secrets.randbelow(1 << 31) if arguments.seed is None else arguments.seed

    def tell(text: str) -> None:
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    cells = accuracy.hearing(arguments.rooms, seed, tell)
    print(file=sys.stderr)
    if arguments.json:
        print(json.dumps({"seed": seed, "cells": cells}, indent=2))
    else:
        print(accuracy.as_text(cells))
        print(f"the same rooms again: --seed {seed}")
    return 0


def _as_dictionary(row: Row) -> dict[str, str | float]:
    return {
        "stage": row.stage,
        "ours_ms": row.ours_ms,
        "baseline_name": row.baseline_name,
        "baseline_ms": row.baseline_ms,
        "ratio": row.ratio,
    }
