"""Where settings come from: the environment before the file, and which file; mistakes name it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.config_file import load, variable_name
from engine.core.types import FollowPolicy
from engine.errors import UserError


def lines_from(environment: dict[str, str], file: Path) -> tuple[str, ...]:
    with pytest.raises(UserError) as caught:
        load(file, environment)
    return caught.value.lines


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my.yaml"
    path.write_text("camera:\n  width: 320\n")
    return path


def test_the_environment_overrides_the_file(file: Path) -> None:
    loaded = load(
        file,
        {
            "HELIOTROPE_CAMERA__WIDTH": "800",
            "HELIOTROPE_STATE_DIR": "/tmp/there",
            "HELIOTROPE_AXIS__RANGE": "[-90, 90]",
            "HELIOTROPE_AXIS__MOTION__GENTLE": "0.2",
            "HELIOTROPE_MQTT__USERNAME": "123",
            "HELIOTROPE_HEARING__ENABLED": "0",
            "HELIOTROPE_FOLLOW__POLICY": "off",
            "HELIOTROPE_FOLLOW__ACTIVITIES": '["call"]',
        },
    )
    config = loaded.config
    assert config.camera.width == 800
    assert config.state_dir == Path("/tmp/there")
    assert config.axis.range == (-90.0, 90.0)
    assert config.axis.motion.gentle == 0.2
    assert config.mqtt.username == "123"
    assert config.hearing.enabled is False
    assert config.follow.policy is FollowPolicy.OFF
    assert config.follow.activities == ("call",)
    assert loaded.source.startswith(f"{file} + HELIOTROPE_AXIS__MOTION__GENTLE + ")


@pytest.mark.parametrize(
    ("camera", "microphones", "hearing", "senses"),
    [
        ("none", "none", "1", False),
        ("none", "default", "0", False),
        ("none", "default", "1", True),
        ("/dev/video0", "none", "1", True),
    ],
)
def test_the_core_knows_whether_anything_watches(
    file: Path, camera: str, microphones: str, hearing: str, senses: bool
) -> None:
    environment = {
        "HELIOTROPE_CAMERA__SOURCE": camera,
        "HELIOTROPE_MICROPHONES__SOURCE": microphones,
        "HELIOTROPE_HEARING__ENABLED": hearing,
    }
    assert load(file, environment).config.core.senses is senses


def test_a_wrong_value_in_the_file_does_not_matter_once_overridden(file: Path) -> None:
    file.write_text("camera:\n  width: x\n")
    assert load(file, {"HELIOTROPE_CAMERA__WIDTH": "800"}).config.camera.width == 800


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        (
            "HELIOTROPE_MQT__HOST",
            "x",
            "HELIOTROPE_MQT__HOST: is not a setting; did you mean HELIOTROPE_MQTT__HOST?",
        ),
        (
            "HELIOTROPE_MQTT_HOST",
            "x",
            "HELIOTROPE_MQTT_HOST: is not a setting; did you mean HELIOTROPE_MQTT__HOST?",
        ),
        (
            "HELIOTROPE_mqtt__host",
            "x",
            "HELIOTROPE_mqtt__host: is not a setting; did you mean HELIOTROPE_MQTT__HOST?",
        ),
        (
            "HELIOTROPE_MQTT",
            "x",
            "HELIOTROPE_MQTT: names a section, not a setting; set HELIOTROPE_MQTT__<KEY>",
        ),
        (
            "HELIOTROPE_HTTP__PORT",
            "99999",
            "HELIOTROPE_HTTP__PORT: http.port: 99999 is above 65535; choose from 0 to 65535",
        ),
        (
            "HELIOTROPE_HTTP__PORT",
            "",
            'HELIOTROPE_HTTP__PORT: http.port: must be a number, not ""; '
            "write a plain decimal number",
        ),
        (
            "HELIOTROPE_AXIS__RANGE",
            "-90, 90",
            'HELIOTROPE_AXIS__RANGE: must be JSON; for instance [-90, 90] or ["a", "b"]',
        ),
        (
            "HELIOTROPE_AXIS__RANGE",
            "[NaN, 1]",
            'HELIOTROPE_AXIS__RANGE: must be JSON; for instance [-90, 90] or ["a", "b"]',
        ),
        (
            "HELIOTROPE_AXIS__RANGE",
            '["1", 2]',
            'HELIOTROPE_AXIS__RANGE: axis.range: value 1: must be a number, not the text "1"; '
            "remove the quotes",
        ),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(
    file: Path, name: str, value: str, line: str
) -> None:
    assert lines_from({name: value}, file) == (line,)


def test_rules_between_settings_name_the_variable_too(file: Path) -> None:
    (line,) = lines_from({"HELIOTROPE_ZONES__FAR": "0.5"}, file)
    assert line.startswith("HELIOTROPE_ZONES__FAR: zones.near: 1 must be below zones.far")


def test_variables_of_others_are_left_alone(file: Path) -> None:
    environment = {
        "HELIOTROPE_DATA": "x",
        "HELIOTROPE_REQUIRE": "all",
        "HELIOTROPE_": "",
        "X__Y": "",
    }
    assert load(file, environment).variables == ()


def test_the_first_file_counts(tmp_path: Path, file: Path) -> None:
    (tmp_path / "config.yaml").write_text("camera: {width: 111}")
    assert load(file, {}, directory=tmp_path).config.camera.width == 320
    assert load(None, {}, directory=tmp_path).config.camera.width == 111


def test_a_variable_is_named_after_its_key_path() -> None:
    assert variable_name(("axis", "motion", "gentle")) == "HELIOTROPE_AXIS__MOTION__GENTLE"
