"""Apprise's real ntfy service against a loopback server that answers as ntfy does."""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.apprise_channel import AppriseChannel, known
from alerts.channel import Channel, Undelivered
from alerts.notice import Notice, Parcel, Urgency
from alerts.ntfy import sequence
from engine.bench.push_servers import Ntfy

pytestmark = pytest.mark.needs("apprise")

NOTICE = Notice("heliotrope-x-1", "person", "A person", "near the sofa", at=1000.0)


@pytest.fixture
async def ntfy() -> AsyncIterator[Ntfy]:
    async with Ntfy() as server:
        yield server


def channel(ntfy: Ntfy, more: str = "") -> AppriseChannel:
    return AppriseChannel(f"ntfy://127.0.0.1:{ntfy.port}/alerts{more}", 1, lambda: "https://x/look")


async def test_title_text_tag_priority_and_link_arrive(ntfy: Ntfy) -> None:
    apprise = channel(ntfy)
    assert isinstance(apprise, Channel)
    await apprise.send(Parcel(replace(NOTICE, urgency=Urgency.CRITICAL)))
    await apprise.close()
    (told,) = ntfy.messages
    assert (told["topic"], told["title"]) == ("alerts", "A person")
    assert told["message"].startswith("near the sofa")
    assert told["tags"] == [NOTICE.tag]
    assert told["priority"] in ("5", "max")
    assert told["click"] == "https://x/look"
    assert "icon" not in told  # it would be fetched from somebody else's site


async def test_a_repeated_delivery_is_shown_once_and_another_visit_is_another(ntfy: Ntfy) -> None:
    apprise = channel(ntfy)
    for tag in (NOTICE.tag, NOTICE.tag, "heliotrope-x-2"):
        await apprise.send(Parcel(replace(NOTICE, tag=tag)))
    await apprise.close()
    assert len(ntfy.messages) == 3
    assert list(ntfy.shown) == [NOTICE.tag, "heliotrope-x-2"]


@given(st.text())
def test_whatever_the_tag_ntfy_takes_its_name_and_two_tags_have_two(tag: str) -> None:
    name = sequence(tag)
    # The server's own rule for one.
    assert re.fullmatch(r"[-_A-Za-z0-9]{1,64}", name)
    assert sequence(name) == name
    assert sequence(tag + "x") != name


async def test_options_that_only_apprise_knows_still_count(ntfy: Ntfy) -> None:
    apprise = channel(ntfy, "?email=me@example.org")
    await apprise.send(Parcel(NOTICE))
    await apprise.close()
    assert ntfy.messages[0]["email"] == "me@example.org"


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        ("bob:hunter2@", f"Basic {base64.b64encode(b'bob:hunter2').decode()}"),
        ("tk_secret@", "Bearer tk_secret"),
        ("", ""),
    ],
)
async def test_a_login_is_sent_to_the_server(ntfy: Ntfy, login: str, expected: str) -> None:
    apprise = AppriseChannel(f"ntfy://{login}127.0.0.1:{ntfy.port}/alerts", 1)
    await apprise.send(Parcel(NOTICE))
    await apprise.close()
    assert ntfy.messages[0].get("authorization", "") == expected


async def test_every_topic_gets_it_and_one_that_does_not_is_undelivered(ntfy: Ntfy) -> None:
    apprise = AppriseChannel(f"ntfy://127.0.0.1:{ntfy.port}/ours/theirs", 1)
    await apprise.send(Parcel(NOTICE))
    assert {told["topic"] for told in ntfy.messages} == {"ours", "theirs"}
    ntfy.refused = "theirs"
    with pytest.raises(Undelivered):
        await apprise.send(Parcel(NOTICE))
    await apprise.close()


async def test_a_topic_that_has_it_does_not_get_it_again_because_another_refuses(
    ntfy: Ntfy,
) -> None:
    apprise = AppriseChannel(f"ntfy://127.0.0.1:{ntfy.port}/ours/theirs", 1)
    ntfy.refused = "theirs"
    for _ in range(3):
        with pytest.raises(Undelivered):
            await apprise.send(Parcel(NOTICE))
    assert [told["topic"] for told in ntfy.messages] == ["ours"]
    ntfy.refused = ""
    await apprise.send(Parcel(NOTICE))
    assert [told["topic"] for told in ntfy.messages] == ["ours", "theirs"]
    # Another visit is for both again.
    await apprise.send(Parcel(replace(NOTICE, tag="heliotrope-x-2")))
    assert len(ntfy.messages) == 4
    await apprise.close()


@pytest.mark.parametrize("more", ["", "?email=me@example.org"])
async def test_a_server_that_takes_no_pictures_gets_the_words(
    ntfy: Ntfy, tmp_path: Path, more: str
) -> None:
    (tmp_path / "still.jpg").write_bytes(b"\xff\xd8\xff" + b"x" * 500)
    ntfy.attachments = False
    apprise = AppriseChannel(
        f"ntfy://127.0.0.1:{ntfy.port}/alerts{more}", 1, picture=lambda name: tmp_path / name
    )
    await apprise.send(Parcel(replace(NOTICE, picture="still.jpg")))
    await apprise.close()
    (told,) = ntfy.messages
    assert told["title"] == "A person"
    assert told["message"].startswith("near the sofa")


async def test_a_still_that_was_deleted_meanwhile_costs_the_picture_alone(
    ntfy: Ntfy, tmp_path: Path
) -> None:
    apprise = AppriseChannel(
        f"ntfy://127.0.0.1:{ntfy.port}/alerts", 1, picture=lambda name: tmp_path / name
    )
    await apprise.send(Parcel(replace(NOTICE, picture="gone.jpg")))
    await apprise.close()
    assert ntfy.messages[0]["title"] == "A person"


async def test_the_owner_s_own_priority_stands(ntfy: Ntfy) -> None:
    apprise = channel(ntfy, "?priority=min")
    await apprise.send(Parcel(NOTICE))
    await apprise.close()
    assert ntfy.messages[0]["priority"] in ("1", "min")


async def test_a_kept_still_is_attached(ntfy: Ntfy, tmp_path: Path) -> None:
    still = tmp_path / "still.jpg"
    still.write_bytes(b"\xff\xd8\xff" + b"x" * 500)
    apprise = AppriseChannel(
        f"ntfy://127.0.0.1:{ntfy.port}/alerts", 1, picture=lambda name: tmp_path / name
    )
    await apprise.send(Parcel(replace(NOTICE, picture="still.jpg")))
    await apprise.close()
    assert ntfy.messages[0]["attached"] == 503


async def test_a_service_in_trouble_is_undelivered_and_nothing_secret_is_said(
    ntfy: Ntfy, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ntfy.down = True
    apprise = AppriseChannel(f"ntfy://user:hunter2@127.0.0.1:{ntfy.port}/alerts", 1)
    with pytest.raises(Undelivered) as refused:
        await apprise.send(Parcel(NOTICE))
    await apprise.close()
    assert "hunter2" not in str(refused.value) + caplog.text


async def test_an_address_that_is_none_is_undelivered() -> None:
    apprise = AppriseChannel("nonsense://somewhere", 1)
    with pytest.raises(Undelivered, match="does not know"):
        await apprise.send(Parcel(NOTICE))
    await apprise.close()
    assert not known("nonsense://somewhere")
    assert known("ntfy://host/topic")
