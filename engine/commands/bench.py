"""`heliotrope bench`: each stage's speed beside a named baseline, as ratios.

Prints only; the stages and how they are measured are in `engine.bench`.
"""

from __future__ import annotations

import argparse
import json

from engine.bench.stages import STAGES, Row, rows_of

HELP = "speed: each stage against its baseline, side by side in one run, as ratios"
EXAMPLES = """
  heliotrope bench
  heliotrope bench brain --json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "stage",
        nargs="?",
        metavar="STAGE",
        choices=sorted(STAGES),
        help=f"one of {', '.join(sorted(STAGES))} (default: all)",
    )
    parser.add_argument("--json", action="store_true", help="a JSON list instead of a table")


def run(arguments: argparse.Namespace) -> int:
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


def _as_dictionary(row: Row) -> dict[str, str | float]:
    return {
        "stage": row.stage,
        "ours_ms": row.ours_ms,
        "baseline_name": row.baseline_name,
        "baseline_ms": row.baseline_ms,
        "ratio": row.ratio,
    }
