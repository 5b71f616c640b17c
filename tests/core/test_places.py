"""Places: the owner's words and masks, and what was learned, by bearing."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core import brain
from engine.core.places import MOST, Full, Origin, Place, Places, Sense
from engine.core.settings import CoreSettings
from engine.core.state import State
from engine.core.types import (
    AxisMoved,
    Command,
    Json,
    Label,
    PeopleSeen,
    Publish,
    Reply,
    ShutterChanged,
    ShutterState,
    Sighting,
    SoundDirection,
    VoiceHeard,
)

SOFA = Place(40.0, None, Origin.NAME, "sofa")
DOOR = Place(55.0, None, Origin.NAME, "door", width=16.0)
WINDOW = Place(-60.0, Sense.SEEN, Origin.MASK, "window", width=30.0)
RADIO = Place(100.0, Sense.HEARD, Origin.MASK)
PAINTING = Place(10.0, Sense.SEEN, Origin.LEARNED, width=6.0, distance=3.0)


def of(*places: Place) -> Places:
    found = Places()
    for place in places:
        found = found.with_(place)
    return found


def test_the_owners_word_is_the_nearest_one() -> None:
    home = of(SOFA, DOOR, WINDOW, PAINTING)
    assert home.named(42.0) == "sofa"
    assert home.named(49.5) == "door"
    assert home.named(-50.0) == "window", "a mask with a name is a word, too"
    assert home.named(10.0) == ""
    assert home.named(-170.0) == ""


@given(st.floats(-1000.0, 1000.0), st.floats(2.0, 180.0), st.integers(-2, 2))
def test_a_place_covers_its_width_whatever_the_wrapping(
    bearing: float, width: float, turns: int
) -> None:
    (place,) = of(Place(bearing, None, Origin.MASK, width=width)).items
    assert -180.0 < place.bearing <= 180.0
    around = bearing + 360.0 * turns
    assert place.covers(around + 0.499 * width)
    assert place.covers(around - 0.499 * width)
    assert not place.covers(around + 0.501 * width)
    assert place.covers(around + 0.501 * width, margin=0.01 * width)


def test_a_mask_refutes_only_its_sense_and_a_name_refutes_nothing() -> None:
    home = of(WINDOW, RADIO, SOFA)
    assert home.refuted(-60.0, Sense.SEEN, 0.0) == home.masked(-60.0, Sense.SEEN)
    assert home.masked(-60.0, Sense.HEARD) is None
    assert home.refuted(100.0, Sense.HEARD, 0.0) is not None
    assert home.refuted(100.0, Sense.SEEN, 0.0) is None
    assert home.refuted(40.0, Sense.SEEN, 0.0) is None


def test_what_was_learned_is_no_mask() -> None:
    assert of(PAINTING).refuted(11.0, Sense.SEEN, 0.0) is not None
    assert of(PAINTING).masked(11.0, Sense.SEEN) is None


def test_what_has_an_end_ends_and_is_not_kept() -> None:
    home = of(Place(0.0, Sense.HEARD, Origin.LEARNED, until=5.0), SOFA)
    assert home.refuted(0.0, Sense.HEARD, 4.9) is not None
    assert home.refuted(0.0, Sense.HEARD, 5.0) is None
    assert home.current(4.9) is home
    assert [p.name for p in home.current(5.0).items] == ["sofa"]
    assert [p.name for p in home.lasting()] == ["sofa"]


def test_the_same_name_moves_and_keeps_its_number() -> None:
    home = of(SOFA, DOOR)
    moved = home.with_(Place(-90.0, None, Origin.NAME, "sofa"))
    assert len(moved.items) == 2
    assert moved.named(-90.0) == "sofa"
    assert moved.named(40.0) == ""
    assert {p.id for p in moved.items} == {p.id for p in home.items}


def test_what_is_learned_again_is_one_place_and_what_hangs_behind_is_another() -> None:
    home = of(PAINTING, Place(11.5, Sense.SEEN, Origin.LEARNED, width=6.0, distance=2.6))
    assert len(home.items) == 1
    farther = home.with_(Place(11.5, Sense.SEEN, Origin.LEARNED, width=6.0, distance=8.0))
    assert len(farther.items) == 2


@pytest.mark.parametrize(
    ("which", "left"),
    [
        ("all", set()),
        ("learned", {"sofa", "window"}),
        ("masks", {"sofa", ""}),
        ("names", {"window", ""}),
        ("sofa", {"window", ""}),
        ("2", {"sofa", ""}),
    ],
)
def test_clearing(which: str, left: set[str]) -> None:
    home = of(SOFA, WINDOW, PAINTING)
    assert {p.name for p in home.without(which).items} == left


@pytest.mark.parametrize("which", ["kitchen", "", "9"])
def test_clearing_what_is_not_there_says_so(which: str) -> None:
    with pytest.raises(LookupError):
        of(SOFA, PAINTING).without(which)


@pytest.mark.parametrize("name", ["all", "learned", "masks", "names", "7"])
def test_what_clears_others_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="clear_places"):
        of(SOFA).with_(Place(1.0, None, Origin.NAME, name))


def test_numbers_are_never_shared_and_what_was_learned_makes_room() -> None:
    home = of(PAINTING)
    for k in range(MOST):
        home = home.with_(Place(float(k), None, Origin.NAME, f"n{k}"))
    assert len(home.items) == MOST
    assert len({p.id for p in home.items}) == MOST
    assert all(p.origin is Origin.NAME for p in home.items)
    with pytest.raises(Full):
        home.with_(WINDOW)
    assert len(home.with_(Place(1.0, None, Origin.NAME, "n5")).items) == MOST


# ------------------------------------------------------------------ in the brain


class Room:
    """The brain with an open shutter, ten frames a second, the head at rest at 0."""

    def __init__(self, places: Places = Places()) -> None:  # noqa: B008 - frozen
        self.t = 0.0
        self.state: State = brain.start(CoreSettings(), 0.0, 0.0, places=places)
        brain_events = (AxisMoved(0.0, 0.0, 0.0, 0.0, False),
                        ShutterChanged(0.0, ShutterState.OPEN))  # fmt: skip
        for event in brain_events:
            self.state, _, _ = brain.step(self.state, event)
        self.t = 3.0

    def see(self, *bearings: float, seconds: float = 1.0, label: Label = Label.PERSON) -> None:
        for _ in range(round(seconds * 10)):
            found = tuple(
                Sighting(b, 1.0, 0.8, label, distance=2.5, distance_std=0.3) for b in bearings
            )
            self.state, _, _ = brain.step(self.state, PeopleSeen(self.t, found, 0.0, (-33.0, 33.0)))
            self.t += 0.1

    def hear(self, bearing: float, wake_word: str | None = None) -> None:
        event = VoiceHeard(self.t, (SoundDirection(bearing, 0.9, 4.0),), 0.9, wake_word)
        self.state, _, _ = brain.step(self.state, event)

    def ask(self, what: str, **arguments: Json) -> Reply:
        before = self.state.places
        self.state, actions, _ = brain.step(
            self.state, Command(self.t, what, arguments, "page", "1")
        )
        if self.state.places is not before:
            assert any(isinstance(a, Publish) for a in actions)
        (reply,) = (a for a in actions if isinstance(a, Reply))
        return reply

    @property
    def confirmed(self) -> list[float]:
        return [p.track.bearing for p in self.state.people.persons if p.confirmed]


def test_who_is_only_seen_inside_a_mask_is_nobody() -> None:
    room = Room(of(Place(20.0, Sense.SEEN, Origin.MASK, width=16.0)))
    room.see(20.0, seconds=5.0)
    assert room.confirmed == []
    room.see(20.0, -10.0)
    assert len(room.confirmed) == 1


def test_who_comes_out_of_a_mask_or_goes_into_it_is_somebody() -> None:
    room = Room(of(Place(20.0, Sense.SEEN, Origin.MASK, width=16.0)))
    for k in range(60):
        room.see(25.0 - 0.5 * k, seconds=0.1)
    assert len(room.confirmed) == 1
    (who,) = (p.id for p in room.state.people.persons if p.confirmed)
    for k in range(60):
        room.see(-5.0 + 0.5 * k, seconds=0.1)
    room.see(25.0, seconds=5.0)
    assert [p.id for p in room.state.people.persons if p.confirmed] == [who]


def test_a_cat_in_a_masked_window_is_a_cat() -> None:
    room = Room(of(Place(20.0, None, Origin.MASK)))
    room.see(20.0, label=Label.CAT)
    assert [p.label for p in room.state.people.pets] == [Label.CAT]


def test_a_masked_radio_makes_nobody_but_the_wake_word_is_answered() -> None:
    room = Room(of(Place(100.0, Sense.HEARD, Origin.MASK)))
    for _ in range(10):
        room.hear(103.0)
        room.t += 0.5
    assert room.state.people.persons == ()
    room.hear(103.0, "okay_nabu")
    assert len(room.confirmed) == 1


def test_places_by_command_are_published_at_once() -> None:
    room = Room()
    assert room.ask("name_place", name="sofa", bearing=400.0).ok
    assert room.ask("mask_place", sense="seen").message == "mask at 0°"
    sofa, mask = room.state.places.items
    assert (sofa.name, sofa.bearing, sofa.origin) == ("sofa", 40.0, Origin.NAME)
    assert (mask.sense, mask.bearing, mask.origin) == (Sense.SEEN, 0.0, Origin.MASK)
    assert not room.ask("clear_places", which="kitchen").ok
    assert room.ask("clear_places", which="masks").ok
    assert room.state.places.items == (sofa,)


def test_closing_the_shutter_forgets_people_and_keeps_places() -> None:
    room = Room(of(SOFA))
    room.see(5.0)
    room.state, _, _ = brain.step(room.state, ShutterChanged(room.t, ShutterState.CLOSED))
    assert room.state.people.persons == ()
    assert room.state.places.items == of(SOFA).items


def test_it_looks_at_a_place_by_its_name_where_the_range_allows() -> None:
    room = Room()
    narrow = replace(room.state.settings, range=(-90.0, 90.0))
    room.state = replace(room.state, settings=narrow)
    assert room.ask("name_place", name="door", bearing=80.0).ok
    assert room.ask("name_place", name="stairs", bearing=105.0).ok
    assert room.ask("name_place", name="wall", bearing=180.0).ok
    for name, heading in (("door", 80.0), ("stairs", 90.0)):
        assert room.ask("look_at", place=name).ok
        move = room.state.move
        assert move is not None
        assert move.heading == heading
    assert "beyond" in room.ask("look_at", place="wall").message
    assert "no place" in room.ask("look_at", place="sofa").message
