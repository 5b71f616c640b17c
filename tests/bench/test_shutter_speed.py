"""The measurement of the shutter, for a moment: it stops heads, and counts from the edge."""

from engine.bench import shutter_speed


def test_a_few_closings_stop_a_head_at_full_speed() -> None:
    found = shutter_speed.trials(2, lambda _: None)
    # A machine that is too busy to get a head to full speed measures nothing.
    if found["closings"]:
        assert 0.0 < found["brake_ms"]["max"] < found["stop_ms"]["max"]
