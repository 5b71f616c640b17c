"""Make docs/configuration.md out of config.yaml, whose comments are the one place of the whys.

usage: configuration_docs.py [--write]   (without it the page is printed)
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).resolve().parent.parent
PAGE = CHECKOUT / "docs" / "configuration.md"

HEAD = """\
<!-- Made from config.yaml by script/configuration_docs.py; change that file, then run it. -->
# Configuration

Heliotrope runs without any configuration, in a simulated room. A file of yours names only what it
changes:

```yaml
camera:
  source: /dev/video0
mqtt:
  host: broker.example
```

`heliotrope setup` asks for the usual settings and writes such a file; `heliotrope check --config F`
says what is wrong with one, with file, line, key and remedy. What wins, strongest first: the
environment (`HELIOTROPE_<SECTION>__<KEY>`, lists as JSON), `--config F`, `./config.yaml`, the
defaults below. What the guided set-ups measured lives in `state_dir` and wins until it is reset.

A Mosquitto account for the device needs no more than these rights:

```
user heliotrope
topic readwrite heliotrope/#
topic write homeassistant/device/#
topic read homeassistant/status
```

Angles are degrees, positive counter-clockwise seen from above; 0 is the base's mechanical centre.
"""


class Setting(NamedTuple):
    path: tuple[str, ...]
    default: str
    why: str


def settings(text: str) -> tuple[list[Setting], dict[tuple[str, ...], str]]:
    """Every setting in file order, and what the comment above each section says."""
    found: list[Setting] = []
    sections: dict[tuple[str, ...], str] = {}
    stack: list[str] = []
    comment: list[str] = []
    for line in text.splitlines():
        words = line.strip()
        if not words:
            comment = []
        elif words.startswith("#"):
            comment.append(words.lstrip("# "))
        else:
            depth = (len(line) - len(line.lstrip())) // 2
            name, _, default = words.partition(":")
            path = (*stack[:depth], name)
            stack = list(path)
            if default.strip():
                found.append(Setting(path, default.strip(), " ".join(comment)))
            else:
                sections[path] = " ".join(comment)
            comment = []
    return found, sections


def variable(path: tuple[str, ...]) -> str:
    return "HELIOTROPE_" + "__".join(part.upper() for part in path)


def page(text: str) -> str:
    found, sections = settings(text)
    lines = [HEAD]
    section: tuple[str, ...] | None = None
    for path, default, why in found:
        if path[:-1] != section:
            section = path[:-1]
            title = f"`{'.'.join(section)}`" if section else "Everywhere"
            lines += [f"\n## {title}\n", sections.get(section, ""), ""]
            lines += ["| key | default | what it means | environment |", "|---|---|---|---|"]
        cells = (f"`{path[-1]}`", f"`{default}`", why.replace("|", "\\|"), f"`{variable(path)}`")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


if __name__ == "__main__":
    made = page((CHECKOUT / "config.yaml").read_text())
    if sys.argv[1:] == ["--write"]:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(made)
    else:
        print(made, end="")
