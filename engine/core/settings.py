"""The numbers that shape the core's behaviour, typed, with their bounds.

`engine.config` nests these in its sections, so that config.yaml is their only
other home. A bound is `Annotated[float, Between(low, high)]`; the loader
checks it and names unit and remedy. Defaults here are the shipped ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from engine.core.types import FollowPolicy


@dataclass(frozen=True, slots=True)
class Between:
    """An inclusive bound on a number, with its unit for error texts."""

    low: float
    high: float
    unit: str = ""


Degrees = Annotated[float, Between(-360.0, 360.0, "degrees")]
Seconds = Annotated[float, Between(0.0, 3600.0, "seconds")]
Share = Annotated[float, Between(0.0, 1.0)]
HalfWidth = Annotated[float, Between(1.0, 180.0, "degrees")]
Metres = Annotated[float, Between(0.1, 20.0, "metres")]


@dataclass(frozen=True, slots=True)
class MotionSettings:
    """Limits of normal motion, and the own, faster rate for emergency stops."""

    max_velocity: Annotated[float, Between(1.0, 180.0, "deg/s")] = 180.0
    max_acceleration: Annotated[float, Between(1.0, 360.0, "deg/s2")] = 360.0
    smoothing: Annotated[float, Between(0.02, 1.0, "seconds")] = 0.1
    emergency_deceleration: Annotated[float, Between(360.0, 10000.0, "deg/s2")] = 1500.0
    gentle: Annotated[float, Between(0.05, 1.0)] = 0.35
    normal: Annotated[float, Between(0.05, 1.0)] = 0.7
    brisk: Annotated[float, Between(0.05, 1.0)] = 1.0


@dataclass(frozen=True, slots=True)
class ContactSettings:
    """When a deviation of the axis counts as a stall, a bump or a manual push.

    Torques are shares of the axis's limit. `inertia` (per deg/s2), `friction`
    and `viscosity` (per deg/s) are what normal motion needs of it.
    """

    stall_torque: Share = 0.9
    stall_seconds: Seconds = 0.12
    push_torque: Share = 0.2
    push_degrees: Annotated[float, Between(0.2, 45.0, "degrees")] = 2.0
    push_seconds: Seconds = 0.12
    bump_torque: Share = 0.5
    touched_torque: Share = 0.42
    touch_grace: Seconds = 0.4
    hands_off: Seconds = 0.5
    inertia: Annotated[float, Between(0.0, 0.01)] = 0.00052
    friction: Share = 0.06
    viscosity: Annotated[float, Between(0.0, 0.01)] = 0.00017


@dataclass(frozen=True, slots=True)
class ZoneSettings:
    """Half-widths of the dead and the holding zone at two distances, linear in between."""

    near: Metres = 1.0
    far: Metres = 4.0
    dead_near: HalfWidth = 16.0
    dead_far: HalfWidth = 12.0
    holding_near: HalfWidth = 23.0
    holding_far: HalfWidth = 20.0
    settle: Seconds = 1.2
    settled_speed: Annotated[float, Between(0.5, 90.0, "deg/s")] = 12.0


@dataclass(frozen=True, slots=True)
class TrackingSettings:
    """How people are made of sightings and voices, and how long they are believed in."""

    confirm_sightings: Annotated[int, Between(1, 20)] = 3
    confirm_within: Seconds = 1.5
    forget_seen: Seconds = 2.5
    forget_unseen: Seconds = 8.0
    gate: Annotated[float, Between(1.0, 10.0, "sigma")] = 4.0
    walking_acceleration: Annotated[float, Between(0.1, 20.0, "m/s2")] = 2.5
    coast: Annotated[float, Between(0.05, 5.0, "seconds")] = 0.6
    view_margin: Annotated[float, Between(0.0, 45.0, "degrees")] = 4.0


@dataclass(frozen=True, slots=True)
class AttentionSettings:
    """Whom to face: what counts, and how reluctant the choice is to change."""

    max_distance: Metres = 5.0
    talker: Share = 0.85
    engaged: Share = 0.25
    near: Share = 0.2
    keep: Share = 0.35
    switch_after: Seconds = 0.8
    wake_word_hold: Seconds = 6.0
    min_confidence: Share = 0.5
    voice_evidence: Annotated[int, Between(1, 20)] = 3
    disprove: Seconds = 0.7
    disproved_for: Seconds = 120.0


@dataclass(frozen=True, slots=True)
class FollowSettings:
    policy: FollowPolicy = FollowPolicy.ALL
    activities: tuple[str, ...] = ("call", "recipe")
    touch_pause: Seconds = 1.0
    hold: Seconds = 10.0
    after_opening: Annotated[float, Between(2.0, 3600.0, "seconds")] = 2.0


@dataclass(frozen=True, slots=True)
class AwaySettings:
    """Watching over an empty home: the alarm's delays, and how the head looks round.

    `overlap` is the share of the picture that two neighbouring stops have in common.
    """

    exit_delay: Seconds = 30.0
    entry_delay: Seconds = 0.0
    trigger_time: Seconds = 180.0
    visit_over: Annotated[float, Between(2.0, 3600.0, "seconds")] = 60.0
    update_every: Annotated[float, Between(1.0, 3600.0, "seconds")] = 10.0
    dwell: Annotated[float, Between(0.5, 60.0, "seconds")] = 1.5
    overlap: Annotated[float, Between(0.1, 0.9)] = 0.4
    listen: bool = True


@dataclass(frozen=True, slots=True)
class CoreSettings:
    """All that `brain.step` is given, once, at its start."""

    range: tuple[Degrees, Degrees] = (-175.0, 175.0)
    limits: tuple[Degrees, Degrees] | None = None
    """The widest that a set-up may make of the range; None: as it is."""
    turned_by_hand: bool = True
    senses: bool = True
    """Whether there is a camera or a microphone at all."""
    motion: MotionSettings = field(default_factory=MotionSettings)
    zones: ZoneSettings = field(default_factory=ZoneSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)
    attention: AttentionSettings = field(default_factory=AttentionSettings)
    follow: FollowSettings = field(default_factory=FollowSettings)
    away: AwaySettings = field(default_factory=AwaySettings)
