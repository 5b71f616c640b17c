"""Tokens: shown once, kept as hashes, gone when revoked."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UserError
from integrations.commands import VERBS
from integrations.http.scopes import CONTROL_COMMANDS, Scope, scope_of_command
from integrations.http.tokens import FILE, MOST_TOKENS, TokenStore


def test_a_token_opens_what_it_was_made_for_until_it_is_revoked(tmp_path: Path) -> None:
    store, server = TokenStore(tmp_path), TokenStore(tmp_path)
    text = store.make("phone", Scope.CONTROL)
    found = server.pass_of(text)
    assert found is not None
    assert (found.who, found.scope) == ("phone", Scope.CONTROL)
    store.revoke("phone")
    assert server.pass_of(text) is None


def test_only_a_hash_is_on_the_disk_for_its_owner_alone(tmp_path: Path) -> None:
    text = TokenStore(tmp_path).make("phone", Scope.VIEW)
    file = tmp_path / FILE
    assert text not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0


def test_names_are_taken_once_and_revoked_by_name(tmp_path: Path) -> None:
    store = TokenStore(tmp_path)
    store.make("phone", Scope.VIEW)
    with pytest.raises(UserError, match="already"):
        store.make("phone", Scope.VIEW)
    with pytest.raises(UserError, match="there is no token tablet"):
        store.revoke("tablet")


def test_there_is_an_end_to_them(tmp_path: Path) -> None:
    store = TokenStore(tmp_path)
    for n in range(MOST_TOKENS):
        store.make(f"t{n}", Scope.VIEW)
    with pytest.raises(UserError, match="revoke one"):
        store.make("one more", Scope.VIEW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        '[{"name": "x"}]',
        "\x00",
        "[" * 100_000,
        '[{"name": "x", "scope": "view", "made": 1, "digest": "ü"}]',
        '[{"name": "x", "scope": "view", "made": 1%s, "digest": "00"}]' % ("0" * 400),
    ],
)
def test_a_damaged_file_opens_to_nobody_and_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    file = tmp_path / FILE
    file.write_text(text)
    before = file.read_bytes()
    store = TokenStore(tmp_path)
    assert store.pass_of("anything") is None
    # Its tokens may come back with it: none of them is thrown away for a new one.
    with pytest.raises(UserError, match="damaged"):
        store.make("phone", Scope.VIEW)
    with pytest.raises(UserError, match="damaged"):
        store.revoke("phone")
    assert file.read_bytes() == before
    file.unlink()
    store.make("phone", Scope.VIEW)


def test_a_file_that_could_not_be_read_for_a_moment_opens_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = TokenStore(tmp_path)
    text = store.make("phone", Scope.VIEW)

    def refused(self: Path) -> str:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as now:
        now.setattr(Path, "read_text", refused)
        assert store.pass_of(text) is None
    assert store.pass_of(text) is not None


@given(st.text())
def test_nothing_else_opens(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("tokens")
    TokenStore(folder).make("phone", Scope.VIEW)
    assert TokenStore(folder).pass_of(text) is None


def test_each_scope_includes_the_one_before() -> None:
    order = [Scope.VIEW, Scope.CONTROL, Scope.ADMIN]
    for i, held in enumerate(order):
        assert [held.covers(wanted) for wanted in order] == [j <= i for j in range(3)]


def test_arming_takes_an_administrator_and_so_does_what_nobody_thought_of() -> None:
    assert set(VERBS) | {"test_alert"} >= CONTROL_COMMANDS
    for name in ("arm", "disarm", "a_command_of_the_future"):
        assert scope_of_command(name) is Scope.ADMIN
    assert scope_of_command("turn") is Scope.CONTROL
