"""The networks that ship with the engine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from engine.errors import UserError
from engine.seeing import models


def test_every_network_states_origin_licence_and_hash() -> None:
    for name in models.available():
        card = models.cards()[name]
        assert {"package", "version", "integrity", "licence", "sha256", "file"} <= card.keys()
        assert models.verified(name)


def test_the_cards_agree_with_what_the_conversion_is_given() -> None:
    script = Path(__file__).parents[2] / "script" / "models" / "packages.json"
    for name, source in json.loads(script.read_text()).items():
        assert models.cards()[name].items() >= source.items()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for file in ("models.json", "face.onnx"):
        shutil.copy(models.MODELS / file, tmp_path)
    return tmp_path


def test_another_network_is_refused(copy: Path) -> None:
    data = bytearray((copy / "face.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (copy / "face.onnx").write_bytes(data)
    with pytest.raises(UserError, match=r"face\.onnx.*hash.*reinstall"):
        models.session("face", folder=copy)


def test_a_missing_network_is_named(copy: Path) -> None:
    (copy / "face.onnx").unlink()
    with pytest.raises(UserError, match=r"face\.onnx: No such file.*reinstall"):
        models.verified("face", copy)


def test_missing_cards_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"models\.json"):
        models.cards(tmp_path)
