"""Make the tables of the reference pages out of the code's own tables.

usage: reference_docs.py [--write]   (without it the pages that are stale are named; exit 1)

A page keeps its prose; what stands between `<!-- made: NAME -->` and `<!-- end -->` is made.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from engine.core.happenings import KINDS
from engine.core.reasons import REASONS
from integrations.commands import VERBS, Argument
from integrations.homeassistant.entities import ENTITIES
from integrations.homeassistant.entity import Entity

CHECKOUT = Path(__file__).resolve().parent.parent
DOCS = CHECKOUT / "docs"
SECTION = re.compile(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    cells = [list(head), ["---" for _ in head], *map(list, rows)]
    return "".join("| " + " | ".join(c.replace("|", "\\|") for c in row) + " |\n" for row in cells)


def _argument(name: str, argument: Argument) -> str:
    optional = "" if argument.required else "may be left out; "
    return f"`{name}`: {optional}{argument.says}"


def verbs() -> str:
    rows = (
        (f"`{name}`", verb.about, "; ".join(_argument(*item) for item in verb.arguments.items()))
        for name, verb in VERBS.items()
    )
    return table(("name", "does", "arguments"), rows)


def reasons() -> str:
    return table(("code", "means"), ((f"`{code}`", says) for code, says in REASONS.items()))


def events() -> str:
    rows = ((f"`{key}`", ", ".join(f"`{k}`" for k in kinds)) for key, kinds in KINDS.items())
    return table(("key", "`event_type`"), rows)


def _note(entity: Entity) -> str:
    notes = []
    if entity.options.get("enabled_by_default") is False:
        notes.append("off until you turn it on")
    if entity.available is not None:
        notes.append(f"only {entity.only}")
    notes += [str(entity.options["entity_category"])] if "entity_category" in entity.options else []
    return ", ".join(notes)


def entities() -> str:
    rows = ((e.name, f"`{e.key}`", e.platform.value, _note(e)) for e in ENTITIES)
    return table(("entity", "key", "kind", ""), rows)


MADE: dict[str, Callable[[], str]] = {
    "verbs": verbs,
    "reasons": reasons,
    "events": events,
    "entities": entities,
}


def page(text: str) -> str:
    """The page with its made sections made anew."""
    return SECTION.sub(lambda found: found[1] + MADE[found[2]]() + found[3], text)


def stale() -> dict[Path, str]:
    """Every page that is not what the code says, and what it should be."""
    made = {file: page(file.read_text()) for file in sorted(DOCS.glob("*.md"))}
    return {file: text for file, text in made.items() if text != file.read_text()}


if __name__ == "__main__":
    changed = stale()
    for file, text in changed.items():
        if sys.argv[1:] == ["--write"]:
            file.write_text(text)
        else:
            print(f"{file.relative_to(CHECKOUT)} is stale; run script/reference_docs.py --write")
    sys.exit(1 if changed and sys.argv[1:] != ["--write"] else 0)
