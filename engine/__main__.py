"""The command line: finds the command, runs it, and words what went wrong.

The only place that turns errors into a line on stderr and an exit code: 0
done, 1 failed while running, 2 the caller's mistake. It must not import a
command, or anything heavy, before it is known which one is meant.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import importlib
import logging
import os
import sys
import threading
import time
from collections.abc import Sequence
from types import MappingProxyType
from typing import NoReturn, Protocol, cast

from engine import __version__
from engine.errors import HeliotropeError, UserError

COMMANDS = MappingProxyType(
    {
        "run": "the engine: follow people, with a page and a broker",
        "check": "validate the configuration and list what hardware is there",
        "see": "detect and track people on images, folders and videos",
        "hear": "voice, wake word and direction on a multichannel recording",
        "simulate": "play scenarios in simulated time and score them",
        "bench": "speed: each stage against its baseline, as ratios",
        "places": "name, mask and clear places by bearing: sofa, door, window, painting",
        "calibrate": "measure this device itself: its microphones' order, gains and turn",
        "addon": "the engine inside Home Assistant's Supervisor",
        "range": "set up the range of motion by turning the head by hand",
        "alerts": "list, retry and export alerts, delete their pictures",
        "arm": "arm the alarm of the running engine, for an absence or the night",
        "disarm": "disarm it, with the code where one is set",
        "away": "say what the alarm does, and how long an exit or entry delay still is",
        "code": "set or take away the code that disarming takes",
        "token": "make, list and revoke tokens for the page and the live view",
        "setup": "ask for broker, camera, array and shutter, and write a config.yaml",
    }
)

LINGER = 0.2  # seconds that threads are given to end by themselves
INTERRUPTED = 130  # what a shell reports for a program that SIGINT ended


class CommandModule(Protocol):
    """What every module in `engine.commands` offers."""

    HELP: str
    EXAMPLES: str

    def configure(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, arguments: argparse.Namespace) -> int: ...


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        try:
            return _dispatch(words)
        finally:
            sys.stdout.flush()  # here, where a reader that left can be handled
    except HeliotropeError as error:
        for line in error.lines:
            print(f"heliotrope: {line}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read us (`| head`) has seen enough. Python would complain
        # again while it flushes at exit, so stdout is pointed elsewhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        # A library that is interrupted while it is being imported reports something else.
        if isinstance(error.__cause__ or error.__context__, KeyboardInterrupt):
            return INTERRUPTED
        raise


class Parser(argparse.ArgumentParser):
    """argparse, with its errors as one line that names the way to the help."""

    def error(self, message: str) -> NoReturn:
        raise UserError(message, f"see `{self.prog} --help`")


def _dispatch(words: list[str]) -> int:
    if not words or words[0] not in COMMANDS:
        return _without_command(words)
    name = words[0]
    module = cast("CommandModule", importlib.import_module(f"engine.commands.{name}"))
    parser = Parser(
        prog=f"heliotrope {name}",
        description=module.HELP,
        epilog=f"examples:\n{module.EXAMPLES.strip(chr(10))}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.configure(parser)
    return module.run(parser.parse_args(words[1:]))


def _without_command(words: list[str]) -> int:
    """--help, --version, nothing at all, or a misspelt command."""
    overview = _overview()
    if not words:
        overview.print_help(sys.stderr)
        return 2
    if words[0].startswith("-"):
        overview.parse_args(words)
        raise UserError("no command given", "see `heliotrope --help`")
    close = difflib.get_close_matches(words[0], COMMANDS, n=1)
    remedy = f"did you mean {close[0]}?" if close else "see `heliotrope --help`"
    raise UserError(f"{words[0]} is not a command", remedy)


def _overview() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    parser = Parser(
        prog="heliotrope",
        usage="heliotrope [--help] [--version] COMMAND ...",
        description="A screen and camera on a motorised base that turn to face you.",
        epilog="commands:\n"
        + "\n".join(f"  {name:{width}}  {summary}" for name, summary in COMMANDS.items())
        + "\n\n`heliotrope COMMAND --help` shows the options and examples of a command.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"heliotrope {__version__}")
    return parser


def program() -> NoReturn:
    """`main` as the whole process: ends it, without waiting for a thread that does not come back.

    A thread that is inside a native library (a network, a codec) when Python
    is taken down aborts the process, and one in a device's driver keeps it.
    """
    code = main()
    until = time.monotonic() + LINGER
    others = [t for t in threading.enumerate() if t is not threading.current_thread()]
    for thread in others:
        thread.join(max(0.0, until - time.monotonic()))
    if not any(thread.is_alive() for thread in others):
        sys.exit(code)
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    program()
