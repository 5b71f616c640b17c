"""The brain: what it never does and always does, whatever sequence of events comes."""

import itertools
import math
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import brain
from engine.core.settings import CoreSettings
from engine.core.types import (
    Action,
    AxisFault,
    AxisMoved,
    Command,
    ContactFelt,
    Event,
    Health,
    Label,
    MicrophoneMuted,
    MoveTo,
    PeopleSeen,
    Publish,
    ShutterChanged,
    ShutterState,
    Sighting,
    SoundDirection,
    SoundKind,
    Tick,
    Touched,
    ViewerChanged,
    VoiceHeard,
)

SETTINGS = CoreSettings()

bearings = st.floats(-180, 180)
sightings = st.builds(
    Sighting,
    bearing=bearings,
    bearing_std=st.floats(0.1, 20),
    score=st.floats(0, 1),
    label=st.sampled_from(Label),
    distance=st.none() | st.floats(0.2, 12),
    distance_std=st.none() | st.floats(0.05, 3),
    track=st.none() | st.integers(0, 3),
    engagement=st.none() | st.floats(0, 1),
)
directions = st.builds(
    SoundDirection, bearings, st.floats(0, 1), st.floats(0.5, 60), st.sampled_from(SoundKind)
)
commands = st.sampled_from(
    [
        ("follow", {"policy": "off"}), ("follow", {"policy": "all"}), ("mode", {"mode": "call"}),
        ("mode", {"mode": "paused"}), ("mode", {"mode": "follow"}), ("mode", {"mode": "manual"}),
        ("turn", {"heading": 200.0}), ("turn", {"heading": -90.0, "pace": "brisk"}),
        ("centre", {}), ("stop", {}), ("release", {}), ("pause", {}), ("resume", {}),
        ("arm", {}), ("disarm", {}), ("pan", {}), ("face_me", {}), ("nonsense", {}),
    ]
)  # fmt: skip


NOW = st.just(0.0)  # the sequence sets the times
any_event = st.one_of(
    st.builds(
        PeopleSeen,
        NOW,
        st.lists(sightings, max_size=3).map(tuple),
        bearings,
        st.just((-33.0, 33.0)),
        st.booleans(),
    ),
    st.builds(
        VoiceHeard,
        NOW,
        st.lists(directions, max_size=2).map(tuple),
        st.floats(0, 1),
        st.none() | st.just("okay_nabu"),
        st.booleans(),
    ),
    st.builds(AxisMoved, NOW, st.floats(-175, 175), bearings, st.none(), st.booleans()),
    st.builds(ShutterChanged, NOW, st.sampled_from(ShutterState)),
    st.builds(Touched, NOW, st.booleans()),
    st.builds(ContactFelt, NOW, st.sampled_from(["stall", "bump", "push"]), bearings),
    st.builds(AxisFault, NOW, st.just("lost")),
    st.builds(Health, NOW, st.just("axis"), st.booleans()),
    st.builds(MicrophoneMuted, NOW, st.booleans()),
    st.builds(ViewerChanged, NOW, st.integers(0, 2)),
    commands.map(lambda c: Command(0.0, c[0], c[1], "test", "1")),
    st.just(Tick(0.0)),
)
gaps = st.sampled_from([0.0, 0.01, 0.1, 0.5, 3.0])


def timed(sequence: list[tuple[float, Event]]) -> list[Event]:
    times = itertools.accumulate(gap for gap, _ in sequence)
    return [replace(event, t=t) for t, (_, event) in zip(times, sequence, strict=True)]


event_sequences = st.lists(st.tuples(gaps, any_event), min_size=1, max_size=40).map(timed)


@settings(max_examples=1000, deadline=None)
@given(event_sequences)
def test_no_sequence_of_events_moves_behind_a_closed_shutter_or_out_of_range(
    sequence: list[Event],
) -> None:
    state = brain.start(SETTINGS, 0.0, 0.0)
    shutter = ShutterState.UNKNOWN
    for event in sequence:
        if isinstance(event, ShutterChanged):
            shutter = event.state
        state, actions, deadline = brain.step(state, event)
        assert math.isfinite(deadline)
        assert deadline > state.now
        for action in actions:
            if isinstance(action, MoveTo):
                assert shutter is ShutterState.OPEN
                assert -175.0 <= action.heading <= 175.0
            if isinstance(action, Publish):
                assert action.state.shutter is shutter


@settings(max_examples=200, deadline=None)
@given(event_sequences)
def test_the_same_events_give_the_same_actions(sequence: list[Event]) -> None:
    def play() -> list[Action]:
        state, out = brain.start(SETTINGS, 0.0, 0.0), []
        for event in sequence:
            state, actions, _ = brain.step(state, event)
            out += actions
        return out

    assert play() == play()
