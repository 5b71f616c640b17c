"""The siren: only when asked, never longer than asked, and said while it lasts."""

from __future__ import annotations

import asyncio

import pytest

from engine.core.types import Command, Json, Reply
from engine.sim.devices import SimulatedSpeaker
from engine.siren import Siren


class Home:
    def __init__(self, *, speaker: bool = True, others: bool = False) -> None:
        self.speaker = SimulatedSpeaker()
        self.others = others
        self.told: list[bool] = []
        self.asked: list[Json] = []
        self.siren = Siren(self.speaker if speaker else None, self.elsewhere, self.told.append)

    def elsewhere(self, command: Command) -> Reply:
        self.asked.append(command.arguments.get("state"))
        return Reply(
            command.source, command.id, self.others, "asked" if self.others else "no siren"
        )

    def ask(self, **arguments: Json) -> Reply:
        return self.siren.obey(Command(0.0, "siren", arguments, "test", "7"))


async def test_it_sounds_for_its_time_and_says_so() -> None:
    home = Home()
    assert home.speaker.sounds == ""
    assert home.ask(seconds=0.01, volume=30.0).ok
    assert home.speaker.played[-1] == ("siren", 0.3)
    async with asyncio.timeout(60):
        while home.speaker.sounds:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    assert home.told == [False, True, False]


async def test_it_falls_silent_when_told_to() -> None:
    home = Home()
    assert home.ask().ok
    assert home.ask(state="off").ok
    assert home.asked == [None, "off"], "the rest of the home falls silent, too"
    assert home.speaker.sounds == ""
    assert home.told[-1] is False


async def test_a_second_call_does_not_end_with_the_first() -> None:
    home = Home()
    home.ask(seconds=0.05)
    home.ask(seconds=600.0)
    await asyncio.sleep(0.1)
    assert home.speaker.sounds == "siren"
    home.siren.silence()


async def test_without_a_loudspeaker_the_home_is_asked_and_says_if_it_has_none() -> None:
    assert Home(speaker=False, others=True).ask().ok
    home = Home(speaker=False)
    assert home.ask().message == "no siren"
    assert home.ask(state="off").message == "no siren"
    assert home.told == []


async def ended(home: Home) -> None:
    async with asyncio.timeout(60):
        while home.asked[-1] != "off":  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("speaker", [False, True])
async def test_the_rest_of_the_home_falls_silent_after_the_time_as_well(speaker: bool) -> None:
    home = Home(speaker=speaker, others=True)
    assert home.ask(seconds=0.01).ok
    await ended(home)
    assert home.asked == [None, "off"]
    assert home.speaker.sounds == ""


async def test_a_second_call_does_not_end_elsewhere_with_the_first() -> None:
    home = Home(speaker=False, others=True)
    home.ask(seconds=0.02)
    home.ask(seconds=600.0)
    await asyncio.sleep(0.1)
    assert home.asked == [None, None]
    assert home.ask(state="off").ok
    assert home.asked == [None, None, "off"]


async def test_a_home_without_another_siren_is_not_asked_to_end_one() -> None:
    home = Home()
    home.ask(seconds=0.01)
    async with asyncio.timeout(60):
        while home.speaker.sounds:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    assert home.asked == [None]


async def test_a_siren_elsewhere_ends_though_the_loudspeaker_failed() -> None:
    class Broken(SimulatedSpeaker):
        def play(self, sound: str, volume: float) -> None:
            raise OSError("loudspeaker 'Jabra' cannot be used")

    home = Home(others=True)
    home.siren = Siren(Broken(), home.elsewhere, home.told.append)
    assert home.ask(seconds=0.01).ok
    await ended(home)


async def test_a_loudspeaker_that_fails_is_told() -> None:
    class Broken(SimulatedSpeaker):
        def play(self, sound: str, volume: float) -> None:
            raise OSError("loudspeaker 'Jabra' cannot be used")

    for others in (False, True):
        home = Home(others=others)
        home.siren = Siren(Broken(), home.elsewhere, home.told.append)
        assert home.ask().ok is others
        assert home.told[-1] is False
