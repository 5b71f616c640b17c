"""Turns YAML text, or one environment variable, into a tree that knows its lines.

Safe by construction: only the composer of PyYAML runs, never a constructor,
so that no text can make an object. Words syntax errors and duplicate keys;
what a key or value means is `config_check`'s affair. Reads no file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum

import yaml

from engine.errors import UserError


class Kind(StrEnum):
    """What a scalar is before anybody asks for a type. RAW came from the environment."""

    TEXT = "text"
    BOOL = "a yes/no value"
    INT = "a number"
    FLOAT = "a decimal number"
    NULL = "nothing"
    OTHER = "a date or a special value"
    RAW = "raw"


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value as it was written; `quoted` tells "5" from 5."""

    origin: str
    text: str
    kind: Kind
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    origin: str
    items: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Keys with their values, and the origin (file:line) of each key."""

    origin: str
    values: dict[str, Tree] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)


Tree = Scalar | Listing | Section

_TAGS = {
    "tag:yaml.org,2002:str": Kind.TEXT,
    "tag:yaml.org,2002:bool": Kind.BOOL,
    "tag:yaml.org,2002:int": Kind.INT,
    "tag:yaml.org,2002:float": Kind.FLOAT,
    "tag:yaml.org,2002:null": Kind.NULL,
}

_MAX_VALUES = 20_000  # far above any configuration, far below what takes a second


def parse_yaml(text: str, name: str, problems: list[UserError]) -> Section:
    """The tree of `text`; an empty document is an empty section.

    Raises UserError where there is no tree; a key given twice is added to
    `problems`, and its first value counts.
    """
    try:
        # SafeLoader is asked for nodes only: tags stay names, nothing is built.
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, name) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UserError(
            f"{name}:{line}: a character that YAML forbids (U+{_code(error.character):04X})",
            "remove it",
        ) from None
    except RecursionError:
        raise UserError(f"{name}: is nested too deeply", "flatten it") from None
    except (ValueError, OverflowError) as error:
        # PyYAML lets chr() and int() speak for themselves, e.g. for "\UFFFFFFFF".
        raise UserError(f"{name}: cannot be read as YAML ({error})", "correct it") from None
    if node is None or (isinstance(node, yaml.ScalarNode) and node.value == ""):
        return Section(f"{name}:1")
    if not isinstance(node, yaml.MappingNode):
        raise UserError(
            f"{name}:{_line(node)}: must be settings of the form `key: value`",
            "start from the config.yaml that came with Heliotrope",
        )
    try:
        tree = _Converter(name, problems).convert(node, ())
    except RecursionError:
        raise UserError(f"{name}: is nested too deeply", "flatten it") from None
    assert isinstance(tree, Section)
    return tree


def parse_variable(text: str, name: str, *, structured: bool) -> Tree:
    """The tree of an environment variable: JSON where a list is wanted, else the plain text."""
    if not structured:
        return Scalar(name, text, Kind.RAW)
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise UserError(f"{name}: must be JSON", 'for instance [-90, 90] or ["a", "b"]') from None
    return _from_json(value, name)


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _from_json(value: object, name: str) -> Tree:
    match value:
        case None:
            return Scalar(name, "null", Kind.NULL)
        case bool():
            return Scalar(name, "true" if value else "false", Kind.BOOL)
        case int():
            return Scalar(name, str(value), Kind.INT)
        case float():
            return Scalar(name, repr(value), Kind.FLOAT)
        case list():
            return Listing(name, tuple(_from_json(item, name) for item in value))
        case dict():
            values = {str(key): _from_json(item, name) for key, item in value.items()}
            return Section(name, values, dict.fromkeys(values, name))
        case _:
            return Scalar(name, str(value), Kind.TEXT, quoted=True)


class _Converter:
    """Makes a tree of PyYAML's nodes; `path` is the way from the root: (key, node) pairs."""

    def __init__(self, name: str, problems: list[UserError]) -> None:
        self._name = name
        self._problems = problems
        self._made = 0

    def convert(self, node: yaml.Node, path: tuple[tuple[str, yaml.Node], ...]) -> Tree:
        origin = f"{self._name}:{_line(node)}"
        self._made += 1
        if self._made > _MAX_VALUES:  # aliases of aliases multiply
            raise UserError(f"{origin}: holds too many values", "write it without aliases (*)")
        if any(node is parent for _, parent in path):
            self._report(origin, path, "is an alias (*) that contains itself", "remove it")
            return Listing(origin, ())
        if isinstance(node, yaml.ScalarNode):
            kind = _TAGS.get(node.tag, Kind.OTHER)
            return Scalar(origin, node.value, kind, quoted=node.style is not None)
        if isinstance(node, yaml.SequenceNode):
            inner = (*path, ("", node))
            return Listing(origin, tuple(self.convert(child, inner) for child in node.value))
        section = Section(origin)
        for key, value in node.value:
            self._add(section, key, value, (*path, (str(key.value), node)))
        return section

    def _add(
        self,
        section: Section,
        key: yaml.Node,
        value: yaml.Node,
        path: tuple[tuple[str, yaml.Node], ...],
    ) -> None:
        origin = f"{self._name}:{_line(key)}"
        if not isinstance(key, yaml.ScalarNode):
            self._report(origin, path[:-1], "a key must be a word", "write `key: value`")
        elif key.value in section.values:
            first = section.origins[key.value].removeprefix(f"{self._name}:")
            what = f"is given twice, first in line {first}"
            self._report(origin, path, what, "remove one of the two")
        else:
            section.values[key.value] = self.convert(value, path)
            section.origins[key.value] = origin

    def _report(
        self, origin: str, path: tuple[tuple[str, yaml.Node], ...], what: str, remedy: str
    ) -> None:
        label = ".".join(key for key, _ in path if key)
        where = f"{origin}: {label}" if label else origin
        self._problems.append(UserError(f"{where}: {what}", remedy))


def _syntax_error(error: yaml.MarkedYAMLError, name: str) -> UserError:
    mark = error.problem_mark or error.context_mark
    place = f"{name}:{mark.line + 1}" if mark else name
    problem = error.problem or "cannot be read"
    remedies = {
        "found character '\\t'": "indent with spaces, not with tabs",
        "mapping values are not allowed": "indent it like its neighbours, or quote the value",
        "expected <block end>": "indent it like its neighbours",
        "could not find expected ':'": "write `key: value`",
        "but found another document": "remove the line `---`",
    }
    remedy = next((r for start, r in remedies.items() if start in problem), "correct this line")
    return UserError(f"{place}: is not valid YAML ({problem})", remedy)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _code(character: object) -> int:
    return ord(character) if isinstance(character, str) else int(str(character))
