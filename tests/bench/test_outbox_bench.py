"""A short version of the outbox's measurement: real kills, a real broker, nothing lost."""

from __future__ import annotations

import pytest

from engine.bench import outbox

pytestmark = pytest.mark.needs("mosquitto", "apprise")

KILLS = 5


def test_kills_lose_nothing_that_was_committed() -> None:
    figures = outbox.short(KILLS)
    assert figures["committed"] > KILLS
    assert figures["lost"] == {"home_assistant": 0, "mqtt": 0, "ntfy": 0}
    assert figures["tags_nobody_raised"] == 0
    assert figures["repeats_of_a_first_notice_on_ntfy"] <= KILLS
