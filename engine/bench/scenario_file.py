"""Reads scenario files and words what is wrong with them.

The short forms that people write (`speed: 1.2`, `at: handover + 2`,
`floors: {V: 98}`) are spelled out here; types, bounds and unknown keys are
checked by the same code as config.yaml. It opens files and runs nothing.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

from engine.bench.metrics import METRICS
from engine.bench.scenario_limits import impossible, walk
from engine.config_check import build, fields_of, suggestion, unwrap
from engine.config_file import read_text
from engine.config_yaml import Kind, Listing, Scalar, Section, Tree, parse_yaml
from engine.errors import ManyErrors, UserError
from engine.sim.scenario import (
    Argument,
    Facing,
    Floor,
    Happening,
    Moment,
    Occurrence,
    Place,
    Scenario,
    Spread,
    When,
)

SHIPPED = Path(__file__).resolve().parent / "scenarios"
MAX_PROBLEMS = 20
_AFTER = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:([+-])\s*(\d+(?:\.\d+)?))?\s*")
# A mapping of names in the file is a tuple of named things in the scenario.
_NAMED = {Moment: ("name", "at"), Floor: ("metric", "value"), Argument: ("name", "number")}
_VALUE_KEY = {Kind.TEXT: "text", Kind.BOOL: "flag"}


def shipped() -> dict[str, Path]:
    """The scenarios in the wheel, by name."""
    return {file.stem: file for file in sorted(SHIPPED.glob("*.yaml"))}


def find(word: str) -> Path:
    """The file of a scenario given by name or by path. Raises UserError."""
    known = shipped()
    if word in known:
        return known[word]
    path = Path(word)
    if path.suffix in (".yaml", ".yml") or path.exists():
        return path
    close = suggestion(word, known)
    hint = f"did you mean {close}?" if close else "`heliotrope simulate --list` shows them all"
    raise UserError(f"{word}: no scenario of this name", hint)


def load(file: Path) -> Scenario:
    """The scenario in a file. Raises UserError with every mistake found."""
    return parse(read_text(file), str(file))


def parse(text: str, name: str) -> Scenario:
    """The scenario in `text`, called `name` in errors. Raises UserError."""
    problems: list[UserError] = []
    tree = _spell_out(Scenario, parse_yaml(text, name, problems))
    assert isinstance(tree, Section)
    scenario = build(Scenario, tree, problems)
    if not problems:
        assert isinstance(scenario, Scenario)
        odd = (*_odd(scenario), *impossible(scenario))
        problems.extend(UserError(f"{_origin_of(tree, p.partition(':')[0])}: {p}") for p in odd)
    if len(problems) > 1:
        raise ManyErrors(tuple(problems[:MAX_PROBLEMS]))
    if problems:
        raise problems[0]
    assert isinstance(scenario, Scenario)
    return scenario


# ------------------------------------------------------------ short forms


def _spell_out(annotation: Any, tree: Tree) -> Tree:
    """`tree` with every short form replaced by the long one that `build` understands."""
    kind = _core(annotation)
    if kind is Spread:
        return _spread(tree)
    if kind is When:
        return _when(tree)
    if kind is Facing:
        return _facing(tree)
    if get_origin(kind) is tuple:
        return _list(get_args(kind), tree)
    if kind is Occurrence and isinstance(tree, Section) and "kind" not in tree.values:
        tree = _occurrence(tree)
    if dataclasses.is_dataclass(kind) and isinstance(tree, Section):
        wanted = fields_of(kind if isinstance(kind, type) else type(kind))
        spelled = {
            key: _spell_out(wanted[key], child) if key in wanted else child
            for key, child in tree.values.items()
        }
        return Section(tree.origin, spelled, tree.origins)
    return tree


def _core(annotation: Any) -> Any:
    """The annotation without `Annotated` and `| None`."""
    bare, _ = unwrap(annotation)
    inner = [a for a in get_args(bare) if a is not type(None)]
    return inner[0] if type(None) in get_args(bare) and len(inner) == 1 else bare


def _section(origin: str, **values: Tree) -> Section:
    return Section(origin, values, dict.fromkeys(values, origin))


def _spread(tree: Tree) -> Tree:
    if isinstance(tree, Scalar):
        return _section(tree.origin, low=tree, high=tree)
    if isinstance(tree, Listing) and len(tree.items) == 2:
        return _section(tree.origin, low=tree.items[0], high=tree.items[1])
    return tree


def _when(tree: Tree) -> Tree:
    if isinstance(tree, Scalar) and tree.kind is Kind.TEXT:
        match = _AFTER.fullmatch(tree.text)
        if match:
            name, sign, seconds = match.groups()
            offset = f"-{seconds}" if sign == "-" else seconds or "0"
            moment = Scalar(tree.origin, name, Kind.TEXT)
            later = _spread(Scalar(tree.origin, offset, Kind.FLOAT))
            return _section(tree.origin, seconds=later, moment=moment)
    if isinstance(tree, Scalar | Listing):
        return _section(tree.origin, seconds=_spread(tree))
    return tree


def _facing(tree: Tree) -> Tree:
    if not isinstance(tree, Scalar):
        return tree
    if tree.kind is Kind.TEXT:
        return _section(tree.origin, at=tree)
    at = Scalar(tree.origin, "direction", Kind.TEXT)
    return _section(tree.origin, at=at, direction=tree)


def _list(kinds: tuple[Any, ...], tree: Tree) -> Tree:
    if isinstance(tree, Section) and kinds[0] in _NAMED:
        items = tuple(_named(kinds[0], tree, key) for key in tree.values)
        return Listing(tree.origin, tuple(_spell_out(kinds[0], item) for item in items))
    if isinstance(tree, Listing):
        return Listing(tree.origin, tuple(_spell_out(kinds[0], item) for item in tree.items))
    return tree


def _named(kind: Any, tree: Section, key: str) -> Section:
    name_key, value_key = _NAMED[kind]
    value = tree.values[key]
    if kind is Argument and isinstance(value, Scalar):
        value_key = _VALUE_KEY.get(value.kind, value_key)
    origin = tree.origins[key]
    return _section(
        origin, **{name_key: Scalar(origin, key, Kind.TEXT, quoted=True), value_key: value}
    )


def _occurrence(tree: Section) -> Section:
    """`- push: {at: 3}` means `- {kind: push, at: 3}`."""
    if len(tree.values) != 1:
        return tree
    ((key, inner),) = tree.values.items()
    if key not in list(Happening):
        close = suggestion(key, list(Happening))
        hint = f"did you mean {close}?" if close else f"choose one of {', '.join(Happening)}"
        raise UserError(f"{tree.origins[key]}: events: {key}: cannot happen", hint)
    kind = Scalar(tree.origins[key], key, Kind.TEXT)
    rest = inner if isinstance(inner, Section) else Section(tree.origin)
    return Section(
        tree.origin, {"kind": kind, **rest.values}, {"kind": kind.origin, **rest.origins}
    )


# ------------------------------------------------- what types cannot say


def _odd(scenario: Scenario) -> Iterator[str]:
    """Mistakes that lie between the keys of a scenario, as `key path: what; remedy`."""
    people = [p.id for p in scenario.people]
    twice = sorted({i for i in people if people.count(i) > 1})
    yield from (f"people: two are called {i}; rename one" for i in twice)
    for label in scenario.primary:
        if label.who is not None and label.who not in people:
            yield f"primary: nobody is called {label.who}; name one of {', '.join(people)}"
    for floor in scenario.floors:
        if floor.metric not in METRICS:
            yield f"floors: {floor.metric} is no metric; choose from {', '.join(METRICS)}"
    low, high = scenario.range
    if low >= high:
        yield "range: the low end must be below the high end; swap them"
    moments = {m.name for m in scenario.moments}
    for path, value in walk(scenario):
        if isinstance(value, When) and value.moment and value.moment not in moments:
            known = ", ".join(sorted(moments)) or "none yet"
            yield f"{path}: no moment is called {value.moment}; add it to moments ({known})"
        if isinstance(value, Place) and not _complete(value):
            yield f"{path}: a place is x and y, or bearing and distance; give one of the pairs"
        if isinstance(value, Spread) and value.low > value.high:
            yield f"{path}: [{value.low:g}, {value.high:g}] runs backwards; swap the two"
        if isinstance(value, Facing) and value.at not in ("device", "travel", "direction"):
            yield f"{path}: {value.at} is no way to face; write device, travel or a direction"
    for actor in scenario.people:
        if actor.leaves is not None and actor.door is None:
            yield f"people: {actor.id} leaves without a door; add `door: {{x: .., y: ..}}`"


def _origin_of(tree: Tree, path: str) -> str:
    """File and line of a key path; of what is around it where the key stands nowhere."""
    origin = tree.origin
    for key in path.split("."):
        if isinstance(tree, Section) and key in tree.values:
            origin, tree = tree.origins[key], tree.values[key]
        elif isinstance(tree, Listing) and key.isdigit():
            tree = tree.items[int(key) - 1]
            origin = tree.origin
        else:
            break
    return origin


def _complete(place: Place) -> bool:
    flat, round_ = (place.x, place.y), (place.bearing, place.distance)
    return (None not in flat and round_ == (None, None)) or (
        None not in round_ and flat == (None, None)
    )
