"""`heliotrope code`: the digits that disarming takes, kept as a slow hash and never shown.

Works beside a running engine, which asks for the new code with the next
command. Who may read and write the state directory may set it.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

from engine.config_file import load_config
from engine.errors import UserError
from engine.identity import prepare_state_dir
from integrations.alarm_codes import CODE, is_set, store

HELP = "Set or take away the code that disarming takes."
EXAMPLES = """
  heliotrope code
      asks twice, and shows nothing of it
  heliotrope code < file
      the first line of a file
  heliotrope code --remove
  heliotrope code --status
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", type=Path, help="configuration (YAML)")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--remove", action="store_true", help="disarming takes no code any more")
    way.add_argument("--status", action="store_true", help="say whether there is one")


def run(arguments: argparse.Namespace) -> int:
    config = load_config(arguments.config)
    state_dir = prepare_state_dir(config.state_dir)
    if arguments.status:
        there = bool(config.alarm.code) or is_set(state_dir)
        print("disarming takes a code" if there else "disarming takes no code")
        return 0
    try:
        store(state_dir, "" if arguments.remove else _asked())
    except OSError as error:
        raise UserError(
            f"{error.filename or state_dir}: cannot be written ({error.strerror})",
            "run it as the owner of state_dir",
        ) from None
    if config.alarm.code:
        raise UserError(
            "alarm.code: the configuration has a code, which stands above this one",
            "take it out there",
        )
    print("disarming takes no code" if arguments.remove else "disarming takes this code")
    return 0


def _asked() -> str:
    """The new code, from a terminal twice. Raises UserError."""
    if sys.stdin.isatty():
        code = getpass.getpass("New code: ")
        if code != getpass.getpass("Once more: "):
            raise UserError("the two differ", "try again")
    else:
        try:
            code = sys.stdin.readline().strip()
        except UnicodeDecodeError:
            code = ""  # no text, so no code
    if not CODE.fullmatch(code):
        raise UserError("a code is 4 to 16 digits", "Home Assistant's keypad has no letters")
    return code
