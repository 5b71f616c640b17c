"""What of a snapshot leaves the process, and how."""

from __future__ import annotations

import dataclasses
import json

from hypothesis import given
from hypothesis import strategies as st

from engine.core.types import PersonView, PetView, Snapshot, SoundView
from integrations import sample
from integrations.snapshot_json import PERSON, PET, SNAPSHOT, SOUND, encode, to_json


def fields(kind: type) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)}


def test_the_tables_name_every_field_once() -> None:
    assert set(SNAPSHOT) == fields(Snapshot)
    assert set(PERSON) == fields(PersonView)
    assert set(PET) == fields(PetView)
    assert set(SOUND) == fields(SoundView)


@given(st.floats(0.0, 1e6))
def test_every_moment_is_plain_json(t: float) -> None:
    text = to_json(encode(sample.at(t)))
    assert text.isascii()
    assert json.loads(text)["mode"] == "follow"


def test_numbers_are_rounded_to_what_a_person_can_use() -> None:
    snapshot = dataclasses.replace(sample.at(4.0), heading=-0.04, target=12.3456)
    body = encode(snapshot)
    assert str(body["heading"]) == "0.0"
    assert body["target"] == 12.3
