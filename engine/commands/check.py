"""`heliotrope check`: is the configuration valid, and what of it is there?

Prints one line a part, found or missing with its remedy. The probes are in
`engine.checkup`; nothing is changed but the state directory, which is made.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path

from engine.checkup import examine
from engine.config_file import Loaded, load
from engine.errors import HeliotropeError, UserError
from engine.findings import Finding, Outcome
from engine.logs import redact

HELP = "validate the configuration and list what hardware is there and what is missing"
EXAMPLES = """
  heliotrope check
  heliotrope check --config /etc/heliotrope/config.yaml
  HELIOTROPE_MQTT__HOST=broker.local heliotrope check --json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="F", type=Path, help="configuration file (YAML)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")


def run(arguments: argparse.Namespace) -> int:
    try:
        loaded = load(arguments.config)
    except UserError as error:
        if not arguments.json:
            raise
        return _finish_json(None, (), error.lines)
    findings = [_redacted(finding) for finding in _progressively(loaded, arguments.json)]
    errors = tuple(_line(finding) for finding in findings if finding.outcome is Outcome.MISSING)
    if arguments.json:
        return _finish_json(loaded, findings, errors)
    sys.stdout.flush()
    for line in errors:
        print(f"heliotrope: {line}", file=sys.stderr)
    return UserError.exit_code if errors else 0


def _progressively(loaded: Loaded, quiet: bool) -> list[Finding]:
    """Probe one part after the other, and show each as soon as it is known."""
    if not quiet:
        print(f"{'configuration':14}{'valid':11}{loaded.source}", flush=True)
    findings = []
    for found in examine(loaded.config):
        finding = _redacted(found)
        findings.append(finding)
        if not quiet:
            print(f"{finding.part:14}{finding.outcome.value:11}{finding.detail}", flush=True)
    return findings


def _line(finding: Finding) -> str:
    return str(HeliotropeError(f"{finding.part}: {finding.detail}", finding.remedy or None))


def _redacted(finding: Finding) -> Finding:
    """Camera URLs carry passwords, and drivers repeat them in their errors."""
    return dataclasses.replace(finding, detail=redact(finding.detail))


def _finish_json(
    loaded: Loaded | None, findings: list[Finding] | tuple[()], errors: tuple[str, ...]
) -> int:
    report = {
        "ok": not errors,
        "configuration": loaded.source if loaded else None,
        "parts": [dataclasses.asdict(finding) for finding in findings],
        "errors": list(errors),
    }
    print(json.dumps(report, indent=2, ensure_ascii=False))
    return UserError.exit_code if errors else 0
