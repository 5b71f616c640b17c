"""The measurement of away mode, for a moment: people are told of in time, an empty home is not."""

from engine.bench import away


def test_whoever_enters_during_a_pan_is_told_of_in_time() -> None:
    found = away.entries(8, lambda _: None)
    assert found["seen"] >= 7
    assert found["never"] == 0
    assert found["in_time"] >= 0.85


def test_two_hours_with_pet_television_and_light_bring_no_alert() -> None:
    day = away.alone(1, 2.0, lambda _: None)
    assert day.told == ()


def test_the_same_seed_is_the_same_day() -> None:
    assert away.alone(3, 0.4, lambda _: None) == away.alone(3, 0.4, lambda _: None)
