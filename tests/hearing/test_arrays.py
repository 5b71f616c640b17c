from pathlib import Path

import numpy as np
import pytest

from engine.errors import UserError
from engine.hearing.arrays import load_array, make_array, parse_array, ring, shipped_arrays

DOCS = Path(__file__).parents[2] / "docs"
GOOD = {"name": "mine", "microphones": [[0.05, 0, 0], [-0.05, 0, 0], [0, 0.05, 0]]}


@pytest.mark.parametrize("name", shipped_arrays())
def test_shipped_arrays_load_and_see_all_round(name: str) -> None:
    array = load_array(name)
    assert array.name == name
    assert array.sees_azimuth
    assert array.device_channels is None or len(array.device_channels) == array.channels


def test_the_design_names_are_shipped() -> None:
    assert {"respeaker_4", "respeaker_6", "uma_8"} <= set(shipped_arrays())


@pytest.mark.parametrize(
    ("name", "front", "said"),
    [
        (
            "respeaker_4",
            [0, 3],
            "the side between microphones 1 and 4 towards the mechanical centre",
        ),
        ("respeaker_6", [0], "their first microphone (`respeaker_6`"),
        ("ring_8", [0], "`ring_8`)"),
        ("uma_8", [1], "the second, the first one of the ring about the middle (`uma_8`)"),
    ],
)
def test_the_side_to_point_forward_is_said(name: str, front: list[int], said: str) -> None:
    ahead = load_array(name).positions[front].mean(axis=0)
    assert np.degrees(np.arctan2(ahead[1], ahead[0])) == pytest.approx(0.0, abs=0.1)
    assert said in " ".join((DOCS / "hardware.md").read_text(encoding="utf-8").split())


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\nmicrophones:\n  - [0.05, 0, 0]\n  - [-0.05, 0, 0.01]\n")
    array = load_array(file)
    assert array.channels == 2
    np.testing.assert_allclose(array.positions[1], [-0.05, 0.0, 0.01])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": ""}, "name"),
        ({"name": 7}, "name"),
        ({"microphones": None}, "microphones"),
        ({"microphones": "four"}, "microphones"),
        ({"microphones": [[0, 0, 0]]}, "1 given"),
        ({"microphones": [[0, 0, 0], [0.1, 0]]}, r"microphones\[1\]"),
        ({"microphones": [[0, 0, 0], [0.1, "x", 0]]}, r"microphones\[1\]"),
        ({"microphones": [[0, 0, 0], [0.1, float("nan"), 0]]}, r"microphones\[1\]"),
        ({"microphones": [[0, 0, 0], [0.1, True, 0]]}, r"microphones\[1\]"),
        ({"microphones": [[0, 0, 0], [0, 0, 0]]}, "own place"),
        ({"microphones": [[0, 0, 0], [50, 0, 0]]}, "not in centimetres"),
        ({"microphones": [[0, 0, 0], [0, 0, 0.1]]}, "spread it in x and y"),
        ({"channels": [0, 1]}, "channels"),
        ({"channels": [0, 0, 1]}, "channels"),
        ({"microfones": []}, "did you mean microphones"),
    ],
)
def test_a_mistake_names_file_key_and_remedy(change: dict[str, object], said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        parse_array({**GOOD, **change}, "mine.yaml")
    assert str(caught.value).startswith("mine.yaml")
    assert caught.value.remedy


@pytest.mark.parametrize("raw", [None, [], "text", 3])
def test_anything_but_a_mapping_is_refused(raw: object) -> None:
    with pytest.raises(UserError, match="not a mapping"):
        parse_array(raw, "mine.yaml")


def test_unreadable_files_are_the_callers_mistake(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_bytes(b"\xff\xfe: [")
    for path in (broken, tmp_path / "missing.yaml", tmp_path):
        with pytest.raises(UserError, match=path.name):
            load_array(path)


SQUARE = "name: m\nmicrophones: [[0.06, 0, 0], [0, 0.06, 0], [-0.06, 0, 0], [0, -0.06, 0]]\n"
FAR = "9" * 400


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{SQUARE}channels: 2024-13-45\n", "not readable YAML"),
        (f"{SQUARE}channels: 0x{'f' * 9000}\n", "channels: a number of thousands"),
        (f"{SQUARE}channels: [0, {'9' * 5000}, 2, 3]\n", "not readable YAML"),
        (f"name: m\nmicrophones: [[{FAR}, 0, 0], [0, 0.06, 0]]\n", r"microphones\[0\]: \[999"),
        (f"{SQUARE}sphere: {FAR}\n", "sphere: 999"),
        (f"name: {'[' * 3000}\n", "nested too deeply"),
        (f"{SQUARE}name: n\n", "mine.yaml:3: name: is given twice, first in line 1"),
        ("name: m\nmicrophones: &a [*a, *a]\n", "contains itself"),
    ],
)
def test_what_yaml_makes_of_a_file_is_the_callers_mistake_too(
    text: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(UserError, match=said) as caught:
        load_array(file)
    assert len(str(caught.value)) < 300 + len(str(tmp_path))


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean respeaker_4"):
        load_array("respeaker4")


def test_a_line_says_that_it_cannot_tell_front_from_back() -> None:
    line = make_array("line", [[0.0, 0.0, 0.0], [0.05, 0.0, 0.0], [0.1, 0.0, 0.0]])
    assert line.is_line
    assert not line.sees_azimuth
    assert any("ambiguous" in text for text in line.limits())
    upright = make_array("upright", [[0.0, 0.0, 0.0], [0.05, 0.0, 0.0], [0.05, 0.0, 0.1]])
    assert not upright.is_line
    assert not upright.sees_azimuth


def test_aliasing_begins_at_half_a_wave_between_the_closest_pair() -> None:
    assert ring(4, 0.05).aliasing_hz == pytest.approx(343.0 / (2.0 * 0.05 * np.sqrt(2.0)))
