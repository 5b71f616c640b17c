"""The documents stay true: made pages are current, links lead somewhere, named commands exist."""

from __future__ import annotations

import math
import re
import subprocess
from pathlib import Path

import pytest
from our_scripts import script

from engine.__main__ import COMMANDS
from engine.core.reasons import REASONS

CHECKOUT = Path(__file__).resolve().parent.parent
PAGES = sorted([*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/**/*.md")])


def test_the_configuration_page_is_made_from_the_present_file() -> None:
    made = script("configuration_docs.py").page((CHECKOUT / "config.yaml").read_text())
    current = (CHECKOUT / "docs" / "configuration.md").read_text()
    assert current == made, "run script/configuration_docs.py --write"


def test_every_setting_has_a_why() -> None:
    found, _ = script("configuration_docs.py").settings((CHECKOUT / "config.yaml").read_text())
    assert len(found) > 50
    assert [".".join(item.path) for item in found if not item.why] == []


def test_the_reference_tables_are_what_the_code_says() -> None:
    assert list(script("reference_docs.py").stale()) == [], "run script/reference_docs.py --write"


def test_every_reason_that_the_core_gives_has_a_meaning_and_every_meaning_a_reason() -> None:
    text = "".join(file.read_text() for file in (CHECKOUT / "engine" / "core").glob("*.py"))
    given = set(re.findall(r"Reason\(\s*\"(\w+)\"", text))
    # One place chooses between two codes before it makes a reason of either.
    given |= set(re.findall(r'code = "(\w+)" if .* else "\w+"', text))
    given |= set(re.findall(r'code = "\w+" if .* else "(\w+)"', text))
    assert given == set(REASONS)


def test_the_messages_that_troubleshooting_explains_are_the_programs_own() -> None:
    page = (CHECKOUT / "docs" / "troubleshooting.md").read_text()
    quoted = re.findall(r"^\| `([^`]+)` \| [^|]+ \| [^|]+ \|$", page, re.M)
    code = "".join(
        file.read_text()
        for part in ("engine", "integrations")
        for file in (CHECKOUT / part).rglob("*.py")
    )
    assert len(quoted) >= 8
    assert [message for message in quoted if message not in code] == []
    reasons = re.findall(r"^\| `(\w+)` \| [^|]+ \|$", page, re.M)
    assert reasons
    assert set(reasons) <= set(REASONS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_within_the_repository_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text())
    local = [target for target in targets if not re.match(r"[a-z]+:", target)]
    assert [target for target in local if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_documents_exist(page: Path) -> None:
    text = "\n".join(re.findall(r"```sh\n(.*?)```", page.read_text(), re.S))
    commands = set(re.findall(r"^(?:sudo )?heliotrope ([a-z]+)", text, re.M))
    assert commands <= set(COMMANDS)
    scripts = re.findall(r"^(?:sudo )?script/([\w-]+)", text, re.M)
    assert [name for name in scripts if not (CHECKOUT / "script" / name).exists()] == []


def test_the_readme_shows_every_command() -> None:
    text = (CHECKOUT / "README.md").read_text()
    shown = text.split("## Command line", 1)[1].split("```", 2)[1]
    # The add-on's is started by its container, never by a person.
    missing = [name for name in COMMANDS if not re.search(rf"\b{name}\b", shown)]
    assert missing == ["addon"]


@pytest.mark.parametrize(
    "script",
    sorted(
        file
        for file in (CHECKOUT / "script").iterdir()
        if file.is_file() and file.read_bytes().startswith((b"#!/bin/sh", b"#!/usr/bin/env bash"))
    ),
    ids=lambda file: file.name,
)
def test_scripts_are_executable_and_parse(script: Path) -> None:
    shell = "bash" if "bash" in script.read_text().splitlines()[0] else "sh"
    assert script.stat().st_mode & 0o111
    subprocess.run([shell, "-n", script], check=True)


WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@pytest.mark.parametrize("path", ["A Raspberry Pi of its own", "The add-on"])
def test_the_way_to_the_first_alert_is_as_short_as_it_says(path: str) -> None:
    text = (CHECKOUT / "docs" / "home-assistant.md").read_text()
    section = text.split(f"## {path}", 1)[1].split("\n## ", 1)[0]
    steps = re.findall(r"^\d+\. (.*?)(?=^\d+\. |\n\n|\Z)", section, re.MULTILINE | re.DOTALL)
    times = [re.findall(r"\((\d+) (min|s)\b", step) for step in steps]
    assert all(len(found) == 1 for found in times)
    seconds = sum(int(n) * (60 if unit == "min" else 1) for ((n, unit),) in times)
    said = f"{WORDS[len(steps)].capitalize()} steps, {WORDS[math.ceil(seconds / 60)]} minutes"
    assert said in " ".join(section.split())
    assert seconds <= 600
