"""Run the long and the timed measurements and keep their figures under docs/measured.

One table says what there is; each entry takes the folder of recordings (or None) and a
function that is told of progress, and returns plain numbers. A finished entry is kept until
`--again`. Machines are described by processor, cores and Python only.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
KEPT = CHECKOUT / "docs" / "measured"
NOTE = "not yet measured on a Raspberry Pi 5"

Progress = Callable[[str], None]
Measure = Callable[[Path | None, Progress], dict[str, Any]]


def of_module(place: str) -> Measure:
    """`module:function`, imported only when it is its turn."""
    module, _, name = place.partition(":")

    def run(data: Path | None, progress: Progress) -> dict[str, Any]:
        found: Measure = getattr(importlib.import_module(module), name)
        return found(data, progress)

    return run


def heliotrope(*words: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "engine", *words]
    return subprocess.run(program, cwd=CHECKOUT, capture_output=True, text=True, check=False)


def scenarios(_data: Path | None, progress: Progress) -> dict[str, Any]:
    """The scenario benchmark over 20 seeds; a missed floor is a result, not a failure."""
    progress("heliotrope simulate --seeds 20")
    done = heliotrope("simulate", "--seeds", "20", "--json")
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr.strip())
    return {"floors_met": done.returncode == 0, "scenarios": json.loads(done.stdout)}


def brain(_data: Path | None, progress: Progress) -> dict[str, Any]:
    """Milliseconds of one decision."""
    speed = importlib.import_module("engine.bench.brain_speed")
    progress("a minute of events")
    times = sorted(speed.step_milliseconds(speed.events()))
    share = lambda q: round(times[min(len(times) - 1, int(q * len(times)))], 4)  # noqa: E731
    return {"steps": len(times), "p50_ms": share(0.5), "p99_ms": share(0.99), "max_ms": share(1.0)}


def speed(_data: Path | None, progress: Progress) -> dict[str, Any]:
    """Every stage of `heliotrope bench` beside its baseline."""
    stages = importlib.import_module("engine.bench.stages")
    figures: dict[str, Any] = {}
    for stage in stages.STAGES:
        progress(stage)
        figures[stage] = [
            {
                "stage": row.stage,
                "ours_ms": round(row.ours_ms, 4),
                "baseline": row.baseline_name,
                "baseline_ms": round(row.baseline_ms, 4),
                "ratio": round(row.ratio, 3),
            }
            for row in stages.rows_of(stage)
        ]
    return figures


def start(_data: Path | None, progress: Progress) -> dict[str, Any]:
    """Seconds from a fresh clone to a first word, and of commands once installed."""
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place:
        clone = Path(place) / "clone"
        subprocess.run(["git", "clone", "-q", CHECKOUT, clone], check=True)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HELIOTROPE_")}
        for name in ("first_run_s", "second_run_s"):
            progress(f"script/run --help, {name}")
            begun = time.perf_counter()
            command = [clone / "script" / "run", "--help"]
            subprocess.run(command, check=True, capture_output=True, env=environment)
            figures[name] = round(time.perf_counter() - begun, 2)
    begun = time.perf_counter()
    heliotrope("check")
    figures["check_s"] = round(time.perf_counter() - begun, 2)
    return figures


def home_assistant(data: Path | None, progress: Progress) -> dict[str, Any]:
    """What a real Home Assistant and a real broker go through with a real engine."""
    sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "tests" / "end_to_end")]
    figures: dict[str, Any] = importlib.import_module("home_assistant_life").measure(data, progress)
    return figures


MEASUREMENTS: dict[str, Measure] = {
    "brain": brain,
    "speed": speed,
    "start": start,
    "motion": of_module("engine.bench.motion:measure"),
    "seeing": of_module("engine.bench.seeing_quality:measure"),
    "seeing_speed": of_module("engine.bench.seeing_speed:measure"),
    "seeing_tried": of_module("engine.bench.seeing_tried:measure"),
    "hearing": of_module("engine.bench.hearing:measure"),
    "hearing_cost": of_module("engine.bench.hearing_cost:measure"),
    "own_noise": of_module("engine.bench.own_noise:measure"),
    "beam": of_module("engine.bench.beam:measure"),
    "wake_words": of_module("engine.bench.wake_words:measure"),
    "outbox": of_module("engine.bench.outbox:measure"),
    "alarm_sounds": of_module("engine.bench.alarm_sounds:measure"),
    "viewers": of_module("engine.bench.viewers:measure"),
    "restart": of_module("engine.bench.restart:measure"),
    "away": of_module("engine.bench.away:measure"),
    "shutter": of_module("engine.bench.shutter_speed:measure"),
    "peer_motion": of_module("engine.bench.peer_motion:measure"),
    "scenarios": scenarios,
    "home_assistant": home_assistant,
}


def machine() -> dict[str, Any]:
    """What the figures were taken on, without a name."""
    model = platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [line.partition(":") for line in info.read_text().splitlines()]
        model = next(
            (v.strip() for k, _, v in lines if k.strip() in ("model name", "Model")), model
        )
    return {"processor": model, "cores": os.cpu_count(), "python": platform.python_version()}


def data_folder() -> Path | None:
    data = Path(os.environ.get("HELIOTROPE_DATA") or CHECKOUT.parent / "shared" / "data")
    return data if data.is_dir() else None


def keep(name: str, figures: dict[str, Any], seconds: float) -> Path:
    """Write one entry; a reader sees the old file or the whole new one."""
    entry = {
        "name": name,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": machine(),
        "note": NOTE,
        "seconds": round(seconds, 1),
        "figures": figures,
    }
    KEPT.mkdir(parents=True, exist_ok=True)
    file = KEPT / f"{name}.json"
    part = file.with_suffix(".part")
    part.write_text(json.dumps(entry, indent=1, allow_nan=False) + "\n")
    part.replace(file)
    return file


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="script/measure", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all not yet kept")
    parser.add_argument("--again", action="store_true", help="measure what is kept, too")
    parser.add_argument("--list", action="store_true", help="say what there is and what is kept")
    arguments = parser.parse_args(argv)
    unknown = [name for name in arguments.names if name not in MEASUREMENTS]
    if unknown:
        choice = ", ".join(MEASUREMENTS)
        print(
            f"measure: no measurement {', '.join(unknown)}; choose from {choice}", file=sys.stderr
        )
        return 2
    kept = {name for name in MEASUREMENTS if (KEPT / f"{name}.json").exists()}
    if arguments.list:
        for name in MEASUREMENTS:
            print(f"{name:12s} {'kept' if name in kept else 'not measured yet'}")
        return 0
    failed = []
    for name in arguments.names or MEASUREMENTS:
        if name in kept and not arguments.again:
            print(f"{name}: kept (--again measures it anew)", file=sys.stderr)
            continue
        begun = time.perf_counter()
        tell = lambda text, name=name: print(f"\r\033[K{name}: {text}", end="", file=sys.stderr)  # noqa: E731
        try:
            figures = MEASUREMENTS[name](data_folder(), tell)
        except Exception as error:  # noqa: BLE001  (one that fails must not cost the others)
            print(f"\n{name}: {type(error).__name__}: {error}", file=sys.stderr)
            failed.append(name)
            continue
        file = keep(name, figures, time.perf_counter() - begun)
        print(f"\r\033[K{name}: {file.relative_to(CHECKOUT)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
