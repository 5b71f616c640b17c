"""`heliotrope disarm`: disarm the alarm of the running engine, with the code where there is one.

The code is asked for on the terminal and not shown, or is the first line of
stdin. It is never an argument, which every user of the machine could read.
"""

from __future__ import annotations

import argparse
import getpass
import sys

from engine.commands.arm import ask
from engine.commands.away import add_way, connect
from engine.errors import UserError

HELP = "Disarm the alarm; a code, where one is set, is asked for and not shown."
EXAMPLES = """
  heliotrope disarm
      asks for the code, if there is one
  heliotrope disarm < file
      the first line of a file
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add_way(parser)


def run(arguments: argparse.Namespace) -> int:
    engine = connect(arguments)
    about = engine.about()
    wanted: dict[str, object] = {"code": _asked()} if about.get("code") else {}
    print(ask(engine, "disarm", wanted))
    return 0


def _asked() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("Code: ").strip()
    try:
        return sys.stdin.readline().strip()
    except UnicodeDecodeError:
        raise UserError("stdin holds no text", "a code is 4 to 16 digits") from None
