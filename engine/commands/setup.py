"""`heliotrope setup`: asks for broker, camera, array and shutter, writes a configuration.

Asks and shows only; the questions, their checks and the writing are in
`engine.questions`. A password is neither echoed nor printed.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path
from typing import Any

from engine.config import Config
from engine.config_file import LOCAL_FILE, parse_config, read_text
from engine.errors import UserError
from engine.questions import (
    NOTHING,
    QUESTIONS,
    Answers,
    Question,
    existing,
    first_line,
    merged,
    save,
    understand,
    value_of,
)

HELP = "ask for broker, camera, array and shutter, and write a configuration file"
EXAMPLES = """
  heliotrope setup
  heliotrope setup --config /etc/heliotrope/config.yaml
  heliotrope setup --config my.yaml --answers answers.yaml --yes
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        metavar="F",
        type=Path,
        default=LOCAL_FILE,
        help="file to write; what it holds already is kept (default: ./config.yaml)",
    )
    parser.add_argument(
        "--answers",
        metavar="FILE",
        help="ask nothing; take the settings in this YAML file (- is stdin)",
    )
    parser.add_argument(
        "--yes", action="store_true", help="do not ask before changing an existing file"
    )


def run(arguments: argparse.Namespace) -> int:
    file: Path = arguments.config
    before = existing(file)
    if arguments.answers is None:
        config = parse_config(merged(before, {}), str(file))
        answers = _ask_all(config)
    else:
        answers = _from_file(arguments.answers)
    text = merged(before, answers)
    if file.exists() and not arguments.yes:
        if arguments.answers is not None:
            raise UserError(f"{file}: exists already", "add --yes to change it (a backup is kept)")
        if not _agreed(f"{file} exists. Change it? A backup is kept"):
            print("Nothing was changed.")
            return 0
    backup = save(file, text)
    print(f"Wrote {file}{f' (before: {backup})' if backup else ''}.")
    print(f"Next: heliotrope check --config {file}")
    return 0


def _from_file(name: str) -> Answers:
    """The answers in a YAML file: settings in the form of config.yaml."""
    if name == "-":
        try:
            text, label = sys.stdin.read(), "the answers"
        except UnicodeDecodeError:
            raise UserError("stdin holds no text", "write the answers in UTF-8") from None
    else:
        text, label = read_text(Path(name)), name
    config = parse_config(text, label)
    return {key: value_of(config, key) for key in _keys(text)}


def _keys(text: str) -> list[str]:
    import yaml

    def walk(data: Any, parents: tuple[str, ...]) -> list[str]:
        if isinstance(data, dict):
            return [k for name, v in data.items() for k in walk(v, (*parents, str(name)))]
        return [".".join(parents)] if parents and data is not None else []

    return walk(yaml.safe_load(text), ())


def _ask_all(config: Config) -> Answers:
    print("An empty answer keeps what stands in brackets.\n")
    answers: Answers = {}
    for question in QUESTIONS:
        if question.asked(answers):
            answers[question.key] = _ask(question, value_of(config, question.key))
    return answers


def _ask(question: Question, present: Any) -> Any:
    shown = "kept as it is" if question.secret and present else present
    prompt = f"{question.wording}{f' [{shown}]' if shown != '' else ''}: "
    while True:
        text = _read(prompt, question.secret).strip()
        if not text:
            return present
        try:
            return understand(question.key, "" if text == NOTHING else text)
        except UserError as error:
            print(f"  {first_line(error)}")


def _agreed(question: str) -> bool:
    return _read(f"{question} [y/N]: ", secret=False).strip().lower() in ("y", "yes")


def _read(prompt: str, secret: bool) -> str:
    try:
        # Without a terminal there is no echo to suppress, and getpass would warn.
        return getpass.getpass(prompt) if secret and sys.stdin.isatty() else input(prompt)
    except EOFError:
        raise UserError("the answers ended early", "use --answers to ask nothing") from None
