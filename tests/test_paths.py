"""Paths that people write: a home that nobody has, a name too long, a folder that is closed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.__main__ import main
from engine.errors import UserError
from engine.hardware.camera import open_camera
from engine.hardware.microphones import is_recording
from engine.hearing.arrays import load_array
from engine.paths import expanded, is_there
from engine.ports import SourceFailed

ODD = ["~nobody_is_called_so/clip.mp4", "x" * 300 + ".mp4"]


def test_a_home_that_nobody_has_is_a_name_like_any_other() -> None:
    assert expanded("~nobody_is_called_so/x") == Path("~nobody_is_called_so/x")
    assert expanded("~") == Path.home()


def test_what_cannot_be_told_is_left_to_whoever_opens_it() -> None:
    long = Path("x" * 300)
    assert not is_there(long)
    assert not os.path.isdir(long)
    assert not os.path.isfile(long)


@pytest.mark.parametrize("path", ODD)
def test_an_odd_path_is_an_error_in_words(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SourceFailed):
        open_camera(path).open()
    assert not is_recording(path)
    with pytest.raises(UserError):
        load_array(path.replace(".mp4", ".yaml"))
    assert main(["see", path]) == 2
    assert "Traceback" not in capsys.readouterr().err
