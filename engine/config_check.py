"""Turns a tree of written values into typed settings, and words what is wrong.

Walks the annotations of frozen dataclasses, so that a new setting needs no
code here: bool, int, float, str, Path, enumerations, tuples, Optional and
nested dataclasses, with `Between`, `Matching` and `Secret` in `Annotated`.
All problems are collected, each with its origin, key path and remedy; this
module opens nothing, and knows no setting by name.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from engine.config_texts import Matching, Secret
from engine.config_yaml import Kind, Listing, Scalar, Section, Tree
from engine.core.settings import Between
from engine.errors import UserError, one_line

KeyPath = tuple[str, ...]

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,30})")
_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]{0,30})?(\.[0-9]{0,60})?([eE][-+]?[0-9]{1,3})?")
_TRUE = frozenset({"true", "yes", "on"})
_FALSE = frozenset({"false", "no", "off"})


class _Refused(Exception):
    """A value does not fit: what is wrong, and the remedy."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


@dataclasses.dataclass(frozen=True, slots=True)
class Marks:
    """What `Annotated` adds to a type."""

    between: Between | None = None
    matching: Matching | None = None
    secret: bool = False


def fields_of(kind: type) -> dict[str, Any]:
    """The settings of a dataclass by name, with their full annotations."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return {f.name: hints[f.name] for f in dataclasses.fields(kind) if f.init}


def unwrap(annotation: Any) -> tuple[Any, Marks]:
    """The bare type of an annotation, and its marks (the outermost win)."""
    if get_origin(annotation) is not Annotated:
        return annotation, Marks()
    bare, *extras = get_args(annotation)

    def found(wanted: type) -> Any:
        return next((e for e in reversed(extras) if isinstance(e, wanted)), None)

    secret = any(isinstance(extra, Secret) for extra in extras)
    return bare, Marks(found(Between), found(Matching), secret)


def is_section(annotation: Any) -> bool:
    return dataclasses.is_dataclass(unwrap(annotation)[0])


def build(kind: type[Any], tree: Section, problems: list[UserError], path: KeyPath = ()) -> Any:
    """An instance of the dataclass `kind`; what does not fit keeps its default.

    The result counts only if nothing was added to `problems`.
    """
    wanted = fields_of(kind)
    values: dict[str, Any] = {}
    for key, child in tree.values.items():
        here = (*path, key)
        if key not in wanted:
            problems.append(_unknown(tree.origins[key], here, wanted))
            continue
        try:
            values[key] = _value(wanted[key], child, here, problems)
        except _Refused as refused:
            label = ".".join(here)
            problems.append(UserError(f"{child.origin}: {label}: {refused.what}", refused.remedy))
    missing = [
        f.name
        for f in dataclasses.fields(kind)
        if f.init
        and f.name not in tree.values
        and f.default is dataclasses.MISSING
        and f.default_factory is dataclasses.MISSING
    ]
    for name in missing:
        label = ".".join((*path, name))
        problems.append(UserError(f"{tree.origin}: {label}: is missing", f"add `{name}: ...`"))
    if problems and (missing or set(wanted) & set(tree.values) != set(values)):
        return None  # cannot be made, and will not be used
    return kind(**values)


def suggestion(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be."""
    close = difflib.get_close_matches(word.lower()[:80], list(known), n=1, cutoff=0.6)
    return close[0] if close else None


def _unknown(origin: str, path: KeyPath, known: Mapping[str, Any]) -> UserError:
    if path[-1] == "<<":
        return UserError(f"{origin}: merge keys (<<) are not supported", "write the keys out")
    close = suggestion(path[-1], known)
    section = f"`{'.'.join(path[:-1])}`" if path[:-1] else "the top level"
    remedy = f"did you mean {close}?" if close else f"{section} knows {', '.join(sorted(known))}"
    return UserError(f"{origin}: {'.'.join(path)[:200]}: is not a setting", remedy)


def _value(annotation: Any, tree: Tree, path: KeyPath, problems: list[UserError]) -> Any:
    bare, marks = unwrap(annotation)
    origin = get_origin(bare)
    if origin in (types.UnionType, typing.Union):
        return _optional(bare, tree, path, problems)
    if dataclasses.is_dataclass(bare):
        if isinstance(tree, Scalar) and tree.kind is Kind.NULL:
            return build(typing.cast("type", bare), Section(tree.origin), problems, path)
        if not isinstance(tree, Section):
            raise _Refused("must be a section", "indent its settings below it as `key: value`")
        return build(typing.cast("type", bare), tree, problems, path)
    if origin is tuple:
        return _tuple(get_args(bare), tree, path, problems)
    if not isinstance(tree, Scalar):
        given = "a list" if isinstance(tree, Listing) else "a section"
        raise _Refused(f"must be one value, not {given}", "write `key: value`")
    return _scalar(bare, marks, tree)


def _optional(union: Any, tree: Tree, path: KeyPath, problems: list[UserError]) -> Any:
    inner = [kind for kind in get_args(union) if kind is not types.NoneType]
    assert len(inner) == 1, f"only Optional unions are supported, not {union}"
    if isinstance(tree, Scalar) and (
        tree.kind is Kind.NULL or (tree.kind is Kind.RAW and tree.text in ("", "null"))
    ):
        return None
    return _value(inner[0], tree, path, problems)


def _tuple(
    kinds: tuple[Any, ...], tree: Tree, path: KeyPath, problems: list[UserError]
) -> tuple[Any, ...]:
    variable = len(kinds) == 2 and kinds[1] is Ellipsis
    example = "[a, b, c]" if variable else f"[{', '.join('ab'[: len(kinds)])}]"
    if not isinstance(tree, Listing):
        raise _Refused("must be a list", f"write {example}")
    if not variable and len(tree.items) != len(kinds):
        raise _Refused(
            f"must be a list of {len(kinds)} values, not of {len(tree.items)}", f"write {example}"
        )
    wanted = [kinds[0]] * len(tree.items) if variable else list(kinds)
    made = []
    for i, (kind, item) in enumerate(zip(wanted, tree.items, strict=True)):
        try:
            made.append(_value(kind, item, (*path, str(i + 1)), problems))
        except _Refused as refused:
            raise _Refused(f"value {i + 1}: {refused.what}", refused.remedy) from None
    return tuple(made)


def _scalar(bare: Any, marks: Marks, value: Scalar) -> Any:
    if isinstance(bare, type) and issubclass(bare, StrEnum):
        return _member(bare, value)
    # bool before int: every bool is an int.
    readers: dict[Any, Callable[[Scalar, Marks], Any]] = {
        bool: _bool,
        int: _int,
        float: _float,
        str: _text,
        Path: lambda v, m: Path(_not_empty(_text(v, m))),
    }
    assert bare in readers, f"no reader for {bare}; add it to config_check"
    return readers[bare](value, marks)


def _member(kind: type[StrEnum], value: Scalar) -> StrEnum:
    # By its spelling: `policy: off` is a bool to YAML, and a policy to everybody else.
    names = [str(member) for member in kind]
    if value.text in names:
        return kind(value.text)
    close = suggestion(value.text, names)
    hint = f"did you mean {close}?" if close else "choose one"
    raise _Refused(f"{_shown(value)} is none of {', '.join(names)}", hint)


def _bool(value: Scalar, _marks: Marks) -> bool:
    word = value.text.lower()
    if value.kind is Kind.RAW and word in ("1", "0"):
        return word == "1"  # the habit of the environment; in YAML it would be a number
    if value.kind in (Kind.BOOL, Kind.RAW) and word in _TRUE | _FALSE:
        return word in _TRUE
    raise _Refused(f"must be true or false, not {_shown(value)}", "write true or false")


def _int(value: Scalar, marks: Marks) -> int:
    number = _number(value, marks)
    if not _INTEGER.fullmatch(value.text):
        remedy = f"write {number:.0f}" if number == int(number) else "write it without a fraction"
        raise _Refused(f"must be a whole number, not {_shown(value)}", remedy)
    return int(value.text)


def _float(value: Scalar, marks: Marks) -> float:
    return _number(value, marks)


def _number(value: Scalar, marks: Marks) -> float:
    if value.quoted:
        remedy = "remove the quotes" if _NUMBER.fullmatch(value.text) else "write a number"
        raise _Refused(f"must be a number, not the text {_shown(value)}", remedy)
    if not any(c.isdigit() for c in value.text) or not _NUMBER.fullmatch(value.text):
        raise _not_a_number(value)
    number = float(value.text)
    if not math.isfinite(number):
        raise _not_a_number(value)
    if marks.between and not marks.between.low <= number <= marks.between.high:
        raise _out_of_bounds(value, number, marks.between)
    return number


def _not_a_number(value: Scalar) -> _Refused:
    text = value.text.lower().lstrip("+-")
    if text in (".inf", ".nan", "inf", "nan", "infinity"):
        return _Refused(f"must be a finite number, not {_shown(value)}", "write a number")
    if value.kind is Kind.INT and text[:1] == "0":
        return _Refused(
            f"{_shown(value)} is not a decimal number to YAML (a leading 0 means octal)",
            "write it without the leading 0",
        )
    if value.kind in (Kind.INT, Kind.FLOAT) and ":" in text:
        return _Refused(
            f"{_shown(value)} is a number to the base of 60 to YAML", "write a plain number"
        )
    if value.kind is Kind.NULL:
        return _Refused("has no value", "write a number, or remove the line")
    return _Refused(f"must be a number, not {_shown(value)}", "write a plain decimal number")


def _out_of_bounds(value: Scalar, number: float, bound: Between) -> _Refused:
    unit = f" {bound.unit}" if bound.unit else ""
    side = "below" if number < bound.low else "above"
    limit = bound.low if number < bound.low else bound.high
    return _Refused(
        f"{_shown(value)} is {side} {limit:.10g}{unit}",
        f"choose from {bound.low:.10g} to {bound.high:.10g}{unit}",
    )


def _text(value: Scalar, marks: Marks) -> str:
    if value.kind is Kind.NULL and not value.quoted:
        raise _Refused("has no value", 'write "" for an empty text, or remove the line')
    if value.kind not in (Kind.TEXT, Kind.RAW) and not value.quoted:
        shown = "this value" if marks.secret else _shown(value)
        what = f"must be text, but YAML reads {shown} as {value.kind}"
        raise _Refused(what, "put it in quotes")
    if not value.text.isprintable():
        raise _Refused("contains a line break or a control character", "remove it")
    if marks.matching and not marks.matching.pattern.fullmatch(value.text):
        shown = "" if marks.secret or not value.text.strip() else f", not {_shown(value)}"
        raise _Refused(f"{marks.matching.hint}{shown}", "correct it")
    if marks.matching and marks.matching.check is not None:
        try:
            marks.matching.check(value.text)
        except ValueError as error:
            raise _Refused(str(error), "correct it") from None
    return value.text


def _not_empty(text: str) -> str:
    if not text.strip():
        raise _Refused("must not be empty", "write a path, or remove the line")
    return text


def _shown(value: Scalar) -> str:
    """A value as it may stand in an error: short, on one line, in quotes if it was."""
    text = one_line(value.text)
    short = text if len(text) <= 60 else f"{text[:57]}..."
    return f'"{short}"' if value.quoted or not short else short
