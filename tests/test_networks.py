"""The networks that ship with the engine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from engine import networks
from engine.errors import UserError
from engine.networks import HEARING, SEEING


def test_every_network_states_origin_licence_and_hash() -> None:
    for folder in (SEEING, HEARING):
        for name, card in networks.cards(folder).items():
            assert {"licence", "sha256", "bytes", "file"} <= card.keys()
            assert {"package", "version", "inside"} <= card.keys() or "script/" in card["origin"]
            assert len(networks.verified(name, folder)) == card["bytes"]


def test_the_cards_agree_with_what_the_conversion_is_given() -> None:
    script = Path(__file__).parents[1] / "script" / "models" / "packages.json"
    for name, source in json.loads(script.read_text()).items():
        assert networks.cards(SEEING)[name].items() >= source.items()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for file in ("models.json", "face.onnx"):
        shutil.copy(SEEING / file, tmp_path)
    return tmp_path


def test_another_network_is_refused(copy: Path) -> None:
    data = bytearray((copy / "face.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (copy / "face.onnx").write_bytes(data)
    with pytest.raises(UserError, match=r"face\.onnx.*hash.*reinstall"):
        networks.session("face", copy)


def test_a_missing_network_is_named(copy: Path) -> None:
    (copy / "face.onnx").unlink()
    with pytest.raises(UserError, match=r"face\.onnx: No such file.*reinstall"):
        networks.verified("face", copy)


def test_missing_cards_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"models\.json"):
        networks.cards(tmp_path)
