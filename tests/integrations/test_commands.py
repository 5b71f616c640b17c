"""What is a command and what is not, whatever the bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.types import Command
from integrations.commands import MOST_BYTES, VERBS, CommandError, build, parse

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)

GOOD = [
    ("follow", {"policy": "all"}),
    ("follow", {"policy": "on_request"}),
    ("mode", {"mode": "manual"}),
    ("turn", {"heading": -30}),
    ("turn", {"heading": 12.5, "pace": "brisk"}),
    ("centre", {}),
    ("snooze", {"minutes": 30.0}),
    ("dismiss", {"tag": "heliotrope-0a1b-18c-3"}),
    ("siren", {}),
    ("stop", {}),
    ("release", {}),
    ("arm", {}),
    ("disarm", {}),
    ("presence", {"home": "off"}),
    ("test_alert", {}),
    ("pan", {}),
    ("face_me", {}),
    ("pause", {}),
    ("resume", {}),
    ("activity", {"name": "cooking"}),
    ("pace", {"pace": "gentle"}),
    ("range_setup", {"step": "done"}),
    ("wake_word", {"response": "listen"}),
    ("show", {"text": "Suppe ist fertig", "seconds": 60.0}),
    ("look_at", {"place": "Sofa", "pace": "gentle"}),
    ("name_place", {"name": "Sofa", "bearing": 40.0, "width": 25.0}),
    ("mask_place", {"bearing": -60.0, "width": 30.0, "sense": "seen", "name": "window"}),
    ("clear_places", {"which": "learned"}),
    ("shutter", {"state": "closed"}),
    ("mute", {"muted": "on"}),
]

BAD = [
    (b"", "not valid JSON"),
    (b"[]", "object"),
    (b'"stop"', "object"),
    (b'{"name":"stop","name":"centre"}', "not valid JSON"),
    (b'{"name":"explode"}', "no command of that name"),
    (b'{"name":["stop"]}', "name must be a string"),
    (b'{"name":"stop","arguments":[]}', "arguments must be an object"),
    (b'{"name":"stop","arguments":{"now":true}}', "takes no arguments"),
    (b'{"name":"stop","extra":1}', "nothing else"),
    (b'{"name":"turn"}', "turn needs heading"),
    (b'{"name":"turn","arguments":{"heading":true}}', "must be a number"),
    (b'{"name":"turn","arguments":{"heading":"12"}}', "must be a number"),
    (b'{"name":"turn","arguments":{"heading":1e3}}', "between -360 and 360"),
    (b'{"name":"turn","arguments":{"heading":NaN}}', "not valid JSON"),
    (b'{"name":"turn","arguments":{"heading":1e999}}', "not valid JSON"),
    (b'{"name":"turn","arguments":{"heading":' + b"9" * 400 + b"}}", "not valid JSON"),
    (b'{"name":"turn","arguments":{"heading":1,"pace":"warp"}}', "gentle, normal, brisk"),
    (b'{"name":"mode","arguments":{"mode":"away"}}', "must be one of"),
    (b'{"name":"activity","arguments":{"name":"a b"}}', "must be a word"),
    (b'{"name":"show","arguments":{"text":"a\\nb"}}', "one line"),
    (b'{"name":"show","arguments":{"text":"a","seconds":0}}', "between 1 and 3600"),
    (b'{"name":"name_place","arguments":{"name":""}}', "1 to 40"),
    (b'{"name":"mask_place","arguments":{"width":0.5}}', "between 2 and 180"),
    (b'{"name":"clear_places"}', "needs which"),
    (b'{"name":"stop","id":"a b"}', "id must be"),
    (b'{"name":"stop","id":{}}', "id must be"),
    (b'{"name":"stop","id":true}', "id must be"),
    (b"[" * (MOST_BYTES - 1), "not valid JSON"),
    (b" " * (MOST_BYTES + 1), "at most"),
    (b'{"name":"\xff"}', "not valid JSON"),
]


@pytest.mark.parametrize(("name", "arguments"), GOOD)
def test_a_good_command_comes_out_typed(name: str, arguments: dict[str, object]) -> None:
    payload = json.dumps({"id": "7", "name": name, "arguments": arguments}).encode()
    command = parse(payload, t=3.0, source="mqtt")
    assert command == Command(3.0, name, arguments, source="mqtt", id="7")


def test_every_verb_has_a_good_example() -> None:
    assert {name for name, _ in GOOD} == set(VERBS)


def test_a_heading_is_a_float_however_it_was_written() -> None:
    command = parse(b'{"name":"turn","arguments":{"heading":30}}', t=0.0, source="http")
    assert isinstance(command.arguments["heading"], float)


def test_a_number_as_id_is_echoed_as_text() -> None:
    assert parse(b'{"name":"stop","id":12}', t=0.0, source="mqtt").id == "12"


@pytest.mark.parametrize(("payload", "expected"), BAD)
def test_a_bad_command_says_what_is_wrong(payload: bytes, expected: str) -> None:
    with pytest.raises(CommandError, match=expected):
        parse(payload, t=0.0, source="mqtt")


def test_the_error_carries_the_senders_id() -> None:
    with pytest.raises(CommandError) as problem:
        parse(b'{"id":"abc","name":"turn"}', t=0.0, source="mqtt")
    assert problem.value.id == "abc"


@given(st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()))
def test_arbitrary_bytes_are_a_command_or_a_command_error(payload: bytes) -> None:
    try:
        command = parse(payload, t=0.0, source="mqtt")
    except CommandError as problem:
        json.dumps({"id": problem.id, "message": str(problem)}).encode("ascii")
    else:
        assert command.name in VERBS


@given(st.sampled_from(sorted(VERBS)), st.dictionaries(st.text(max_size=8), JSON, max_size=3))
def test_arbitrary_arguments_never_get_through_unchecked(
    name: str, arguments: dict[str, object]
) -> None:
    try:
        command = build(name, arguments, t=0.0, source="http")
    except CommandError:
        return
    assert set(command.arguments) <= set(VERBS[name].arguments)
    required = {key for key, argument in VERBS[name].arguments.items() if argument.required}
    assert required <= set(command.arguments)


@given(st.floats())
def test_any_number_as_heading_is_bounded_or_refused(heading: float) -> None:
    try:
        command = build("turn", {"heading": heading}, t=0.0, source="http")
    except CommandError:
        assert not -360.0 <= heading <= 360.0
    else:
        assert -360.0 <= float(str(command.arguments["heading"])) <= 360.0
