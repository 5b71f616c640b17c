"""config.yaml: complete, valid, equal to the defaults, and explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from engine.config import Config
from engine.config_file import load, settings, shipped_file

FILE = Path(__file__).resolve().parent.parent / "config.yaml"


@pytest.fixture(scope="module")
def shipped() -> Config:
    return load(FILE, {}).config


def value_at(config: object, path: tuple[str, ...]) -> object:
    for name in path:
        config = getattr(config, name)
    return config


def keys_in(data: object, parents: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    if not isinstance(data, dict):
        return {parents}
    return {path for key, value in data.items() for path in keys_in(value, (*parents, key))}


def test_has_every_setting_and_no_more() -> None:
    assert keys_in(yaml.safe_load(FILE.read_text())) == {path for path, _ in settings()}


@pytest.mark.parametrize("path", [path for path, _ in settings()], ids=".".join)
def test_states_the_default(shipped: Config, path: tuple[str, ...]) -> None:
    assert value_at(shipped, path) == value_at(Config(), path)


def test_explains_every_key_in_the_line_above() -> None:
    lines = FILE.read_text().splitlines()
    keys = [i for i, line in enumerate(lines) if re.match(r"\s*\w+:", line)]
    bare = [lines[i].strip() for i in keys if not lines[i - 1].strip().startswith("# ")]
    assert len(keys) > len(list(settings()))
    assert bare == []


def test_is_what_counts_where_nobody_names_another(tmp_path: Path) -> None:
    assert shipped_file() == FILE
    assert load(None, {}, directory=tmp_path).file == FILE
