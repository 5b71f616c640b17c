"""What the loader accepts, and how it words what it refuses: file, line, key path, remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.config import AxisDriver, Config
from engine.config_file import load_config, parse_config
from engine.core.types import FollowPolicy
from engine.errors import UserError


def lines_for(text: str) -> tuple[str, ...]:
    with pytest.raises(UserError) as caught:
        parse_config(text, "my.yaml")
    return caught.value.lines


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "axis:\n", "axis: {}\n", "\ufeff"])
def test_what_is_not_named_keeps_its_default(text: str) -> None:
    assert parse_config(text) == Config()


def test_reads_every_kind_of_value() -> None:
    config = parse_config(
        """
state_dir: /var/lib/heliotrope
axis:
  driver: electronic
  range: [-90, 90.5]
  motion: {gentle: 1e-1}
camera: {width: 320}
hearing: {enabled: no}
follow: {policy: off, activities: [call]}
mqtt: {username: bob, password: "123"}
"""
    )
    assert config.state_dir == Path("/var/lib/heliotrope")
    assert config.axis.driver is AxisDriver.ELECTRONIC
    assert config.axis.range == (-90.0, 90.5)
    assert all(type(end) is float for end in config.axis.range)
    assert config.axis.motion.gentle == 0.1
    assert config.camera.width == 320
    assert config.hearing.enabled is False
    # YAML reads a bare off as false; here it is the name of a policy.
    assert config.follow.policy is FollowPolicy.OFF
    assert config.follow.activities == ("call",)
    assert config.mqtt.password == "123"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "camera:\n  widht: 320\n",
            "my.yaml:2: camera.widht: is not a setting; did you mean width?",
        ),
        (
            "shutter: {zzz: 1}",
            "my.yaml:1: shutter.zzz: is not a setting; "
            "`shutter` knows closed_when, debounce, driver, pin, second_pin",
        ),
        (
            "camera:\n  width: 320\n  height: 240\n  width: 640\n",
            "my.yaml:4: camera.width: is given twice, first in line 2; remove one of the two",
        ),
        (
            "axis: {motion: {max_velocity: 500}}",
            "my.yaml:1: axis.motion.max_velocity: 500 is above 180 deg/s; "
            "choose from 1 to 180 deg/s",
        ),
        (
            "camera: {tilt: -91}",
            "my.yaml:1: camera.tilt: -91 is below -90 degrees; choose from -90 to 90 degrees",
        ),
        (
            "camera: {width: '640'}",
            'my.yaml:1: camera.width: must be a number, not the text "640"; remove the quotes',
        ),
        (
            "camera: {width: 640.5}",
            "my.yaml:1: camera.width: must be a whole number, not 640.5; "
            "write it without a fraction",
        ),
        (
            "camera: {width: 640.0}",
            "my.yaml:1: camera.width: must be a whole number, not 640.0; write 640",
        ),
        (
            "camera: {width: on}",
            "my.yaml:1: camera.width: must be a number, not on; write a plain decimal number",
        ),
        (
            "camera: {width:}",
            "my.yaml:1: camera.width: has no value; write a number, or remove the line",
        ),
        (
            "camera: {width: [1]}",
            "my.yaml:1: camera.width: must be one value, not a list; write `key: value`",
        ),
        (
            "axis: {zero_deg: .nan}",
            "my.yaml:1: axis.zero_deg: must be a finite number, not .nan; write a number",
        ),
        (
            "mqtt: {host: 'mqtt://broker.local'}",
            "my.yaml:1: mqtt.host: must be a bare name or address such as broker.local, "
            'without mqtt:// and brackets, not "mqtt://broker.local"; correct it',
        ),
        (
            "mqtt: {host: 'broker.local:1883'}",
            "my.yaml:1: mqtt.host: 'broker.local:1883' holds a port; write it as mqtt.port; "
            "correct it",
        ),
        (
            "http: {ingress_from: '172.30.32'}",
            "my.yaml:1: http.ingress_from: '172.30.32' does not appear to be an IPv4 or IPv6 "
            "address; correct it",
        ),
        (
            "alerts: {quiet_hours: ['22:00-22:00']}",
            "my.yaml:1: alerts.quiet_hours: value 1: '22:00-22:00' has no length; "
            "for the whole day write 00:00-23:59; correct it",
        ),
        (
            "axis: {zero_deg: -.inf}",
            "my.yaml:1: axis.zero_deg: must be a finite number, not -.inf; write a number",
        ),
        (
            "shutter: {pin: 017}",
            "my.yaml:1: shutter.pin: 017 is not a decimal number to YAML "
            "(a leading 0 means octal); write it without the leading 0",
        ),
        (
            "zones: {settle: 1:30}",
            "my.yaml:1: zones.settle: 1:30 is a number to the base of 60 to YAML; "
            "write a plain number",
        ),
        (
            "device: {name: on}",
            "my.yaml:1: device.name: must be text, but YAML reads on as a yes/no value; "
            "put it in quotes",
        ),
        (
            "device: {name: 2024-01-01}",
            "my.yaml:1: device.name: must be text, but YAML reads 2024-01-01 as "
            "a date or a special value; put it in quotes",
        ),
        ('device: {name: " "}', "my.yaml:1: device.name: must not be empty; correct it"),
        (
            'device: {name: "a\\nb"}',
            "my.yaml:1: device.name: contains a line break or a control character; remove it",
        ),
        (
            "camera: {mounted_on: haed}",
            "my.yaml:1: camera.mounted_on: haed is none of head, base; did you mean head?",
        ),
        (
            "hearing: {enabled: 1}",
            "my.yaml:1: hearing.enabled: must be true or false, not 1; write true or false",
        ),
        (
            "axis: 5",
            "my.yaml:1: axis: must be a section; indent its settings below it as `key: value`",
        ),
        ("axis: {range: 5}", "my.yaml:1: axis.range: must be a list; write [a, b]"),
        (
            "axis: {range: [1, 2, 3]}",
            "my.yaml:1: axis.range: must be a list of 2 values, not of 3; write [a, b]",
        ),
        (
            "axis:\n  range: [1, x]",
            "my.yaml:2: axis.range: value 2: must be a number, not x; write a plain decimal number",
        ),
        (
            "state_dir: ''",
            "my.yaml:1: state_dir: must not be empty; write a path, or remove the line",
        ),
        ("? [a]\n: 1", "my.yaml:1: a key must be a word; write `key: value`"),
        ("<<: {a: 1}", "my.yaml:1: merge keys (<<) are not supported; write the keys out"),
        (
            "- a",
            "my.yaml:1: must be settings of the form `key: value`; "
            "start from the config.yaml that came with Heliotrope",
        ),
        (
            "camera:\n\twidth: 1",
            "my.yaml:2: is not valid YAML (found character '\\t' that cannot start any token); "
            "indent with spaces, not with tabs",
        ),
        (
            "camera: {width: 640",
            "my.yaml:1: is not valid YAML (expected ',' or '}', but got '<stream end>'); "
            "correct this line",
        ),
        (
            "a: 1\n---\nb: 1",
            "my.yaml:2: is not valid YAML (but found another document); remove the line `---`",
        ),
        ("a: *b", "my.yaml:1: is not valid YAML (found undefined alias 'b'); correct this line"),
        ('a: "\x01"', "my.yaml:1: a character that YAML forbids (U+0001); remove it"),
        ("[" * 5000, "my.yaml: is nested too deeply; flatten it"),
        (
            "zones: {near: 6}",
            "my.yaml:1: zones.near: 6 must be below zones.far, which is 4; "
            "lower zones.near or raise zones.far",
        ),
        (
            "axis: {motion: {brisk: 0.5}}",
            "my.yaml:1: axis.motion.normal: 0.7 must not exceed axis.motion.brisk, which is 0.5; "
            "lower axis.motion.normal or raise axis.motion.brisk",
        ),
        (
            "axis: {range: [5, 4]}",
            "my.yaml:1: axis.range: [5.0, 4.0]: the low end must be below the high end; "
            "write [low, high], for instance [-175, 175]",
        ),
        (
            "axis: {range: [10, 90]}",
            "my.yaml:1: axis.range: [10.0, 90.0] leaves out 0, the mechanical centre, where the "
            "head starts; mount the base so that 0 is inside, or widen it",
        ),
        (
            "camera: {max_fps: 1}",
            "my.yaml:1: camera.max_fps: 1 frames/s never give 3 sightings within 1.5 s, so nobody "
            "would be believed in; raise it or tracking.confirm_within, or lower "
            "tracking.confirm_sightings",
        ),
        (
            "alerts: {apprise: ['ntfy://host/topic']}",
            "my.yaml:1: alerts.apprise: is used by no channel; add apprise to alerts.channels or "
            "alerts.fallback",
        ),
        (
            "alerts: {channels: [], fallback: [mqtt]}",
            "my.yaml:1: alerts.fallback: stands in for alerts.channels, of which there is none; "
            "put what should be tried first into alerts.channels",
        ),
        (
            "alerts: {channels: [home_assistant], home_assistant: {phones: []}}",
            "my.yaml:1: alerts.home_assistant.phones: is empty, and alerts.channels or "
            "alerts.fallback wants it; name a notify service such as mobile_app_pixel, or notify "
            "for all",
        ),
        (
            "hearing: {wake_word: hey_bob}",
            "my.yaml:1: hearing.wake_word: hey_bob is none of hey_jarvis, hey_mycroft, alexa, "
            "okay_nabu, none; choose one",
        ),
        (
            "simulation: {room: kitchen}",
            "my.yaml:1: simulation.room: kitchen is none of living_room, quiet_room; choose one",
        ),
        (
            "axis: {driver: dynamixel, rate_hz: 200}",
            "my.yaml:1: axis.rate_hz: 200 Hz is more than a line of 57600 baud carries, which is "
            "about 93; raise axis.dynamixel.baud, in the servo too, or lower axis.rate_hz",
        ),
        (
            "axis: {range: [-200, 200]}",
            "my.yaml:1: axis.range: [-200.0, 200.0] is wider than a whole turn; "
            "choose ends at most 360 degrees apart",
        ),
    ],
)
def test_says_what_is_wrong_and_what_to_do(text: str, line: str) -> None:
    assert lines_for(text) == (line,)


@pytest.mark.parametrize(
    "text",
    [
        "axis: {driver: dynamixel}",
        "axis: {driver: dynamixel, rate_hz: 500, dynamixel: {baud: 1000000}}",
        "axis: {rate_hz: 200}",
    ],
)
def test_a_rate_that_the_servos_line_carries_is_no_mistake(text: str) -> None:
    parse_config(text)


def test_dead_zones_lie_within_holding_zones() -> None:
    (near,) = lines_for("zones: {dead_near: 30}")
    (far,) = lines_for("zones: {dead_far: 20}")
    assert near.startswith("my.yaml:1: zones.dead_near: 30 must be below zones.holding_near")
    assert far.startswith("my.yaml:1: zones.dead_far: 20 must be below zones.holding_far")


def test_reports_all_mistakes_in_one_go() -> None:
    lines = lines_for("camera:\n  width: 5\n  heihgt: 3\n  width: 6\naxis:\n  range: x\n")
    assert [line.split(": ")[:2] for line in lines] == [
        ["my.yaml:4", "camera.width"],
        ["my.yaml:2", "camera.width"],
        ["my.yaml:3", "camera.heihgt"],
        ["my.yaml:6", "axis.range"],
    ]


def test_does_not_bury_people_in_mistakes() -> None:
    lines = lines_for("\n".join(f"nonsense_{i}: 1" for i in range(100)))
    assert len(lines) == 21
    assert lines[-1] == "my.yaml: and 80 more problems"


def test_never_shows_a_password() -> None:
    for text in (
        "mqtt: {password: 98765}",
        "mqtt: {password: 'a\\0'}",
        "mqtt: {password: [98765]}",
    ):
        assert "98765" not in " ".join(lines_for(text))
    assert "98765" not in repr(parse_config("mqtt: {username: bob, password: '98765'}"))


@pytest.mark.parametrize(
    "text",
    [
        "axis: &a\n  motion: *a\n",
        "axis:\n  range: &a [*a, 1]\n",
        "a: &a [1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
        "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
        "f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n",
        "!!python/object/apply:os.system ['echo']",
        'a: "\\UFFFFFFFF"',
        'device: {name: "\\ud800"}',
        "camera: {width: " + "9" * 6000 + "}",
        "axis: {zero_deg: 1e999}",
    ],
)
def test_hostile_text_is_a_mistake_like_any_other(text: str) -> None:
    assert all(line.startswith("my.yaml") for line in lines_for(text))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin1.yaml").write_bytes(b"device:\n  name: caf\xe9\n")
    (tmp_path / "huge.yaml").write_bytes(b"#" * (1 << 21))
    expected = {
        tmp_path / "none.yaml": "no such file",
        tmp_path: "is a directory",
        tmp_path / "latin1.yaml": "is not UTF-8",
        tmp_path / "huge.yaml": "is larger than 1 MiB",
        tmp_path / "huge.yaml" / "x": "cannot be read (Not a directory)",
    }
    for path, words in expected.items():
        with pytest.raises(UserError, match="; ") as caught:
            load_config(path)
        assert str(caught.value).startswith(str(path))
        assert words in str(caught.value)
    with pytest.raises(UserError, match=r"latin1\.yaml:2: "):
        load_config(tmp_path / "latin1.yaml")


def test_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "my.yaml"
    file.write_text("camera:\n  width: 320\n")

    def refuse(*_: object) -> None:
        raise PermissionError  # the mode of the file would not stop root

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UserError, match="may not be read; allow it"):
        load_config(file)


def test_naming_a_broker_is_enough_to_use_it() -> None:
    assert Config().mqtt.embedded
    mqtt = parse_config("mqtt: {host: broker.local}").mqtt
    assert not mqtt.embedded
    assert mqtt.address == ("broker.local", 1883)
