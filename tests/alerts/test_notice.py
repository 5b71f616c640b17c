"""Notices survive as text, and say when they come late."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.notice import LATE_SECONDS, Notice, Parcel, Urgency, decode, duration, encode

NOTICE = Notice("tag-1", "person", "A person", "near the sofa", at=1_700_000_000.0)


@given(
    st.builds(
        Notice,
        tag=st.text(min_size=1),
        kind=st.text(),
        title=st.text(),
        message=st.text(),
        at=st.floats(allow_nan=False, allow_infinity=False),
        bearing=st.none() | st.floats(-180, 180),
        confidence=st.floats(0, 1),
        urgency=st.sampled_from(Urgency),
    )
)
def test_what_was_written_is_what_is_read(notice: Notice) -> None:
    assert decode(encode(notice)) == notice


def test_a_field_of_a_later_version_is_left_out() -> None:
    assert decode(encode(NOTICE).replace('"tag"', '"novel":1,"tag"')) == NOTICE


@pytest.mark.parametrize("text", ["[]", "{}", '{"tag":"x"}', "no json", '{"urgency":"shrill"}'])
def test_what_is_no_notice_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own error is one too
        decode(text)


def test_late_is_said_in_title_and_message() -> None:
    assert Parcel(NOTICE).title == NOTICE.title
    late = Parcel(NOTICE, age=LATE_SECONDS + 60)
    assert late.title.startswith("Late: ")
    assert "2 min later" in late.message


def test_durations_are_words() -> None:
    assert duration(20) == "20 s"
    assert duration(3 * 3600 + 300) == "3 h 5 min"
    assert duration(86_400 * 2) == "2 d"
