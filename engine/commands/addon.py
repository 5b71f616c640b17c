"""`heliotrope addon`: the engine inside Home Assistant's Supervisor.

Takes the add-on's options and the Supervisor's broker for the configuration,
then does what `heliotrope run` does. Settings that the options page does not
show may stand in /config/config.yaml, the add-on's own folder.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from engine.commands import run as run_command
from integrations.homeassistant import supervisor

HELP = "The engine inside Home Assistant: options and broker come from the Supervisor."
EXAMPLES = """
  heliotrope addon
      what the add-on's container starts
  SUPERVISOR_TOKEN=... heliotrope addon --options options.json --supervisor http://127.0.0.1:8080
      against a Supervisor elsewhere, for trying out
"""

OWN_FILE = Path("/config/config.yaml")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--options", metavar="F", type=Path, default=supervisor.OPTIONS, help="the options' JSON"
    )
    parser.add_argument(
        "--config", metavar="F", type=Path, help=f"further settings (default {OWN_FILE})"
    )
    parser.add_argument(
        "--supervisor", metavar="URL", default=supervisor.ADDRESS, help="the Supervisor's address"
    )


def run(arguments: argparse.Namespace) -> int:
    options = supervisor.read_options(arguments.options)
    token = os.environ.pop("SUPERVISOR_TOKEN", "")
    found = supervisor.environment(options, token, arguments.supervisor)
    os.environ.update({name: value for name, value in found.items() if name not in os.environ})
    config = arguments.config or (OWN_FILE if OWN_FILE.exists() else None)
    return run_command.run(
        argparse.Namespace(config=config, camera=None, microphones=None, fov=None, quiet=True)
    )
