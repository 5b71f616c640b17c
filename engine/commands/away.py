"""`heliotrope away`: what the alarm of the running engine does, and what stands in its way.

Asks the engine over its page's server and prints; `arm` and `disarm` are
commands of their own, and this module has what the three share.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

from engine.config import Config
from engine.config_file import load_config
from engine.errors import UserError
from engine.paths import expanded
from integrations.http.client import Engine, read_token
from integrations.http.way_in import WayIn, find

HELP = "Say what the alarm does: armed or not, the time that is left, what stands in its way."
EXAMPLES = """
  heliotrope away
  heliotrope away status --json
  heliotrope away --url http://192.168.1.20:8765 --token-file ~/heliotrope.token
      from another machine; `heliotrope arm` and `heliotrope disarm` take the same
"""

WORDS = {
    "disarmed": "disarmed",
    "arming": "arming: armed{left}",
    "armed_away": "armed",
    "armed_night": "armed for the night",
    "pending": "somebody is there: the alarm is raised{left}; heliotrope disarm",
    "triggered": "triggered{until}; heliotrope disarm",
}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", nargs="?", choices=["status"], default="status", help="may be left out"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    add_way(parser)


def run(arguments: argparse.Namespace) -> int:
    engine = connect(arguments)
    state = engine.state()
    if arguments.json:
        print(json.dumps(as_json(state)))
        return 0
    print(f"alarm:   {words(state)}")
    print(f"shutter: {state['shutter']}")
    if state.get("someone_home"):
        print("home:    somebody is at home: alerts of people are held back")
    for problem in state["problems"]:
        print(f"problem: {problem}")
    return 0


def add_way(parser: argparse.ArgumentParser) -> None:
    """The options by which a running engine is found."""
    parser.add_argument("--config", metavar="FILE", type=Path, help="configuration (YAML)")
    parser.add_argument(
        "--url", metavar="URL", help="the engine's page; without it that of state_dir's engine"
    )
    parser.add_argument(
        "--token-file",
        metavar="FILE",
        type=Path,
        help="a token of `heliotrope token create` in a file that only its owner may read",
    )


def connect(arguments: argparse.Namespace) -> Engine:
    """The running engine. Raises UserError where the way to it is not known."""
    if arguments.url and arguments.token_file is None:
        raise UserError("--url wants --token-file", "a token goes nowhere that it was not made for")
    token = read_token(expanded(arguments.token_file)) if arguments.token_file else ""
    if arguments.url:
        engine = Engine(WayIn(arguments.url.rstrip("/"), token))
    else:
        way = _local(load_config(arguments.config))
        engine = Engine(WayIn(way.url, token or way.token))
    if engine.open_to_others:
        print("heliotrope: token and code go there without encryption", file=sys.stderr)
    return engine


def _local(config: Config) -> WayIn:
    folder = expanded(config.state_dir)
    try:
        way = find(folder)
    except OSError as problem:
        raise UserError(
            f"{problem.filename}: cannot be read ({problem.strerror})",
            f"run it as the owner of {folder}, or use --url and --token-file",
        ) from None
    if way is not None:
        return way
    if not config.http.enabled:
        raise UserError("http.enabled is off", "turn it on, or send commands over MQTT")
    raise UserError(
        f"no engine runs on {folder}",
        "start it, or name its configuration (--config, HELIOTROPE_STATE_DIR)",
    )


def words(state: dict[str, Any]) -> str:
    """The alarm of a state, for people."""
    left = seconds_left(state)
    shown = "" if left is None else f"{math.ceil(left)} s"
    alarm = str(state["alarm"])
    return WORDS.get(alarm, alarm).format(
        left=f" in {shown}" if shown else "", until=f" for another {shown}" if shown else ""
    )


def seconds_left(state: dict[str, Any]) -> float | None:
    """Until the present state of the alarm ends by itself; None where it does not."""
    until = state.get("alarm_until")
    return None if until is None else max(0.0, float(until) - float(state["now"]))


def as_json(state: dict[str, Any]) -> dict[str, object]:
    left = seconds_left(state)
    names = ("shutter", "someone_home", "problems")
    return {
        "alarm": state["alarm"],
        "seconds_left": None if left is None else round(left, 1),
        **{name: state.get(name) for name in names},
    }
