"""The outbox on a real disk: what is committed stays, and there is room when the disk is full."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.notice import Notice
from alerts.outbox import FILE, MOST_ATTEMPTS, RESERVED, Attempt, Outbox
from alerts.outbox_faults import OutboxFailed

NOTICE = Notice("visit-1", "person", "A person", "near the sofa", at=1000.0)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    box = Outbox(tmp_path)
    box.open()
    yield box
    box.close()


def attempt(ok: bool, revision: int = 1, channel: str = "phone", tag: str = NOTICE.tag) -> Attempt:
    return Attempt(1000.5, tag, channel, revision, ok, 0.01, "word")


def tags(box: Outbox) -> list[str]:
    return [entry.notice.tag for entry in box.waiting()]


def test_a_notice_waits_until_every_channel_has_it(outbox: Outbox) -> None:
    assert outbox.put(NOTICE, ["phone", "mqtt"]) == 1
    outbox.note(attempt(True))
    outbox.note(attempt(False, channel="mqtt"))
    assert tags(outbox) == [NOTICE.tag]
    outbox.note(attempt(True, channel="mqtt"))
    assert tags(outbox) == []
    assert [(line.channel, line.ok) for line in outbox.log()] == [
        ("phone", True),
        ("mqtt", False),
        ("mqtt", True),
    ]


def test_an_update_of_a_visit_is_a_later_revision_of_the_same_tag(outbox: Outbox) -> None:
    outbox.put(NOTICE, ["phone"])
    outbox.note(attempt(True))
    assert outbox.put(replace(NOTICE, message="by the door"), ["phone"]) == 2
    (entry,) = outbox.waiting()
    assert (entry.revision, entry.notice.message) == (2, "by the door")
    outbox.note(attempt(True, revision=1))  # a late answer to the first settles nothing
    assert tags(outbox) == [NOTICE.tag]
    outbox.note(attempt(True, revision=2))
    assert tags(outbox) == []


def test_a_channel_without_updates_has_a_visit_once(outbox: Outbox) -> None:
    outbox.put(NOTICE, ["mail"], once=["mail"])
    outbox.note(attempt(True, channel="mail"), standing=True)
    outbox.put(NOTICE, ["mail"], once=["mail"])
    assert tags(outbox) == []


def test_an_update_before_the_first_arrived_leaves_it_waiting(outbox: Outbox) -> None:
    outbox.put(NOTICE, ["mail"], once=["mail"])
    outbox.put(NOTICE, ["mail"], once=["mail"])
    assert tags(outbox) == [NOTICE.tag]


def test_a_reserve_is_called_or_relieved(outbox: Outbox) -> None:
    outbox.put(NOTICE, ["phone"], ["mail"])
    states = {d.channel: d.state for d in outbox.waiting()[0].deliveries}
    assert states == {"phone": "waiting", "mail": "standby"}
    outbox.promote(NOTICE.tag)
    assert {d.state for d in outbox.waiting()[0].deliveries} == {"waiting"}
    outbox.put(replace(NOTICE, tag="visit-2"), ["phone"], ["mail"])
    outbox.relieve("visit-2")
    assert [d.channel for d in outbox.waiting()[1].deliveries] == ["phone"]


def test_time_that_it_ran_expires_a_notice_and_retry_revives_it(outbox: Outbox) -> None:
    outbox.put(NOTICE, ["phone"])
    assert outbox.live(60.0, expire=100.0) == []
    assert outbox.live(60.0, expire=100.0) == [NOTICE.tag]
    assert tags(outbox) == []
    assert outbox.retry() == 1
    assert tags(outbox) == [NOTICE.tag]
    assert outbox.live(60.0, expire=100.0) == []


def test_what_waits_is_never_forgotten(outbox: Outbox) -> None:
    outbox.put(NOTICE, ["phone"])
    outbox.put(replace(NOTICE, tag="told"), ["phone"])
    outbox.note(attempt(True, tag="told"))
    outbox.forget(before=2000.0, most=0)
    assert [entry.notice.tag for entry in outbox.entries()] == [NOTICE.tag]


def test_the_delivery_log_is_bounded(outbox: Outbox) -> None:
    outbox.put(NOTICE, ["phone"])
    outbox._connection.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
        " INSERT INTO attempts SELECT i, 0, 'x', 'phone', 1, 0, 0, '' FROM n",
        (MOST_ATTEMPTS + 50,),
    )
    outbox.note(attempt(True))
    assert len(outbox.log(10 * MOST_ATTEMPTS)) == MOST_ATTEMPTS


def test_it_is_readable_by_its_owner_alone_and_by_a_second_reader(
    outbox: Outbox, tmp_path: Path
) -> None:
    outbox.put(NOTICE, ["phone"])
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0
    reader = Outbox(tmp_path, reserve=False)
    reader.open()
    assert tags(reader) == [NOTICE.tag]
    reader.retry()
    reader.close()
    assert tags(outbox) == [NOTICE.tag]


def test_a_file_that_is_no_database_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database at all, but somebody's file" * 100)
    box = Outbox(tmp_path)
    box.open()
    assert "damaged" in box.complaint
    box.put(NOTICE, ["phone"])
    box.close()
    assert (tmp_path / f"broken-{FILE}").read_bytes().startswith(b"not a database")


PAGE = 4096


def damage(file: Path) -> None:
    """Every page but the first, which says that it is a database."""
    data = bytearray(file.read_bytes())
    data[PAGE : 12 * PAGE] = b"\xa5" * (min(len(data), 12 * PAGE) - PAGE)
    file.write_bytes(data)


def test_a_file_damaged_past_its_first_page_is_set_aside_when_it_is_opened(tmp_path: Path) -> None:
    box = Outbox(tmp_path)
    box.open()
    for n in range(50):
        box.put(replace(NOTICE, tag=f"visit-{n}"), ["phone"])
    box.close()
    damage(tmp_path / FILE)
    box.open()
    assert "damaged" in box.complaint
    box.put(NOTICE, ["phone"])
    assert [entry.notice.tag for entry in box.waiting()] == [NOTICE.tag]
    box.close()
    assert (tmp_path / f"broken-{FILE}").exists()


def test_damage_that_comes_while_it_is_open_costs_no_alert(tmp_path: Path) -> None:
    box = Outbox(tmp_path)
    box.open()
    for n in range(50):
        box.put(replace(NOTICE, tag=f"visit-{n}"), ["phone"])
    # Another process writes, so that what was read before is read anew.
    with contextlib.closing(sqlite3.connect(tmp_path / FILE)) as other:
        other.execute("INSERT INTO room VALUES (x'00')")
        other.commit()
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damage(tmp_path / FILE)
    assert box.put(NOTICE, ["phone"]) == 1
    assert "damaged" in box.complaint
    box.note(Attempt(1.0, NOTICE.tag, "phone", 1, True, 0.1, "kept"))
    assert box.waiting() == []
    box.close()
    assert (tmp_path / f"broken-{FILE}").exists()


def test_a_tool_does_not_set_the_engine_s_file_aside(tmp_path: Path) -> None:
    box = Outbox(tmp_path)
    box.open()
    for n in range(50):
        box.put(replace(NOTICE, tag=f"visit-{n}"), ["phone"])
    box.close()
    damage(tmp_path / FILE)
    tool = Outbox(tmp_path, reserve=False)
    tool.open()
    with pytest.raises(OutboxFailed):
        tool.retry()
    tool.close()
    assert not (tmp_path / f"broken-{FILE}").exists()


def test_what_was_committed_survives_a_kill(tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from alerts.notice import Notice
        from alerts.outbox import Outbox
        box = Outbox(Path(sys.argv[1])); box.open()
        for n in range(100000):
            box.put(Notice(f"visit-{n}", "person", "A person", "", at=float(n)), ["phone"])
            print(n, flush=True)
        """
    )
    words = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) >= 20:
                break
        child.send_signal(signal.SIGKILL)
        told = int(line)
        told = max([told, *(int(rest) for rest in child.stdout.read().split())])
    box = Outbox(tmp_path)
    box.open()
    kept = set(tags(box))
    box.close()
    assert {f"visit-{n}" for n in range(told + 1)} <= kept


@contextlib.contextmanager
def small_file_system(folder: Path) -> Iterator[Path]:
    """A file system of its own on `folder`, gone at the end whatever happened on it."""
    folder.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder],
            capture_output=True,
            check=False,
        ).returncode
    )
    if not mounted:
        pytest.skip("needs the right to mount a small file system; run the tests as root")
    try:
        yield folder
    finally:
        # Lazily: a database that a failed test left open must not keep it mounted.
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own that a test may fill."""
    with small_file_system(tmp_path / "disk") as folder:
        yield folder


def test_a_small_disk_goes_even_with_a_file_left_open(tmp_path: Path) -> None:
    with small_file_system(tmp_path / "disk") as folder:
        left_open = (folder / "file").open("w")
        assert os.path.ismount(folder)
    assert not os.path.ismount(folder)
    left_open.close()


def fill(folder: Path) -> None:
    """Leave not a block."""
    with (folder / "filler").open("ab", buffering=0) as filler:
        for size in (65536, 4096):
            with contextlib.suppress(OSError):
                while filler.write(b"x" * size):
                    pass
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        (folder / "one").write_bytes(b"x" * 4096)


def big(n: int) -> Notice:
    return Notice(
        f"heliotrope-0123456789abcdef-18c2f3a4b5c-{n}",
        "person",
        "A person was seen",
        "Heliotrope in the living room: near the sofa, 35° to the left, at 03:12:07, 92 % sure",
        at=1000.0 + n,
        place="the sofa in the living room",
    )


def put_many(box: Outbox, channels: list[str]) -> None:
    for n in range(RESERVED, 100 * RESERVED):
        box.put(big(n), channels)


def test_a_full_disk_has_room_for_a_hundred_and_says_when_there_is_no_more(
    small_disk: Path,
) -> None:
    box = Outbox(small_disk)
    box.open()
    assert box.complaint == ""
    fill(small_disk)
    channels = ["home_assistant:mobile_app_phone", "mqtt", "apprise:1"]
    for n in range(RESERVED):
        box.put(big(n), channels)
        for name in channels:
            box.note(Attempt(1.0, big(n).tag, name, 1, True, 0.1, "accepted by Home Assistant"))
    with pytest.raises(OutboxFailed, match="full"):
        put_many(box, channels)
    assert len(box.entries()) >= RESERVED
    (small_disk / "filler").unlink()
    box.put(NOTICE, channels)
    box.close()


def test_the_room_is_held_while_the_outbox_is_closed(small_disk: Path) -> None:
    box = Outbox(small_disk)
    box.open()
    box.close()
    fill(small_disk)
    box = Outbox(small_disk)
    box.open()
    assert box.complaint == ""
    for n in range(RESERVED):
        box.put(big(n), ["phone"])
    box.close()


def test_without_any_room_from_the_start_it_says_so(small_disk: Path) -> None:
    tool = Outbox(small_disk, reserve=False)
    tool.open()
    tool.close()
    fill(small_disk)
    box = Outbox(small_disk)
    with pytest.raises(OutboxFailed, match="full"):
        box.open()
    assert not box.is_open
