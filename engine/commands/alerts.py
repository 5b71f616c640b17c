"""`heliotrope alerts`: what was told and what was not, tried again, taken along, deleted.

Reads the outbox, the history and the evidence folder beside a running engine,
which takes up what is tried again within seconds. It sends nothing itself.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alerts.evidence import EvidenceStore
from alerts.history import FILE as HISTORY
from alerts.history import History, as_csv, as_json
from alerts.notice import encode
from alerts.outbox import FILE, Entry, Outbox
from alerts.outbox_faults import OutboxFailed
from engine.config import Config
from engine.config_file import load_config
from engine.errors import RunError, UserError
from engine.paths import expanded

HELP = "List, retry and export alerts and their deliveries; delete what was kept of them."
EXAMPLES = """
  heliotrope alerts list
  heliotrope alerts list --json --most 20
  heliotrope alerts log
      every attempt: when, to which channel, and what came of it
  heliotrope alerts retry
      try again what expired (or one alert: retry TAG)
  heliotrope alerts export --format csv --hours 48 > history.csv
  heliotrope alerts delete-pictures
"""

HOUR = 3600.0


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", type=Path, help="configuration (YAML)")
    names = "list|log|retry|export|delete-pictures"
    actions = parser.add_subparsers(dest="action", required=True, metavar=names)
    for name, about in (("list", "alerts and how they fare"), ("log", "attempts to deliver them")):
        listing = actions.add_parser(name, help=about)
        listing.add_argument("--json", action="store_true", help="one JSON object a line")
        listing.add_argument("--most", type=_number, default=50, metavar="N", help="the newest N")
    retry = actions.add_parser("retry", help="try again what expired")
    retry.add_argument("tag", nargs="?", help="this alert only")
    export = actions.add_parser("export", help="the history, to stdout")
    export.add_argument("--format", choices=("json", "csv"), default="json")
    export.add_argument("--hours", type=float, default=24.0, metavar="H", help="the last H hours")
    actions.add_parser("delete-pictures", help="delete every still that was kept")


def _number(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text}: give a number from 1 to 1000000")
    return number


def run(arguments: argparse.Namespace) -> int:
    config = load_config(arguments.config)
    ACTIONS[arguments.action](arguments, config)
    return 0


@contextmanager
def _outbox(config: Config) -> Iterator[Outbox]:
    folder = expanded(config.state_dir)
    if not (folder / FILE).exists():
        raise UserError(f"{folder} has no outbox yet", "run the engine first, or check state_dir")
    box = Outbox(folder, reserve=False)
    try:
        box.open()
        yield box
    except OutboxFailed as problem:
        raise RunError(f"the outbox cannot be used: {problem}") from None
    finally:
        box.close()


def _list(arguments: argparse.Namespace, config: Config) -> None:
    with _outbox(config) as box:
        for entry in box.entries(max(1, arguments.most)):
            print(_as_json(entry) if arguments.json else _as_line(entry))


def _as_json(entry: Entry) -> str:
    deliveries = {
        d.channel: {"state": d.state, "delivered": d.delivered, "attempts": d.attempts}
        for d in entry.deliveries
    }
    notice = json.loads(encode(entry.notice))
    return json.dumps({**notice, "revision": entry.revision, "deliveries": deliveries})


def _as_line(entry: Entry) -> str:
    states = ", ".join(f"{d.channel} {d.state}" for d in entry.deliveries)
    return f"{_when(entry.notice.at)}  {entry.notice.tag}  {entry.notice.title}  ({states})"


def _log(arguments: argparse.Namespace, config: Config) -> None:
    with _outbox(config) as box:
        for line in box.log(max(1, arguments.most)):
            if arguments.json:
                names = ("at", "tag", "channel", "revision", "ok", "seconds", "detail")
                print(json.dumps({name: getattr(line, name) for name in names}))
            else:
                word = "delivered" if line.ok else "failed"
                print(f"{_when(line.at)}  {line.tag}  {line.channel}  {word}: {line.detail}")


def _retry(arguments: argparse.Namespace, config: Config) -> None:
    with _outbox(config) as box:
        if arguments.tag and arguments.tag not in {e.notice.tag for e in box.entries()}:
            raise UserError(f"there is no alert {arguments.tag}", "see `heliotrope alerts list`")
        count = box.retry(arguments.tag)
        print(f"{count} {'delivery' if count == 1 else 'deliveries'} to be tried again")


def _export(arguments: argparse.Namespace, config: Config) -> None:
    if not 0.0 < arguments.hours <= 24.0 * 3660:
        raise UserError(f"--hours {arguments.hours:g}", "give a positive number of hours")
    folder = expanded(config.state_dir)
    if not (folder / HISTORY).exists():
        raise UserError(f"{folder} has no history yet", "run the engine first, or check state_dir")
    history = History(folder)
    try:
        history.open()
        events = history.since(time.time() - HOUR * arguments.hours)
    except sqlite3.Error as problem:
        raise RunError(f"the history cannot be read: {problem}") from None
    finally:
        history.close()
    text = as_csv(events) if arguments.format == "csv" else as_json(events) + "\n"
    sys.stdout.write(text)


def _delete(_: argparse.Namespace, config: Config) -> None:
    alerts = config.alerts
    folder = expanded(config.state_dir)
    store = EvidenceStore(folder, alerts.picture_days, alerts.picture_megabytes, time.time)
    count = store.delete_all()
    print(f"{count} {'picture' if count == 1 else 'pictures'} deleted")


def _when(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")


ACTIONS: dict[str, Callable[[argparse.Namespace, Config], None]] = {
    "list": _list,
    "log": _log,
    "retry": _retry,
    "export": _export,
    "delete-pictures": _delete,
}
