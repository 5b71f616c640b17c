"""Whom to face: reluctant to change, quick to answer, never to and fro."""

import random
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.core import attention, tracks
from engine.core.attention import Attention, choose, summon
from engine.core.fusion import NEVER, Person
from engine.core.settings import AttentionSettings
from engine.core.tracks import RangeTrack

ATTENTION = AttentionSettings()
PERIOD = 0.1  # s between two decisions
shares = st.floats(0.0, 1.0)
distances = st.floats(0.3, ATTENTION.max_distance)


def someone(id_: int, distance: float | None = 2.0, engagement: float | None = 0.5) -> Person:
    return Person(
        id=id_,
        track=tracks.begin(0.0, 20.0 * id_, 1.5),
        range=None if distance is None else RangeTrack(0.0, distance, 0.1),
        confidence=0.9,
        hits=10,
        first_hit=-10.0,
        last_seen=0.0,
        last_heard=NEVER,
        voices=0,
        confirmed=True,
        engagement=engagement,
    )


class Choice:
    """Chooses ten times a second among people who are in view unless said otherwise."""

    def __init__(self, settings: AttentionSettings = ATTENTION) -> None:
        self.t = 0.0
        self.settings = settings
        self.attention = Attention()

    def among(self, *people: Person, seconds: float = PERIOD, talking: int | None = None) -> None:
        for _ in range(max(1, round(seconds / PERIOD))):
            self.among_as_they_are(
                *(
                    replace(p, last_seen=self.t, last_heard=self.t if p.id == talking else NEVER)
                    for p in people
                )
            )

    def among_as_they_are(self, *people: Person) -> None:
        self.attention = choose(self.attention, people, self.t, self.settings)
        self.t += PERIOD

    @property
    def primary(self) -> int | None:
        return self.attention.primary


def test_with_nobody_there_nobody_is_chosen() -> None:
    choice = Choice()
    choice.among(someone(1))
    assert choice.primary == 1
    choice.among_as_they_are()
    assert choice.attention == Attention()


@pytest.mark.parametrize(
    "person",
    [
        replace(someone(1), confirmed=False),
        someone(1, distance=ATTENTION.max_distance + 0.1),
    ],
)
def test_who_is_unconfirmed_or_too_far_away_is_not_faced(person: Person) -> None:
    choice = Choice()
    choice.among(person, seconds=3.0)
    assert choice.primary is None
    choice.among(person, someone(2, engagement=0.0), talking=1, seconds=3.0)
    assert choice.primary == 2


@given(distances, distances)
def test_of_two_the_nearer_is_chosen_first(one: float, other: float) -> None:
    assume(abs(one - other) > 1e-6)
    choice = Choice()
    choice.among(someone(1, one), someone(2, other))
    assert choice.primary == (1 if one < other else 2)


@given(shares, shares)
def test_of_two_the_one_who_faces_the_device_is_chosen_first(one: float, other: float) -> None:
    assume(abs(one - other) > 1e-6)
    choice = Choice()
    choice.among(someone(1, engagement=one), someone(2, engagement=other))
    assert choice.primary == (1 if one > other else 2)


@given(shares, shares, distances, distances)
def test_who_talks_is_chosen_before_anybody_silent(
    silent: float, talker: float, near: float, far: float
) -> None:
    assume(ATTENTION.talker > ATTENTION.engaged + ATTENTION.near)
    choice = Choice()
    choice.among(someone(1, near, silent), someone(2, far, talker), talking=2)
    assert choice.primary == 2


def test_who_talks_takes_over_from_an_equal_who_is_silent_and_not_before_the_time() -> None:
    choice = Choice()
    choice.among(someone(1), someone(2), seconds=5.0)
    assert choice.primary == 1
    start = choice.t
    while choice.primary == 1:
        choice.among(someone(1), someone(2), talking=2)
        assert choice.t < start + 2.0 * ATTENTION.switch_after + 1.0
    assert choice.t - start >= ATTENTION.switch_after


def test_a_word_thrown_in_turns_nobody_s_head() -> None:
    choice = Choice()
    choice.among(someone(1), someone(2))
    for _ in range(20):
        choice.among(someone(1), someone(2), talking=2, seconds=0.7 * ATTENTION.switch_after)
        choice.among(someone(1), someone(2), talking=1, seconds=2 * PERIOD)
        assert choice.primary == 1


@given(shares)
def test_who_is_better_by_less_than_the_reluctance_never_takes_over(share: float) -> None:
    gain = 0.98 * share * min(1.0, ATTENTION.keep / ATTENTION.engaged)
    choice = Choice()
    choice.among(someone(1, engagement=0.0))
    choice.among(someone(1, engagement=0.0), someone(2, engagement=gain), seconds=5.0)
    assert choice.primary == 1


def test_between_two_equal_people_it_does_not_go_to_and_fro() -> None:
    for seed in range(5):
        rng = random.Random(seed)
        choice = Choice()
        chosen = []
        for _ in range(600):
            choice.among(
                *(
                    replace(
                        someone(i, rng.uniform(1.8, 2.2), min(1.0, max(0.0, rng.gauss(0.5, 0.2)))),
                        confidence=rng.uniform(0.8, 1.0),
                    )
                    for i in (1, 2)
                )
            )
            chosen.append(choice.primary)
        assert len(set(chosen)) == 1


def test_in_a_conversation_it_changes_no_more_often_than_the_speakers() -> None:
    choice = Choice()
    changes, before = 0, None
    for turn in range(10):
        choice.among(someone(1), someone(2), talking=1 + turn % 2, seconds=4.0)
        assert choice.primary == 1 + turn % 2
        changes += choice.primary != before
        before = choice.primary
    assert changes == 10


def test_several_challengers_in_turn_do_not_add_up() -> None:
    choice = Choice()
    people = tuple(someone(i) for i in (1, 2, 3))
    choice.among(*people)
    for turn in range(20):
        choice.among(*people, talking=2 + turn % 2, seconds=0.6 * ATTENTION.switch_after)
        assert choice.primary == 1


# --------------------------------------------------------------------- summoned


def test_who_called_is_faced_whoever_else_talks_until_their_time_is_over() -> None:
    choice = Choice()
    better = someone(1, 0.5, 1.0)
    caller = someone(2, 4.0, 0.0)
    choice.among(better, caller, talking=1, seconds=2.0)
    assert choice.primary == 1
    choice.attention = summon(2, choice.t, ATTENTION)
    until = choice.t + ATTENTION.wake_word_hold
    while choice.t < until - PERIOD:
        choice.among(better, caller, talking=1)
        assert choice.primary == 2
    choice.among(better, caller, talking=1, seconds=ATTENTION.switch_after + 1.0)
    assert choice.primary == 1
    assert choice.attention.summoned is None


def test_who_called_and_then_goes_on_talking_is_kept_after_their_time() -> None:
    choice = Choice()
    choice.attention = summon(2, 0.0, ATTENTION)
    people = (someone(1), someone(2))
    choice.among(*people, talking=2, seconds=ATTENTION.wake_word_hold + 5.0)
    assert choice.primary == 2


def test_who_called_and_is_gone_holds_nobody_up() -> None:
    choice = Choice()
    choice.attention = summon(2, 0.0, ATTENTION)
    choice.among(someone(1))
    assert (choice.primary, choice.attention.summoned) == (1, None)


def test_the_last_to_call_is_the_one_to_face() -> None:
    choice = Choice()
    choice.attention = summon(1, 0.0, ATTENTION)
    choice.among(someone(1), someone(2))
    choice.attention = summon(2, choice.t, ATTENTION)
    choice.among(someone(1), someone(2))
    assert choice.primary == 2


# ------------------------------------------------------------------------- lost


def test_whoever_is_lost_gives_way_to_somebody_who_is_there() -> None:
    choice = Choice()
    choice.among(someone(1), someone(2))
    gone = replace(someone(1), last_seen=choice.t - PERIOD, confidence=0.2)
    choice.t += 2.0 * attention.LOST
    choice.among_as_they_are(gone, replace(someone(2), last_seen=choice.t))
    assert choice.primary == 2, "without waiting as for a challenger"


def test_a_moment_s_absence_gives_nothing_away() -> None:
    choice = Choice()
    choice.among(someone(1), someone(2))
    seen_at = choice.t - PERIOD
    while choice.t < seen_at + min(attention.LOST, ATTENTION.switch_after):
        hidden = replace(someone(1), last_seen=seen_at, confidence=0.2)
        choice.among_as_they_are(hidden, replace(someone(2), last_seen=choice.t))
        assert choice.primary == 1


def test_whoever_is_lost_is_kept_where_nobody_else_is() -> None:
    choice = Choice()
    choice.among(someone(1))
    choice.t += 5.0
    choice.among_as_they_are(replace(someone(1), confidence=0.05))
    assert choice.primary == 1


# ----------------------------------------------------------------------- always


@given(
    st.lists(
        st.builds(
            lambda distance, engagement, confidence, heard, confirmed: replace(
                someone(0, distance, engagement),
                confidence=confidence,
                last_heard=-heard,
                confirmed=confirmed,
            ),
            st.none() | st.floats(0.1, 10.0),
            st.none() | shares,
            shares,
            st.floats(0.0, 5.0),
            st.booleans(),
        ),
        max_size=5,
    ),
    st.randoms(use_true_random=False),
    st.integers(-1, 6),
)
def test_the_choice_is_somebody_eligible_whatever_the_order_of_the_list(
    drawn: list[Person], rng: random.Random, before: int
) -> None:
    people = [replace(p, id=i) for i, p in enumerate(drawn)]
    shuffled = rng.sample(people, len(people))
    start = Attention(primary=before)
    chosen = choose(start, tuple(people), 0.0, ATTENTION)
    assert choose(start, tuple(shuffled), 0.0, ATTENTION) == chosen
    able = {p.id for p in people if attention.eligible(p, ATTENTION)}
    assert chosen.primary in able if able else chosen.primary is None
