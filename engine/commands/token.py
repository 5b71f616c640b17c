"""`heliotrope token`: who else may come in, made, listed and revoked by the owner.

Shows a token once, when it is made. Works beside a running engine, which sees
the change with its next request.
"""

from __future__ import annotations

import argparse
import datetime
import json
import re
from pathlib import Path

from engine.config_file import load_config
from engine.errors import UserError
from engine.identity import prepare_state_dir
from integrations.http.scopes import Scope
from integrations.http.tokens import TokenStore

HELP = "Make, list and revoke tokens for the page, the live view and the motion API."
EXAMPLES = """
  heliotrope token create phone --scope control
  heliotrope token create home-assistant          (view: also as the password of HTTP Basic)
  heliotrope token list --json
  heliotrope token revoke phone
"""

NAME = re.compile(r"[\w.-][\w .-]{0,39}")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", type=Path, help="configuration (YAML)")
    actions = parser.add_subparsers(dest="action", required=True, metavar="create|list|revoke")
    create = actions.add_parser("create", help="make a token, and show it this once")
    create.add_argument("name", help="whose it is; shown when they look")
    create.add_argument("--scope", choices=[str(scope) for scope in Scope], default="view")
    listed = actions.add_parser("list", help="names, scopes and dates")
    listed.add_argument("--json", action="store_true")
    revoke = actions.add_parser("revoke", help="end a token at once")
    revoke.add_argument("name")


def run(arguments: argparse.Namespace) -> int:
    store = TokenStore(prepare_state_dir(load_config(arguments.config).state_dir))
    if arguments.action == "create":
        if not NAME.fullmatch(arguments.name):
            raise UserError(
                "this name cannot be shown well", "use up to 40 letters, digits, spaces, . _ and -"
            )
        print(store.make(arguments.name, Scope(arguments.scope)))
    elif arguments.action == "revoke":
        store.revoke(arguments.name)
    else:
        _list(store, arguments.json)
    return 0


def _list(store: TokenStore, as_json: bool) -> None:
    rows = [
        {
            "name": token.name,
            "scope": str(token.scope),
            "made": datetime.datetime.fromtimestamp(token.made, datetime.UTC).isoformat(),
        }
        for token in store.all()
    ]
    if as_json:
        print(json.dumps(rows))
        return
    for row in rows:
        print(f"{row['name']:40s} {row['scope']:8s} {row['made'][:10]}")
