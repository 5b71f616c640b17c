"""`heliotrope arm`: arm the alarm of the running engine, or be told why it is not.

Sends the command `arm` and prints what came of it; who may, and when, the
engine decides.
"""

from __future__ import annotations

import argparse
import sys

from engine.commands.away import add_way, connect, words
from engine.core.requests import UNWATCHED
from engine.errors import RunError
from integrations.http.client import NEW_TOKEN, Engine

HELP = "Arm the alarm: after the exit delay it looks round and alerts of whoever it sees."
EXAMPLES = """
  heliotrope arm
  heliotrope arm --night
      watch without moving, for people who sleep
  heliotrope arm --delay 0
      at once
"""

REMEDIES = {
    "shutter": "open it, and arm again",
    "axis": "`heliotrope check` says what it lacks",
    "range of motion": "finish the set-up first: the page, or `range_setup`",
    "the code is wrong": "`heliotrope code` sets a new one",
    "takes the scope": NEW_TOKEN,
    "needs the code": "it is asked for on a terminal, or read from stdin",
}
"""What to do about a refusal, by words of its reason."""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--night", action="store_true", help="watch only, and do not move")
    parser.add_argument(
        "--delay", metavar="S", type=float, help="seconds to leave (usually away.exit_delay)"
    )
    add_way(parser)


def run(arguments: argparse.Namespace) -> int:
    engine = connect(arguments)
    wanted: dict[str, object] = {"mode": "night" if arguments.night else "away"}
    if arguments.delay is not None:
        wanted["delay"] = arguments.delay
    told = ask(engine, "arm", wanted)
    print(told if told == "armed already" else words(engine.state()))
    if UNWATCHED in told:
        print(f"heliotrope: {UNWATCHED}", file=sys.stderr)
    return 0


def ask(engine: Engine, name: str, wanted: dict[str, object]) -> str:
    """Give the command; the engine's word. Raises RunError with the reason and a remedy."""
    try:
        return engine.tell(name, wanted)
    except RunError as refused:
        if refused.remedy is not None:
            raise
        told = refused.message
        remedy = next((text for word, text in REMEDIES.items() if word in told), None)
        raise RunError(f"not {name}ed: {told}", remedy) from None
