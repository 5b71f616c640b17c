"""`heliotrope calibrate WHAT`: the guided set-ups that measure this device itself.

Only finds which part is meant; each has a module of its own.
"""

from __future__ import annotations

import argparse
import importlib
from types import MappingProxyType
from typing import Any

HELP = "measure this device itself: its lens, which microphone is which, how the array is turned"
EXAMPLES = """
  heliotrope calibrate camera --target board.pdf
  heliotrope calibrate camera
  heliotrope calibrate camera --pictures boards/ --lens fisheye
  heliotrope calibrate microphones --at 0 --at 90
  heliotrope calibrate microphones --at 0=front.wav --at 90=left.wav --array uma_8
  heliotrope calibrate microphones --reset
"""

PARTS = MappingProxyType(
    {
        "camera": "engine.commands.calibrate_camera",
        "microphones": "engine.commands.calibrate_microphones",
    }
)


def configure(parser: argparse.ArgumentParser) -> None:
    parts = parser.add_subparsers(dest="part", required=True, metavar="WHAT")
    for name, module in PARTS.items():
        part: Any = importlib.import_module(module)
        chosen = parts.add_parser(name, help=part.HELP, description=part.HELP)
        part.configure(chosen)
        chosen.set_defaults(calibrate=part.run)


def run(arguments: argparse.Namespace) -> int:
    code: int = arguments.calibrate(arguments)
    return code
