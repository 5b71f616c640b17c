"""GPIO pins: each has one use, and what is not used takes none."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.config_file import load_config
from engine.errors import UserError

CLASHES = {
    "shutter: {driver: gpio, pin: 5, second_pin: 5}": "2: shutter.second_pin: 5 .* shutter.pin too",
    "shutter: {driver: gpio}\nmute: {driver: gpio, pin: 17}": "3: mute.pin: 17 .* shutter.pin too",
    "mute: {driver: gpio, pin: 23}\nlamps: {driver: gpio}": "lamps.viewer_pin: 23 .* mute.pin too",
    "lamps: {driver: gpio, viewer_pin: 24}": "lamps.shutter_pin: 24 .* lamps.viewer_pin too",
}
FINE = (
    "shutter: {pin: 5, second_pin: 5}",
    "shutter: {driver: gpio}\nlamps: {viewer_pin: 17}",
    "shutter: {driver: gpio}\nmute: {driver: gpio}\nlamps: {driver: gpio}",
    "lamps: {driver: gpio, viewer_pin: -1, shutter_pin: -1}",
)


def load(tmp_path: Path, text: str) -> None:
    file = tmp_path / "my.yaml"
    file.write_text(f"# pins\n{text}\n")
    load_config(file)


@pytest.mark.parametrize("text", CLASHES)
def test_a_pin_that_is_used_twice_is_named_with_both_keys(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserError, match=CLASHES[text]) as raised:
        load(tmp_path, text)
    assert "a GPIO pin of its own" in str(raised.value)


@pytest.mark.parametrize("text", FINE)
def test_what_is_not_used_takes_no_pin(tmp_path: Path, text: str) -> None:
    load(tmp_path, text)
