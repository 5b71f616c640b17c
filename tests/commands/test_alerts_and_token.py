"""`heliotrope alerts` and `heliotrope token`, as a person types them."""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path

import pytest

from alerts.history import History, Past
from alerts.notice import Notice
from alerts.outbox import Attempt, Outbox
from engine.__main__ import main
from integrations.http.scopes import Scope
from integrations.http.tokens import TokenStore

NOTICE = Notice("heliotrope-x-1", "person", "A person was seen", "near the sofa", at=1000.0)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    monkeypatch.setenv("HELIOTROPE_STATE_DIR", str(folder))
    return folder


@pytest.fixture
def told(state: Path) -> Path:
    """A state with one alert that expired, its attempt, some history and a still."""
    box = Outbox(state)
    box.open()
    box.put(NOTICE, ["phone"])
    box.note(Attempt(1000.5, NOTICE.tag, "phone", 1, False, 0.1, "no network"))
    box.live(100.0, expire=10.0)
    box.close()
    history = History(state)
    history.open()
    history.add([Past(time.time() - 60, "person", "came", 12.0)])
    history.close()
    (state / "evidence").mkdir()
    (state / "evidence" / "a.jpg").write_bytes(b"x")
    return state


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(list(words)) == code
    both = capsys.readouterr()
    return both.err if code else both.out


def test_alerts_are_listed_with_their_deliveries(
    told: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "phone expired" in said(capsys, "alerts", "list")
    entry = json.loads(said(capsys, "alerts", "list", "--json"))
    assert entry["tag"] == NOTICE.tag
    assert entry["deliveries"]["phone"] == {"state": "expired", "delivered": 0, "attempts": 1}
    assert "no network" in said(capsys, "alerts", "log")
    assert json.loads(said(capsys, "alerts", "log", "--json"))["ok"] is False


def test_what_expired_is_tried_again(told: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "1 delivery" in said(capsys, "alerts", "retry", NOTICE.tag)
    assert "phone waiting" in said(capsys, "alerts", "list")
    assert "no alert nonsense" in said(capsys, "alerts", "retry", "nonsense", code=2)


def test_the_history_is_exported(told: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (event,) = json.loads(said(capsys, "alerts", "export"))
    assert (event["key"], event["kind"], event["bearing"]) == ("person", "came", 12.0)
    rows = list(csv.reader(io.StringIO(said(capsys, "alerts", "export", "--format", "csv"))))
    assert len(rows) == 2


def test_pictures_go_in_one_act(told: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "1 picture deleted" in said(capsys, "alerts", "delete-pictures")
    assert list((told / "evidence").iterdir()) == []


def test_before_the_first_run_it_says_so(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no outbox yet" in said(capsys, "alerts", "list", code=2)
    assert "no history yet" in said(capsys, "alerts", "export", code=2)
    assert list(state.iterdir()) == []


def test_a_token_is_shown_once_listed_without_itself_and_revoked(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = said(capsys, "token", "create", "Anna's phone".replace("'", ""), "--scope", "control")
    found = TokenStore(state).pass_of(token.strip())
    assert found is not None
    assert found.scope is Scope.CONTROL
    listed = said(capsys, "token", "list", "--json")
    assert json.loads(listed)[0]["name"] == "Annas phone"
    assert token.strip() not in listed
    said(capsys, "token", "revoke", "Annas phone")
    assert TokenStore(state).pass_of(token.strip()) is None


def test_a_name_that_cannot_be_shown_is_refused(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "name" in said(capsys, "token", "create", "\x1b[31m", code=2)
