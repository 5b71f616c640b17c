"""Lines of cron: what they mean, and what is wrong with those that are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import cron
from engine.config_file import load_config
from engine.cron import When
from engine.errors import UserError


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("* * * * *", When(None, None, None, None, None)),
        ("0 3 * * *", When(frozenset({0}), frozenset({3}), None, None, None)),
        ("*/20 22-23 * * *", When(frozenset({0, 20, 40}), frozenset({22, 23}), None, None, None)),
        ("5/30 0 * * *", When(frozenset({5, 35}), frozenset({0}), None, None, None)),
        ("* * * * mon-fri", When(None, None, None, None, frozenset(range(1, 6)))),
        ("* * * * 0", When(None, None, None, None, frozenset({0}))),
        ("* * * * 7", When(None, None, None, None, frozenset({0}))),
        ("* * 1,15 JAN *", When(None, None, frozenset({1, 15}), frozenset({1}), None)),
    ],
)
def test_it_means_what_cron_means(line: str, meant: When) -> None:
    assert cron.parse(line) == meant


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("60 * * * *", "has '60' for the minute; it is 0 to 59"),
        ("0 24 * * *", "has '24' for the hour; it is 0 to 23"),
        ("0 3 0 * *", "has '0' for the day; it is 1 to 31"),
        ("0 3 * 13 *", "has '13' for the month; it is 1 to 12"),
        ("0 3 * * 8", "has '8' for the weekday; it is 0 to 7"),
        ("0 3 * * monday", "has 'monday' for the weekday; it is 0 to 7"),
        ("5-1 * * * *", "has '5-1' for the minute: it ends before it begins"),
        ("*/0 * * * *", "has '*/0' for the minute: a step of 0 never comes on"),
        ("*-5 * * * *", "has '*-5' for the minute, which is not cron"),
        ("0 3 30 2 *", "never comes: no such month has a day 30"),
        ("0,, 3 * * *", "has '' for the minute, which is not cron"),
        ("@daily", "has 1 fields; cron has minute hour day month weekday"),
    ],
)
def test_what_is_wrong_is_said(line: str, why: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared
        cron.parse(line)
    assert str(caught.value) == why


@given(st.text(alphabet="0123456789*/-,@ monfjaLW", max_size=30))
def test_whatever_is_written_it_is_read_or_refused(line: str) -> None:
    try:
        when = cron.parse(line)
    except ValueError:
        return
    assert when.weekdays is None or when.weekdays <= set(range(7))


@pytest.mark.parametrize("key", ["pan_at", "arm_away", "arm_night", "disarm"])
def test_a_malformed_line_is_an_error_of_the_configuration_that_names_the_key(
    key: str, tmp_path: object
) -> None:
    file = tmp_path / "my.yaml"  # type: ignore[operator]
    file.write_text(f'schedule:\n  {key}: ["0 3 * * *", "0 3 * * 9"]\n')
    with pytest.raises(UserError) as caught:
        load_config(file)
    (line,) = caught.value.lines
    assert f"my.yaml:2: schedule.{key}" in line
    assert "'9' for the weekday" in line
