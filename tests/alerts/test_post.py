"""The post office over a real outbox and channels that fail, hang, and come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from alerts import post as post_module
from alerts.channel import Channel, FakeChannel, Undelivered
from alerts.notice import Notice, Parcel
from alerts.outbox import Attempt, Outbox
from alerts.post import BAD_AFTER, PostOffice, Terms

NOTICE = Notice("visit-1", "person", "A person", "near the sofa", at=1000.0)
HANG = 30.0  # s; a guard


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses that suit a test; their growth is tested by itself."""
    monkeypatch.setattr(post_module, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(post_module, "LONGEST_PAUSE", 0.05)
    monkeypatch.setattr(post_module, "LOOK_EVERY", 0.05)


@dataclass
class Office:
    """A post office, what it told, and its state on the disk."""

    folder: Path
    post: PostOffice
    told: list[tuple[bool, str]] = field(default_factory=list)
    noted: list[Attempt] = field(default_factory=list)

    def waiting(self) -> list[str]:
        box = Outbox(self.folder, reserve=False)
        box.open()
        try:
            return [entry.notice.tag for entry in box.waiting()]
        finally:
            box.close()


@asynccontextmanager
async def office(folder: Path, *channels: Channel, **more: Any) -> AsyncIterator[Office]:
    found = Office(folder, None)  # type: ignore[arg-type]
    found.post = PostOffice(
        Outbox(folder),
        channels,
        more.pop("fallback", ()),
        more.pop("terms", Terms()),
        told=lambda ok, detail: found.told.append((ok, detail)),
        noted=found.noted.append,
        **more,
    )
    await found.post.open()
    task = asyncio.create_task(found.post.run())
    try:
        yield found
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(done: Callable[[], object]) -> None:
    async with asyncio.timeout(HANG):
        while not done():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_notice_goes_to_every_channel(tmp_path: Path) -> None:
    phone, mqtt = FakeChannel("phone"), FakeChannel("mqtt")
    async with office(tmp_path, phone, mqtt) as running:
        running.post.post(NOTICE)
        await until(lambda: phone.parcels and mqtt.parcels)
        await until(lambda: not running.waiting() and len(running.noted) == 2)
    assert [p.notice for p in phone.parcels] == [NOTICE]
    assert {(a.channel, a.ok) for a in running.noted} == {("phone", True), ("mqtt", True)}


async def test_it_is_on_the_disk_before_the_first_attempt(tmp_path: Path) -> None:
    seen: list[list[str]] = []

    class Watching(FakeChannel):
        async def send(self, parcel: Parcel) -> str:
            seen.append(running.waiting())
            return await super().send(parcel)

    async with office(tmp_path, Watching()) as running:
        running.post.post(NOTICE)
        await until(lambda: seen)
    assert seen[0] == [NOTICE.tag]


async def test_a_channel_that_was_down_gets_it_later_and_people_are_told(tmp_path: Path) -> None:
    phone, mqtt = FakeChannel("phone", down="no network"), FakeChannel("mqtt")
    async with office(tmp_path, phone, mqtt) as running:
        running.post.post(NOTICE)
        await until(lambda: phone.attempts > BAD_AFTER)
        assert [p.notice for p in mqtt.parcels] == [NOTICE]
        assert running.told[-1] == (False, "phone: no network")
        phone.down = ""
        await until(lambda: phone.parcels)
        await until(lambda: running.told[-1] == (True, ""))


async def test_pauses_grow_and_a_nudge_ends_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post_module, "FIRST_PAUSE", 1000.0)
    monkeypatch.setattr(post_module, "LONGEST_PAUSE", 1e6)
    phone = FakeChannel("phone", down="no network")
    async with office(tmp_path, phone) as running:
        running.post.post(NOTICE)
        await until(lambda: running.noted)
        phone.down = ""
        await asyncio.sleep(0.2)
        assert phone.attempts == 1
        running.post.nudge()
        await until(lambda: phone.parcels)


async def test_a_slow_channel_holds_up_no_other(tmp_path: Path) -> None:
    slow, quick = FakeChannel("slow", seconds=HANG), FakeChannel("quick")
    async with office(tmp_path, slow, quick) as running:
        for n in range(3):
            running.post.post(replace(NOTICE, tag=f"visit-{n}"))
        await until(lambda: len(quick.parcels) == 3)
    assert not slow.parcels


async def test_a_fault_in_a_channel_is_a_failed_attempt(tmp_path: Path) -> None:
    class Broken(FakeChannel):
        async def send(self, parcel: Parcel) -> str:
            if not self.attempts:
                self.attempts += 1
                raise ZeroDivisionError
            return await super().send(parcel)

    phone = Broken("phone")
    async with office(tmp_path, phone) as running:
        running.post.post(NOTICE)
        await until(lambda: len(running.noted) == 2)
    assert [a.ok for a in running.noted] == [False, True]


async def test_of_updates_that_wait_only_the_newest_is_sent(tmp_path: Path) -> None:
    phone = FakeChannel("phone", down="no network")
    async with office(tmp_path, phone) as running:
        for n in range(5):
            running.post.post(replace(NOTICE, message=str(n)))
        await until(lambda: phone.attempts > 2)
        phone.down = ""
        await until(lambda: phone.parcels)
        await until(lambda: not running.waiting())
    assert [(p.notice.message, p.revision) for p in phone.parcels] == [("4", 5)]


async def test_a_phone_that_cannot_replace_hears_of_a_visit_once(tmp_path: Path) -> None:
    phone, mail = FakeChannel("phone"), FakeChannel("mail", replaces=False)
    async with office(tmp_path, phone, mail) as running:
        running.post.post(NOTICE)
        await until(lambda: mail.parcels and phone.parcels)
        running.post.post(replace(NOTICE, message="by the door"))
        await until(lambda: len(phone.parcels) == 2)
        await until(lambda: not running.waiting())
    async with office(tmp_path, phone, mail):
        await asyncio.sleep(0.2)
    assert len(mail.parcels) == 1


async def test_the_reserve_takes_over_where_nobody_delivers(tmp_path: Path) -> None:
    phone, mail = FakeChannel("phone", down="no network"), FakeChannel("mail", replaces=False)
    terms = Terms(fallback_after=0.1)
    async with office(tmp_path, phone, fallback=[mail], terms=terms) as running:
        running.post.post(NOTICE)
        await until(lambda: mail.parcels)
    assert not phone.parcels


async def test_the_reserve_rests_while_the_first_delivers(tmp_path: Path) -> None:
    phone, mail = FakeChannel("phone"), FakeChannel("mail")
    terms = Terms(fallback_after=0.1)
    async with office(tmp_path, phone, fallback=[mail], terms=terms) as running:
        running.post.post(NOTICE)
        await until(lambda: phone.parcels)
        await until(lambda: not running.waiting())
        await asyncio.sleep(0.3)
    assert not mail.parcels


async def test_a_reserve_that_cannot_replace_hears_of_a_visit_once(tmp_path: Path) -> None:
    phone = FakeChannel("phone", down="no network")
    mail, pager = FakeChannel("mail", replaces=False), FakeChannel("pager")
    terms = Terms(fallback_after=0.05)
    for run in range(2):
        async with office(tmp_path, phone, fallback=[mail, pager], terms=terms) as running:
            for n in range(3):
                message = f"{run}, {n}"
                running.post.post(replace(NOTICE, message=message))
                # The other one in reserve is called for each update.
                await until(lambda m=message: m in [p.notice.message for p in pager.parcels])
                await until(lambda: mail.parcels)
    assert [parcel.notice.message for parcel in mail.parcels] == ["0, 0"]


async def test_what_an_earlier_run_left_is_delivered_late(tmp_path: Path) -> None:
    wall = [1000.0]
    phone = FakeChannel("phone", down="no network")
    async with office(tmp_path, phone, wall=lambda: wall[0]) as running:
        running.post.post(NOTICE)
        await until(lambda: phone.attempts)
    phone.down, wall[0] = "", 1000.0 + 3600.0
    async with office(tmp_path, phone, wall=lambda: wall[0]) as running:
        await until(lambda: phone.parcels)
        await until(lambda: not running.waiting())
    (parcel,) = phone.parcels
    assert parcel.late
    assert "1 h later" in parcel.message


@pytest.mark.parametrize("jump", [-1e9, 1e9])
async def test_a_clock_that_jumps_loses_and_expires_nothing(tmp_path: Path, jump: float) -> None:
    wall = [1_700_000_000.0]
    phone = FakeChannel("phone", down="no network")
    async with office(tmp_path, phone, wall=lambda: wall[0]) as running:
        running.post.post(NOTICE)
        await until(lambda: phone.attempts)
        wall[0] += jump
        phone.down = ""
        await until(lambda: phone.parcels)
        assert not phone.parcels[0].late
    phone.parcels.clear()
    phone.down, before = "no network", phone.attempts
    async with office(tmp_path, phone, wall=lambda: wall[0]) as running:
        running.post.post(replace(NOTICE, tag="visit-2"))
        # The first attempt comes after the notice was kept.
        await until(lambda: phone.attempts > before)
        wall[0] -= jump
    phone.down = ""
    async with office(tmp_path, phone, wall=lambda: wall[0]):
        await until(lambda: phone.parcels)
    assert phone.parcels[0].notice.tag == "visit-2"


async def test_a_disk_that_is_full_delays_no_alert(tmp_path: Path) -> None:
    class Full(Outbox):
        full = True

        def put(self, *arguments: Any) -> int:
            if self.full:
                raise post_module.OutboxFailed("the disk is full")
            return super().put(*arguments)

    phone = FakeChannel("phone")
    box = Full(tmp_path)
    told: list[tuple[bool, str]] = []
    post = PostOffice(box, [phone], told=lambda ok, detail: told.append((ok, detail)))
    await post.open()
    task = asyncio.create_task(post.run())
    post.post(NOTICE)
    await until(lambda: phone.parcels)
    assert told[-1][0] is False
    assert "disk is full" in told[-1][1]
    # What nobody was told yet is kept as soon as there is room.
    phone.down = "no network"
    post.post(replace(NOTICE, tag="visit-2"))
    await until(lambda: phone.attempts > 2)
    box.full = False
    await until(lambda: told[-1] == (False, "phone: no network"))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    box.open()
    assert [entry.notice.tag for entry in box.waiting()] == ["visit-2"]
    box.close()


async def test_what_another_process_revives_is_taken_up(tmp_path: Path) -> None:
    phone = FakeChannel("phone")
    async with office(tmp_path, phone) as running:
        tool = Outbox(tmp_path, reserve=False)
        tool.open()
        tool.put(NOTICE, ["phone"])
        tool.close()
        await until(lambda: phone.parcels)
        await until(lambda: not running.waiting())


def test_the_fake_is_a_channel() -> None:
    assert isinstance(FakeChannel(), Channel)
    with pytest.raises(Undelivered):
        asyncio.run(FakeChannel(down="so").send(Parcel(NOTICE)))
