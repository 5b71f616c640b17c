"""Finds and reads the configuration: environment, --config, ./config.yaml, the shipped copy.

The environment overrides single keys; of the files only the first that is
there counts, and what it does not name keeps its default. Ends in a `Config`
or a `UserError` with one line for every mistake (file, line, key path,
remedy), never in a traceback. It writes nothing.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_origin

from engine.config import Config
from engine.config_check import KeyPath, build, fields_of, is_section, suggestion, unwrap
from engine.config_rules import RULES, Rule
from engine.config_yaml import Scalar, Section, Tree, parse_variable, parse_yaml
from engine.errors import ManyErrors, UserError

LOCAL_FILE = Path("config.yaml")
PREFIX = "HELIOTROPE_"
MAX_BYTES = 1 << 20  # far above any real configuration, far below what hurts
MAX_PROBLEMS = 20  # more would scroll the first ones away


@dataclass(frozen=True, slots=True)
class Loaded:
    """A valid configuration, and where it came from (for people)."""

    config: Config
    file: Path
    variables: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        return " + ".join((str(self.file), *self.variables))


def load_config(explicit: Path | str | None = None) -> Config:
    """The configuration of this process. Raises UserError with all mistakes at once."""
    return load(explicit).config


def load(
    explicit: Path | str | None = None,
    environment: Mapping[str, str] | None = None,
    directory: Path = Path(),
) -> Loaded:
    """Like `load_config`, with its sources, and with seams for tests."""
    variables = os.environ if environment is None else environment
    file = find_file(explicit, directory)
    problems: list[UserError] = []
    tree = parse_yaml(read_text(file), str(file), problems)
    used = _overlay_environment(tree, variables, problems)
    return Loaded(_typed(tree, problems), file, used)


def parse_config(text: str, name: str = "config.yaml") -> Config:
    """The configuration in `text` alone, called `name` in errors. Raises UserError."""
    problems: list[UserError] = []
    return _typed(parse_yaml(text, name, problems), problems)


def find_file(explicit: Path | str | None, directory: Path = Path()) -> Path:
    """The one configuration file that counts."""
    if explicit is not None:
        return Path(explicit)
    local = directory / LOCAL_FILE
    # A link that leads nowhere was meant, and is reported rather than passed over.
    return local if os.path.lexists(local) else shipped_file()


def shipped_file() -> Path:
    """The copy in the wheel; in a checkout, the file it is made from."""
    package = Path(__file__).resolve().parent
    copy = package / "default_config.yaml"
    return copy if copy.is_file() else package.parent / "config.yaml"


def read_text(file: Path) -> str:
    """The text of a configuration file. Raises UserError for all that can go wrong."""
    try:
        if stat.S_ISDIR(file.stat().st_mode):
            raise UserError(f"{file}: is a directory", "name the file in it")
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise UserError(f"{file}: no such file", "check the path given with --config") from None
    except PermissionError:
        raise UserError(f"{file}: may not be read", "allow it with chmod or chown") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise UserError(f"{file}: cannot be read ({reason})", "check the path") from None
    if len(raw) > MAX_BYTES:
        raise UserError(f"{file}: is larger than 1 MiB", "name a Heliotrope configuration")
    try:
        # A byte order mark is what some editors on Windows leave behind.
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UserError(f"{file}:{line}: is not UTF-8", "save it with the encoding UTF-8") from None


def settings(kind: type = Config, parents: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Every setting: its key path and its annotation, sections resolved."""
    for name, annotation in fields_of(kind).items():
        path = (*parents, name)
        if is_section(annotation):
            yield from settings(unwrap(annotation)[0], path)
        else:
            yield path, annotation


def variable_name(path: KeyPath) -> str:
    """The environment variable of a setting: HELIOTROPE_AXIS__MOTION__GENTLE."""
    return PREFIX + "__".join(path).upper()


def _overlay_environment(
    tree: Section, variables: Mapping[str, str], problems: list[UserError]
) -> tuple[str, ...]:
    known = {variable_name(path): (path, annotation) for path, annotation in settings()}
    sections = {variable_name(path[:i]) for path, _ in known.values() for i in range(1, len(path))}
    run_together = {name.replace("_", "") for name in known}
    used = []
    for name in sorted(n for n in variables if n.startswith(PREFIX)):
        if name in sections:
            problems.append(
                UserError(f"{name}: names a section, not a setting", f"set {name}__<KEY>")
            )
        elif name in known:
            path, annotation = known[name]
            structured = get_origin(unwrap(annotation)[0]) is tuple
            try:
                _put(tree, path, parse_variable(variables[name], name, structured=structured))
            except UserError as error:
                problems.append(error)
            used.append(name)
        elif "__" in name or name.replace("_", "") in run_together:
            # Without a section it may be anybody's, unless only the second underscore lacks:
            # HELIOTROPE_DATA is for the tests, HELIOTROPE_MQTT_HOST is a slip.
            problems.append(_unknown_variable(name, known))
    return tuple(used)


def _unknown_variable(name: str, known: Mapping[str, object]) -> UserError:
    lowered = {variable.lower(): variable for variable in known}
    close = suggestion(name, lowered)
    remedy = f"did you mean {lowered[close]}?" if close else "unset it; config.yaml lists all keys"
    return UserError(f"{name}: is not a setting", remedy)


def _put(tree: Section, path: KeyPath, value: Tree) -> None:
    """Place a value from the environment where the file's value would stand."""
    for name in path[:-1]:
        inner = tree.values.get(name)
        if not isinstance(inner, Section):
            # An empty section in the file is no section yet. A wrong one is
            # replaced as well: nobody reads it any more.
            inner = Section(value.origin)
            tree.values[name] = inner
            tree.origins.setdefault(name, value.origin)
        tree = inner
    tree.values[path[-1]] = value
    tree.origins[path[-1]] = value.origin


def _typed(tree: Section, problems: list[UserError]) -> Config:
    config = build(Config, tree, problems)
    if not problems:
        broken = (rule for rule in RULES if not rule.holds(config))
        problems.extend(_broken_rule(rule, config, tree) for rule in broken)
    if problems:
        shown = problems[:MAX_PROBLEMS]
        if len(problems) > MAX_PROBLEMS:
            rest = len(problems) - MAX_PROBLEMS
            shown.append(UserError(f"{tree.origin.rpartition(':')[0]}: and {rest} more problems"))
        raise ManyErrors(tuple(shown)) if len(shown) > 1 else shown[0]
    assert isinstance(config, Config)
    return config


def _broken_rule(rule: Rule, config: Config, tree: Section) -> UserError:
    # One of the keys was written: the defaults keep all rules.
    origin = next((o for key in rule.keys if (o := _origin(tree, key))), tree.origin)
    return UserError(f"{origin}: {rule.keys[0]}: {rule.wrong(config)}", rule.remedy)


def _origin(tree: Section, key: str) -> str | None:
    """Where `key` was written, None where it has its default."""
    *parents, last = key.split(".")
    for name in parents:
        inner = tree.values.get(name)
        if not isinstance(inner, Section):
            return None
        tree = inner
    value = tree.values.get(last)
    return value.origin if isinstance(value, Scalar) else tree.origins.get(last)
