"""What a home goes through, in short; the whole of it is `script/measure home_assistant`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import home_assistant_life as life
import pytest
from home_assistant_home import Home, appears, complaints
from home_assistant_home import home as a_home
from home_assistant_hostile import hostility

pytestmark = [
    pytest.mark.needs("homeassistant", "sim"),
    pytest.mark.xdist_group("homeassistant"),
    pytest.mark.timeout(900),
]


MOST_GROWN = 10.0  # MB


@pytest.fixture(scope="module")
def home(
    part: Callable[[str], str | Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Home]:
    """A broker, a Home Assistant and a real engine that was found; without eyes, to be brief."""
    folder = tmp_path_factory.mktemp("life")
    with a_home(Path(part("homeassistant")), str(part("mosquitto")), folder) as all_three:
        all_three.engine.camera = "none"
        found = asyncio.run(appears(all_three))
        assert found["missing"] == []
        assert found["complaints"] == []
        yield all_three


def test_what_is_called_comes_back_as_state(home: Home) -> None:
    found = asyncio.run(life.answers(home, 1))
    assert found["calls"] == sum(len(values) for *_, values in life.CALLS)
    assert found["presses"] == len(life.PRESSES)


def test_it_says_little_at_rest_and_its_heading_not_too_often(home: Home) -> None:
    found = asyncio.run(life.traffic(home, 10.0, 1))
    assert found["turned"]
    # A burst is allowed, and a busy machine hands messages on in bunches.
    assert found["at_rest_per_second"] < 2.0
    assert 5 <= found["headings"] <= 12 * 5
    assert found["most_headings_in_a_second"] <= 10


def test_a_sudden_end_is_seen_and_so_is_the_return(home: Home) -> None:
    assert asyncio.run(life.sudden_ends(home, 1))["times"] == 1


def test_restarts_lose_double_and_age_nothing(home: Home) -> None:
    found = asyncio.run(life.restarts(home, 2, seed=5, progress=lambda _: None))
    assert set(found["order"]) >= {"broker"}
    assert found["wrong"] == []


def test_hostile_messages_change_nothing(home: Home) -> None:
    found = asyncio.run(hostility(home, 5.0, seed=1))
    assert found["alive"]
    assert found["answered_as_errors"] > 0
    assert found["obeyed"] == []
    assert found["changed"] == []
    assert found["unavailable"] == []
    # What was sent of a megabyte each is not kept, nor the packets that wait.
    assert found["grown_mb"] < MOST_GROWN
    assert found["wrong"] == []
    assert asyncio.run(complaints(home)) == []
