"""`heliotrope range`: turn the head by hand, and the range of motion is what it reached.

Reads the axis with its torque off and keeps what came of it where the engine
finds it; it never moves anything. The engine must not run meanwhile: the same
set-up is then on its page and in Home Assistant.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import select
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from engine.config import AxisDriver, Config
from engine.config_file import load_config
from engine.core import survey
from engine.errors import RunError, UserError
from engine.identity import Claim, prepare_state_dir
from engine.parts import open_axis
from engine.ports import Axis
from engine.range_store import KeptRange

HELP = "set up the range of motion by turning the head by hand"
EXAMPLES = """
  heliotrope range
      turn the head to both ends, then let go (or press Enter)
  heliotrope range --show
  heliotrope range --reset
      back to axis.range of the configuration
"""

Answer = TypeVar("Answer")

EVERY = 0.05  # s between two readings
TRIES = 10
"""How often the axis is asked before it counts as gone: hands on the head shake its cable, too."""
NOT_BY_HAND = {
    AxisDriver.SIMULATED: "a simulated axis has no head to turn; set axis.driver to your motor's",
    AxisDriver.ELECTRONIC: "an electronic pan has no head to turn; set axis.range instead",
}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="F", type=Path, help="configuration file (YAML)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--show", action="store_true", help="say what is in force, and end")
    what.add_argument("--reset", action="store_true", help="forget the set-up")


def run(arguments: argparse.Namespace) -> int:
    config = load_config(arguments.config)
    state_dir = prepare_state_dir(config.state_dir)
    by_hand = config.axis.driver is not AxisDriver.ELECTRONIC
    kept = KeptRange(state_dir, config.axis.range, by_hand)
    if arguments.show:
        print(_words(kept))
        return 0
    with Claim(state_dir):
        problem = kept.keep(kept.configured if arguments.reset else _by_hand(config, kept))
    if problem:
        raise RunError(problem, "make room there, or make it writable, and do it again")
    print(_words(kept))
    return 0


def _words(kept: KeptRange) -> str:
    low, high = kept.current
    origin = "as configured" if kept.current == kept.configured else "set up by hand"
    return f"range of motion: {low:g}° to {high:g}° ({origin})"


def _by_hand(config: Config, kept: KeptRange) -> tuple[float, float]:
    driver = config.axis.driver
    if driver in NOT_BY_HAND:
        raise UserError(f"axis.driver: {driver.value}", NOT_BY_HAND[driver])
    try:
        axis = open_axis(config)
    except OSError as error:
        raise UserError(f"axis: {error}") from None
    print("The torque is off. Turn the head by hand to both ends, then let go, or press Enter.")
    try:
        found = measure(axis, kept.configured, time.monotonic, _enter)
    except OSError as error:
        raise RunError(f"axis: {error}") from None
    finally:
        # One that does not answer cannot be told to let go; it has been told at the beginning.
        with contextlib.suppress(OSError):
            axis.close()
        if sys.stderr.isatty():
            print(file=sys.stderr)
    if found.range is None:
        raise RunError(found.text)
    return found.range


def measure(
    axis: Axis, limits: tuple[float, float], now: Callable[[], float], done: Callable[[], bool]
) -> survey.Outcome:
    """Watch hands turn the head until it rests, or `done`, which also waits.

    Raises OSError where the axis does not answer, asked `TRIES` times.
    """
    _asked(axis.release)
    going = survey.begin(_asked(axis.read).heading, now())
    shown = math.nan
    while True:
        if done():
            return survey.outcome(going, limits)
        heading = _asked(axis.read).heading
        going = survey.turned(going, heading, now())
        if heading != shown and sys.stderr.isatty():
            shown = heading
            line = f"{heading:+7.1f}°   {going.low:.0f}° to {going.high:.0f}° so far"
            print(f"\r\x1b[2K{line}", end="", file=sys.stderr, flush=True)
        found = survey.over(going, limits, now())
        if found is not None:
            return found


def _asked(question: Callable[[], Answer]) -> Answer:
    for _ in range(TRIES - 1):
        try:
            return question()
        except OSError:
            time.sleep(EVERY)
    return question()


def _enter() -> bool:
    """Whether Enter was pressed in the meantime between two readings."""
    if not sys.stdin or not sys.stdin.isatty():
        time.sleep(EVERY)
        return False
    ready, _, _ = select.select([sys.stdin], [], [], EVERY)
    return bool(ready) and sys.stdin.readline() != ""
