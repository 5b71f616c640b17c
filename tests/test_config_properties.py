"""The loader under arbitrary text: a Config or a UserError, and what is written is read."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.config import Config
from engine.config_check import unwrap
from engine.config_file import MAX_PROBLEMS, load, parse_config, variable_name
from engine.config_file import settings as all_settings
from engine.errors import UserError

SETTINGS = dict(all_settings())
KEYS = st.sampled_from(sorted({name for path in SETTINGS for name in path}))

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["on", "off", "0x1f", "1:30", "010", ".nan", "1e5", "head", "high", "all"])
)
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=8), inner, max_size=6)
    ),
    max_leaves=25,
)
documents = st.dictionaries(st.sampled_from([f.name for f in dataclasses.fields(Config)]), trees)
yaml_like = st.text(alphabet=":-#{}[],&*!|>'\"%@`\\ \n\tabc019._~<\x00\x85\ud800", max_size=60)


def outcome(text: str) -> Config | None:
    """The configuration, or None for a proper refusal; anything else fails the test."""
    try:
        return parse_config(text)
    except UserError as error:
        lines = error.lines
    assert lines
    assert all(line.isprintable() and line.startswith("config.yaml") for line in lines)
    return None


@given(st.text(max_size=200) | yaml_like)
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_configuration_or_a_mistake(text: str) -> None:
    outcome(text)


@given(documents)
@settings(max_examples=150, deadline=None)
def test_any_structure_is_a_configuration_or_a_mistake(document: dict[str, Any]) -> None:
    outcome(yaml.safe_dump(document, allow_unicode=True))


@given(st.binary(max_size=100))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_is_a_configuration_or_a_mistake(tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(raw)
    with contextlib.suppress(UserError):
        load(file, {})


@given(st.dictionaries(st.sampled_from(sorted(map(variable_name, SETTINGS))), st.text(max_size=30)))
@settings(max_examples=120, deadline=None)
def test_any_environment_is_a_configuration_or_a_mistake(environment: dict[str, str]) -> None:
    try:
        loaded = load(os.devnull, environment)
    except UserError as error:
        lines = error.lines[:MAX_PROBLEMS]
    else:
        assert set(loaded.variables) == set(environment)
        return
    assert all(line.isprintable() and line.startswith("HELIOTROPE_") for line in lines)


def values_for(annotation: Any) -> st.SearchStrategy[Any]:
    """Values that the annotation allows, as YAML and JSON hold them."""
    bare, marks = unwrap(annotation)
    if get_origin(bare) is tuple:
        first, second = get_args(bare)
        if second is Ellipsis:
            return st.lists(values_for(first), max_size=3)
        return st.tuples(values_for(first), values_for(second)).map(lambda pair: sorted(pair))
    if bare is bool:
        return st.booleans()
    if bare in (int, float):
        assert marks.between is not None, "every number has bounds"
        low, high = marks.between.low, marks.between.high
        if bare is int:
            return st.integers(int(low), int(high))
        return st.floats(low, high, allow_subnormal=False).map(lambda x: float(f"{x:.6g}"))
    if isinstance(bare, type) and issubclass(bare, StrEnum):
        return st.sampled_from([str(member) for member in bare])
    if marks.matching is not None or bare is Path:
        return st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
    return st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=10)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_what_was_written_is_what_is_read(data: st.DataObject) -> None:
    paths = data.draw(st.sets(st.sampled_from(sorted(SETTINGS)), max_size=8))
    written = {
        path: data.draw(values_for(SETTINGS[path]), ".".join(path)) for path in sorted(paths)
    }
    document: dict[str, Any] = {}
    for path, value in written.items():
        level = document
        for name in path[:-1]:
            level = level.setdefault(name, {})
        level[path[-1]] = value
    config = outcome(yaml.safe_dump(document, allow_unicode=True))
    if config is None:
        return  # one of the rules between settings, tested elsewhere
    for path, value in written.items():
        assert _plain(config, path) == value
    environment = {variable_name(p): _as_variable(v) for p, v in written.items()}
    assert load(os.devnull, environment).config == config


def _plain(config: object, path: tuple[str, ...]) -> Any:
    for name in path:
        config = getattr(config, name)
    if isinstance(config, tuple):
        return list(config)
    return str(config) if isinstance(config, Path) else config


def _as_variable(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value)
