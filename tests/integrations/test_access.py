"""Links that work once, sessions that last a run, patience that ends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from integrations.http.access import (
    FAILURE_SECONDS,
    FAILURES,
    LINK_SECONDS,
    MOST_BY_TICKETS,
    MOST_LINKS,
    MOST_SESSIONS,
    Access,
)
from integrations.http.scopes import Pass, Scope

VISITOR = Pass("a button", Scope.CONTROL)


class Clock:
    def __init__(self) -> None:
        self.t = 1000.0

    def __call__(self) -> float:
        return self.t


def test_a_link_works_once() -> None:
    access = Access(Clock())
    token = access.new_link()
    session = access.open(token)
    assert access.allows(session)
    assert access.open(token) is None
    assert access.allows(session)


def test_a_link_expires() -> None:
    clock = Clock()
    access = Access(clock)
    token = access.new_link()
    clock.t += LINK_SECONDS
    assert access.open(token) is None


def test_a_links_token_is_no_session_and_a_session_is_no_link() -> None:
    access = Access(Clock())
    token = access.new_link()
    assert not access.allows(token)
    session = access.open(token)
    assert session is not None
    assert access.open(session) is None


@given(st.text() | st.none())
def test_nothing_else_opens(token: str | None) -> None:
    access = Access(Clock())
    access.new_link()
    assert not access.allows(token)
    assert token is None or access.open(token) is None


def test_memory_is_bounded_and_the_newest_win() -> None:
    access = Access(Clock())
    tokens = [access.new_link() for _ in range(MOST_LINKS + 1)]
    assert access.open(tokens[0]) is None
    assert access.open(tokens[-1]) is not None
    sessions = [access.open(access.new_link()) for _ in range(MOST_SESSIONS)]
    assert all(access.allows(session) for session in sessions)


def test_a_notification_s_link_pressed_again_and_again_throws_nobody_out() -> None:
    clock = Clock()
    access = Access(clock, clock)
    owner = access.open(access.new_link())
    ticket = access.sign(60.0)
    pressed = [access.enter(ticket, VISITOR) for _ in range(MOST_SESSIONS)]
    assert access.allows(owner)
    assert [access.allows(session) for session in pressed[-MOST_BY_TICKETS:]] == (
        [True] * MOST_BY_TICKETS
    )


def test_sessions_that_are_over_make_room_before_any_other() -> None:
    clock = Clock()
    access = Access(clock, clock)
    owner = access.open(access.new_link())
    for _ in range(MOST_BY_TICKETS):
        access.enter(access.sign(60.0), VISITOR)
    clock.t += 60.0
    others = [access.open(access.new_link()) for _ in range(MOST_SESSIONS - 1)]
    assert all(access.allows(session) for session in (owner, *others))


def test_failures_lock_for_a_minute_and_only_their_address() -> None:
    clock = Clock()
    access = Access(clock)
    for _ in range(FAILURES):
        assert access.locked_for("::1") == 0.0
        access.failed("::1")
    assert access.locked_for("::1") == FAILURE_SECONDS
    assert access.locked_for("127.0.0.1") == 0.0
    clock.t += FAILURE_SECONDS
    assert access.locked_for("::1") == 0.0


def test_no_token_is_in_what_could_be_logged() -> None:
    access = Access(Clock())
    token = access.new_link()
    assert token not in repr(access)
    assert str(access.open(token)) not in repr(access)
