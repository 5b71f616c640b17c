"""`heliotrope places`: the places of the home, listed, named, masked and cleared.

Wires the store in `state_dir` to the terminal; what a place means is decided in
`engine.core.places`. It never writes while an engine holds the state directory.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from engine.config_file import load
from engine.core.angles import wrap
from engine.core.places import (
    BOTH,
    NARROWEST,
    USUAL_WIDTH,
    WIDEST,
    Origin,
    Place,
    Places,
    Sense,
)
from engine.errors import UserError
from engine.identity import Claim, prepare_state_dir
from engine.places_file import PlacesFile
from integrations.commands import CommandError, build
from integrations.snapshot_json import PLACE, record

HELP = "list, name, mask and clear places by their bearing: sofa, door, window, painting"
EXAMPLES = """
  heliotrope places
  heliotrope places name sofa --bearing 40
  heliotrope places mask --bearing -60 --width 30 --sense seen --name window
  heliotrope places clear learned
"""
HELD = "a running engine takes the commands name_place, mask_place and clear_places instead"


def configure(parser: argparse.ArgumentParser) -> None:
    # Before or after the word, without the one undoing the other.
    shared = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    for options in (parser, shared):
        options.add_argument("--config", metavar="F", type=Path, help="configuration file (YAML)")
        options.add_argument("--json", action="store_true", help="print all places as JSON")
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument(
        "--bearing", metavar="DEG", type=float, required=True, help="from the mechanical centre"
    )
    where.add_argument(
        "--width", metavar="DEG", type=float, default=USUAL_WIDTH, help="from edge to edge"
    )
    what = parser.add_subparsers(dest="what", metavar="WHAT", parser_class=type(parser))
    what.add_parser("list", parents=[shared], help="all places; so without a word, too")
    name = what.add_parser("name", parents=[shared, where], help="give a bearing a name")
    name.add_argument("name", metavar="NAME")
    mask = what.add_parser("mask", parents=[shared, where], help="what is only there is nobody")
    mask.add_argument("--sense", choices=[*(s.value for s in Sense), BOTH], default=BOTH)
    mask.add_argument("--name", metavar="NAME", default="")
    clear = what.add_parser("clear", parents=[shared], help="forget places")
    clear.add_argument("which", metavar="WHICH", help="learned, masks, names, all, number or name")


def run(arguments: argparse.Namespace) -> int:
    state_dir = prepare_state_dir(load(arguments.config).config.state_dir)
    file = PlacesFile(state_dir)
    if arguments.what in (None, "list"):
        _print(file.load(), as_json=arguments.json)
        return 0
    try:
        claim = Claim(state_dir)
    except UserError as error:
        raise UserError(error.message, HELD) from None
    with claim:
        changed = CHANGES[arguments.what](file.load(), arguments)
        try:
            file.write(changed.lasting())
        except OSError as error:
            raise UserError(f"{file.path}: {error.strerror}", "make room or allow it") from None
    _print(changed, as_json=arguments.json)
    return 0


def _named(places: Places, arguments: argparse.Namespace) -> Places:
    return _with(places, arguments, Origin.NAME, None)


def _masked(places: Places, arguments: argparse.Namespace) -> Places:
    sense = None if arguments.sense == BOTH else Sense(arguments.sense)
    return _with(places, arguments, Origin.MASK, sense)


def _with(
    places: Places, arguments: argparse.Namespace, origin: Origin, sense: Sense | None
) -> Places:
    given = {"bearing": arguments.bearing, "width": arguments.width}
    if arguments.name or origin is Origin.NAME:
        given["name"] = arguments.name
    try:
        # The same bounds as for everybody else who asks.
        build(f"{origin.value}_place", given, t=0.0, source="command line")
    except CommandError as error:
        raise UserError(str(error), f"widths are {NARROWEST:g} to {WIDEST:g} degrees") from None
    place = Place(wrap(arguments.bearing), sense, origin, arguments.name, arguments.width)
    try:
        return places.with_(place)
    except ValueError as error:
        raise UserError(str(error), "see `heliotrope places --help`") from None


def _cleared(places: Places, arguments: argparse.Namespace) -> Places:
    try:
        return places.without(arguments.which)
    except LookupError as error:
        raise UserError(str(error.args[0]), "see `heliotrope places list`") from None


CHANGES = {"name": _named, "mask": _masked, "clear": _cleared}


def _print(places: Places, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([record(PLACE, place) for place in places.items]))
        return
    if not places.items:
        print("no places yet: name one with `heliotrope places name sofa --bearing 40`")
    for place in sorted(places.items, key=lambda p: p.bearing):
        sense = place.sense.value if place.sense else "seen and heard"
        words = [f"{place.id:3d}  {place.bearing:+7.1f} deg, {place.width:.0f} wide"]
        words.append(place.origin.value if place.origin is Origin.NAME else
                     f"{place.origin.value} ({sense})")  # fmt: skip
        if place.distance is not None:
            words.append(f"{place.distance:.1f} m away")
        print(", ".join(words) + (f"  {place.name}" if place.name else ""))
