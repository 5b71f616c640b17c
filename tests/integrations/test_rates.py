"""What is published when, by a clock that the test turns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from integrations.mqtt.rates import AT_REST_PER_SECOND, BURST, Pace, Rates


def test_everything_once_then_only_changes() -> None:
    rates = Rates({"a": Pace(), "b": Pace()})
    assert dict(rates.due({"a": "1", "b": "2"}, 0.0, False)) == {"a": "1", "b": "2"}
    assert rates.due({"a": "1", "b": "2"}, 1.0, False) == []
    assert rates.due({"a": "1", "b": "3"}, 2.0, False) == [("b", "3")]


def test_a_key_keeps_its_pace_and_the_last_value_arrives() -> None:
    rates = Rates({"heading": Pace(every=0.2)})
    sent = [
        (now, value)
        for tick in range(101)
        for now in [tick * 0.01]
        for _, value in rates.due({"heading": str(min(tick, 90))}, now, True)
    ]
    assert len(sent) <= 6
    assert rates.waits({"heading": "90"})
    assert rates.due({"heading": "90"}, 1.3, False) == [("heading", "90")]
    assert not rates.waits({"heading": "90"})


def test_noise_below_the_step_is_no_news() -> None:
    rates = Rates({"bearing": Pace(step=3.0)})
    rates.due({"bearing": "10"}, 0.0, False)
    assert rates.due({"bearing": "12"}, 1.0, False) == []
    assert rates.due({"bearing": "13"}, 2.0, False) == [("bearing", "13")]
    assert rates.due({"bearing": "None"}, 3.0, False) == [("bearing", "None")]


def test_urgent_values_do_not_wait_for_the_budget() -> None:
    rates = Rates({"noise": Pace(), "shutter": Pace(urgent=True)})
    for tick in range(200):
        rates.due({"noise": str(tick), "shutter": "OFF"}, tick * 0.01, False)
    assert ("shutter", "ON") in rates.due({"noise": "x", "shutter": "ON"}, 2.01, False)


@given(st.lists(st.tuples(st.floats(0.0, 2.0), st.integers(0, 9), st.integers(0, 9)), max_size=200))
def test_at_rest_the_budget_holds_whatever_happens(
    steps: list[tuple[float, int, int]],
) -> None:
    rates = Rates({"a": Pace(), "b": Pace()})
    rates.due({"a": "-", "b": "-"}, 0.0, False)
    now, sent = 0.0, 0
    for wait, a, b in steps:
        now += wait
        sent += len(rates.due({"a": str(a), "b": str(b)}, now, False))
        assert sent <= BURST + AT_REST_PER_SECOND * now + 1e-6
