"""Who the device is: the id survives everything but the loss of both its files."""

from __future__ import annotations

import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from engine.errors import UserError
from engine.files import write_atomically
from engine.identity import ID_FILE, Claim, device_id, prepare_state_dir


def test_the_state_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    made = prepare_state_dir(tmp_path / "a" / "b")
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert list(made.iterdir()) == []
    assert prepare_state_dir(made) == made


def test_the_home_directory_may_be_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert prepare_state_dir(Path("~/state")) == tmp_path / "state"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("{file}", "is not a directory"),
        ("{file}/below", "is not a directory"),
        ("/proc/heliotrope", "is not writable"),  # not even for root
        ("~nobody-of-this-name/x", "there is no such home"),
        ("a\0b", "is not writable"),
    ],
)
def test_a_directory_that_cannot_be_used_is_a_mistake(
    tmp_path: Path, path: str, words: str
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=words) as caught:
        prepare_state_dir(Path(path.format(file=tmp_path / "file")))
    assert str(caught.value).startswith("state_dir: ")
    assert str(caught.value).endswith("choose another with state_dir or HELIOTROPE_STATE_DIR")


def test_the_id_is_made_once(tmp_path: Path) -> None:
    first = device_id(tmp_path)
    assert first == device_id(tmp_path)
    assert first[0].isalpha()
    assert first == first.lower()
    assert stat.S_IMODE((tmp_path / ID_FILE).stat().st_mode) == 0o600


def test_two_devices_differ(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert device_id(tmp_path / "a") != device_id(tmp_path / "b")


@pytest.mark.parametrize("torn", [b"", b"h12", b"\xff\xfe", b"\0" * 20, b"two words"])
@pytest.mark.parametrize("file", [ID_FILE, f"{ID_FILE}.copy"])
def test_a_torn_file_is_healed_by_the_other(tmp_path: Path, torn: bytes, file: str) -> None:
    identity = device_id(tmp_path)
    whole = (tmp_path / file).read_bytes()
    (tmp_path / file).write_bytes(torn)
    assert device_id(tmp_path) == identity
    assert (tmp_path / file).read_bytes() == whole


def test_with_both_lost_a_new_id_is_made(tmp_path: Path) -> None:
    device_id(tmp_path)
    for file in tmp_path.iterdir():
        file.write_bytes(b"")
    assert device_id(tmp_path) == device_id(tmp_path)


def test_an_id_of_the_owners_choice_is_kept(tmp_path: Path) -> None:
    (tmp_path / ID_FILE).write_text("kitchen\n")
    assert device_id(tmp_path) == "kitchen"


def test_an_id_that_cannot_be_written_is_a_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.identity.write_atomically", full)
    with pytest.raises(UserError, match="No space left on device"):
        device_id(tmp_path)


def test_a_second_claim_is_refused_by_name_until_the_first_ends(tmp_path: Path) -> None:
    with Claim(tmp_path), pytest.raises(UserError, match=f"in use by process {os.getpid()};"):
        Claim(tmp_path)
    with Claim(tmp_path):
        pass


def _claim_and_die(path: str) -> None:
    Claim(Path(path))
    os._exit(0)  # without closing anything


def test_a_process_that_died_leaves_no_claim_behind(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(
        target=_claim_and_die, args=(str(tmp_path),)
    )
    process.start()
    process.join()
    assert (tmp_path / "lock").exists()
    Claim(tmp_path).close()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    write_atomically(file, b"old")

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        write_atomically(file, b"new")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]
