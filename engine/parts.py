"""The parts of a device, chosen by the configuration: real, recorded or simulated.

One table a kind of part. A part that is off is simply not there. It belongs to
the composition root: only `engine.app` uses it, and it wires nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

from engine.config import OFF, SIMULATED, AxisConfig, AxisDriver, Config, Mount
from engine.core.settings import CoreSettings
from engine.core.types import Event, Health, Indicate, Sighting
from engine.errors import UserError
from engine.hardware import camera as cameras
from engine.hardware import microphones as arrays
from engine.hardware.camera_device import redacted
from engine.hardware.dynamixel import DynamixelAxis, SerialWire
from engine.hardware.electronic_pan import ElectronicPan, reach
from engine.hardware.sound_out import open_sound_out
from engine.hearing.arrays import MicrophoneArray, load_array
from engine.hearing.beam import Beam
from engine.hearing.calibration_file import corrected
from engine.hearing.ear import Ear, EarSettings, HeadMotion
from engine.hearing.wake_word import NONE as NO_WORD
from engine.hearing.wake_word import Spotters, open_wake_word
from engine.loops.alarm_listening import AlarmListening
from engine.loops.audio import AudioLoop, Listener, Surroundings
from engine.loops.axis import AxisControl
from engine.loops.beaming import Beaming
from engine.loops.camera import CameraLoop, Pacing, nothing_known
from engine.loops.gate import Gate
from engine.loops.vitals import temperature
from engine.ports import (
    Axis,
    Camera,
    Clock,
    Indicator,
    Microphones,
    Mute,
    PictureSink,
    Shutter,
    SourceFailed,
    Speaker,
    TouchScreen,
)
from engine.seeing.calibration_file import measured
from engine.seeing.detector import Detector
from engine.seeing.engagement import FaceReader
from engine.seeing.eye import EyeSettings, eye_of, lens_of
from engine.seeing.geometry import Lens
from engine.sim.axis import SimulatedAxis
from engine.sim.camera import SimulatedCamera
from engine.sim.living_room import LivingRoom
from engine.sim.microphones import SimulatedMicrophones
from engine.sim.shutter import SimulatedMute, SimulatedShutter
from engine.sim.world import World
from engine.switches import (
    lamps_of,
    mute_of,
    shutter_of,
    speaker_of,
    touch_screen_of,
)

MOVING = 1.0  # deg/s of the head from which sound counts as heard in motion
RATE_OVER = 0.04  # s
HELD_UP = 0.02  # s after which the simulated head's time stands still, as its set-points do

# The zones of config.yaml are made for a head whose lens is this wide; an
# electronic pan shows less, and its zones shrink with it.
USUAL_VIEW = 66.0
CROP = 0.5  # of the wide picture that an electronic pan shows
WIDEST_CROP = 60.0
FULL_CIRCLE = 360.0
FREE = 340.0  # deg; a range as wide as this is about cables, a narrower one about what may be seen


class Sense(Protocol):
    """A loop that brings events; returns when its recording has ended."""

    async def run(self) -> None: ...


@dataclass
class Parts:
    """Everything around the brain. `senses` are there after `connect`."""

    config: Config
    clock: Clock
    core: CoreSettings
    axis_config: AxisConfig
    axis: Axis
    shutter: Shutter
    mute: Mute
    touch: TouchScreen
    indicator: Indicator
    speaker: Speaker | None
    gate: Gate
    world: World | None
    summary: tuple[str, ...]
    simulated_shutter: SimulatedShutter | None
    simulated_mute: SimulatedMute | None
    senses: list[Sense] = field(default_factory=list)
    scenery: Callable[[Sighting, float], bool] = nothing_known
    sinks: list[PictureSink] = field(default_factory=list)
    camera_loop: CameraLoop | None = None
    beaming: Beaming | None = None

    @property
    def plays_recording(self) -> bool:
        """Whether a file is played, so that the run ends by itself."""
        return _plays(self.config)

    @property
    def frames(self) -> int:
        return self.camera_loop.frames if self.camera_loop else 0

    def connect(self, control: AxisControl, post: Callable[[Event], None]) -> None:
        """Make the senses, which need the axis's headings."""
        if self.config.camera.source != OFF:
            self.camera_loop = _camera_loop(self, control, post)
            self.senses.append(self.camera_loop)
        if self.config.microphones.source != OFF and self.config.hearing.enabled:
            self.senses.append(_audio_loop(self, control, post))

    def show(self, indication: Indicate) -> None:
        """On the light ring; the beam goes where it shows who is listened to."""
        self.indicator.show(indication)
        if self.beaming is not None:
            self.beaming.indicated(indication)

    def close(self) -> None:
        """Let go of what no loop closes."""
        others = (self.indicator, self.speaker, self.beaming)
        for part in (self.shutter, self.mute, self.touch, *others):
            with suppress(OSError):
                if part is not None:
                    part.close()


def build(config: Config, clock: Clock) -> Parts:
    """All parts but the senses. Raises UserError for what a person must put right."""
    _try_recordings(config)
    simulated = SIMULATED in (config.camera.source, config.microphones.source)
    world = LivingRoom(config.simulation.seed) if simulated else None
    pan = _pan_electronically(config)
    axis_config, core = config.axis, config.core
    if pan:
        axis_config, core = _narrowed(config)
    shutter = shutter_of(config)
    mute = mute_of(config)
    axis = _axis(config, axis_config, clock, pan)
    return Parts(
        config=config,
        clock=clock,
        core=core,
        axis_config=axis_config,
        axis=axis,
        shutter=shutter,
        mute=mute,
        touch=touch_screen_of(config),
        indicator=lamps_of(config),
        speaker=speaker_of(config),
        gate=Gate(),
        world=world,
        summary=_summary(config, axis, pan),
        # Outside the embedded room a shutter in software would protect nobody.
        simulated_shutter=shutter if world and isinstance(shutter, SimulatedShutter) else None,
        simulated_mute=mute if world and isinstance(mute, SimulatedMute) else None,
    )


def _try_recordings(config: Config) -> None:
    """Open and close what will be played, while nothing has started that would have to end."""
    camera, microphones = config.camera.source, config.microphones.source
    try:
        if camera not in (SIMULATED, OFF) and cameras.is_recording(camera):
            _try(cameras.open_camera(camera))
        if microphones == OFF or not config.hearing.enabled:
            return
        array, _ = corrected(config.state_dir, load_array(config.microphones.array))
        if microphones != SIMULATED and arrays.is_recording(microphones):
            _try(arrays.open_microphones(microphones, array))
    except SourceFailed as error:
        raise UserError(str(error)) from None


def _try(source: Camera | Microphones) -> None:
    try:
        source.open()
    finally:
        source.close()


# ------------------------------------------------------------------------ axis


def _pan_electronically(config: Config) -> bool:
    """A recording, or a fixed camera with no motor, is panned by moving a crop."""
    source = config.camera.source
    recorded = source not in (SIMULATED, OFF) and cameras.is_recording(source)
    driver = config.axis.driver
    return driver is AxisDriver.ELECTRONIC or (recorded and driver is AxisDriver.SIMULATED)


def crop_width(config: Config) -> float:
    """Degrees that an electronic pan shows of the wide picture."""
    return min(config.camera.field_of_view * CROP, WIDEST_CROP)


def _narrowed(config: Config) -> tuple[AxisConfig, CoreSettings]:
    """Range and zones of an electronic pan, from the lens and the crop."""
    crop = crop_width(config)
    low, high = reach(_lens(config), crop)
    allowed = config.axis.range
    if high - low >= FULL_CIRCLE and allowed[1] - allowed[0] >= FREE:
        # No cable is wound up: the way across the back is as short as any.
        low, high = allowed = (-FULL_CIRCLE, FULL_CIRCLE)
    low, high = max(low, allowed[0]), min(high, allowed[1])
    if not low < high:
        raise UserError(
            f"axis.range: {allowed[0]:g}° to {allowed[1]:g}° has nothing of what the camera shows",
            "widen it to include 0°, or check camera.field_of_view",
        )
    axis = replace(config.axis, range=(low, high))
    share = min(1.0, crop / USUAL_VIEW)
    z = config.zones
    zones = replace(
        z,
        dead_near=z.dead_near * share,
        dead_far=z.dead_far * share,
        holding_near=z.holding_near * share,
        holding_far=z.holding_far * share,
    )
    return axis, replace(config.core, range=axis.range, zones=zones, turned_by_hand=False)


def _axis(config: Config, axis_config: AxisConfig, clock: Clock, pan: bool) -> Axis:
    if pan:
        return ElectronicPan(axis_config.range)
    if config.axis.driver is AxisDriver.DYNAMIXEL:
        return open_axis(config)
    return SimulatedAxis(seed=config.simulation.seed, clock=clock.now, patience=HELD_UP)


def open_axis(config: Config) -> Axis:
    """The motor that the configuration names, its torque off. Raises OSError."""
    servo = config.axis.dynamixel
    return DynamixelAxis(
        SerialWire(servo.port, servo.id, servo.baud),
        zero_deg=config.axis.zero_deg,
        reversed_=servo.reversed,
    )


# ---------------------------------------------------------------------- senses


def _lens(config: Config) -> Lens:
    lens = lens_of(config.camera)
    # The simulated room is drawn with the configured lens, whatever was measured before.
    return lens if config.camera.source == SIMULATED else measured(config.state_dir, lens)


def _headings(control: AxisControl) -> Callable[[float], float]:
    return lambda t: control.heading_at(t) or 0.0


def _velocities(control: AxisControl) -> Callable[[float], float]:
    at = _headings(control)
    return lambda t: (at(t) - at(t - RATE_OVER)) / RATE_OVER


def _camera_loop(parts: Parts, control: AxisControl, post: Callable[[Event], None]) -> CameraLoop:
    config, clock = parts.config, parts.clock
    camera = _camera(parts, control)
    seeing = config.seeing
    on_head = config.camera.mounted_on is Mount.HEAD and not isinstance(parts.axis, ElectronicPan)
    settings = EyeSettings(seeing.threshold, seeing.pet_threshold, on_head)
    faces = FaceReader(seeing.threads)
    eye = eye_of(Detector(seeing.threads), _lens(config), settings, faces)
    recorded = cameras.is_recording(config.camera.source) and parts.world is None
    pacing = Pacing(config.camera.max_fps, budget=config.camera.cpu_share, live=not recorded)
    headings = _headings(control)
    return CameraLoop(
        camera,
        eye,
        post,
        clock,
        parts.gate,
        heading_at=headings,
        pacing=pacing,
        warmth=temperature,
        sinks=parts.sinks,
        scenery=parts.scenery,
    )


def _camera(parts: Parts, control: AxisControl) -> Camera:
    settings = parts.config.camera
    if settings.source != SIMULATED:
        wanted = cameras.Wanted(settings.width, settings.height, settings.max_fps)
        return cameras.open_camera(settings.source, wanted, now=parts.clock.now)
    if parts.world is None:
        raise UserError("camera.source: the simulated camera needs the simulated room")
    heading_at = _headings(control)
    on_head = settings.mounted_on is Mount.HEAD and not isinstance(parts.axis, ElectronicPan)
    return SimulatedCamera(
        parts.world,
        heading_at if on_head else lambda _t: 0.0,
        width=settings.width,
        height=settings.height,
        field_of_view=settings.field_of_view,
        fps=settings.max_fps,
        tilt=settings.tilt,
        seed=parts.config.simulation.seed,
        now=parts.clock.now,
        origin=parts.clock.now(),
    )


def _audio_loop(parts: Parts, control: AxisControl, post: Callable[[Event], None]) -> AudioLoop:
    config, clock = parts.config, parts.clock
    array = load_array(config.microphones.array)
    on_head = config.microphones.mounted_on is Mount.HEAD
    heading_at = _headings(control) if on_head else None
    velocity_at = _velocities(control)
    axis = None if isinstance(parts.axis, ElectronicPan) else HeadMotion(velocity_at, heading_at)
    hearing = config.hearing
    settings = EarSettings(hearing.speech_threshold, hearing.min_confidence)
    if config.microphones.source == SIMULATED and parts.world is not None:
        microphones = _simulated_microphones(parts, array, heading_at, velocity_at)
        word = hearing.wake_word
        spotters = Spotters(microphones.wake_word_spotter(word)) if word != NO_WORD else None
        ear, live = Ear(array, settings, wake_word=spotters, axis=axis), True
        source: Microphones = microphones
    else:
        spotters, problem = open_wake_word(hearing.wake_word)
        if problem:
            post(Health(clock.now(), "wake word", False, problem))
        array, correction = corrected(config.state_dir, array)
        ear = Ear(array, settings, wake_word=spotters, axis=axis)
        source = arrays.open_microphones(
            config.microphones.source, array, clock=clock.now, correction=correction
        )
        live = not arrays.is_recording(config.microphones.source)
    around = Surroundings(
        heading_at,
        moving_at=lambda t: abs(velocity_at(t)) > MOVING,
        muted=lambda: parts.mute.muted,
    )

    def guarded(listener: Listener) -> Listener:
        """With an ear for alarms and breaking glass beside it, where away mode may listen."""
        if not config.away.listen:
            return listener
        return AlarmListening(listener, array, post, heading_at, hearing.min_confidence)

    if hearing.beam == OFF:
        return AudioLoop(source, guarded(ear), post, clock, around, live=live)
    sink = open_sound_out(hearing.beam)
    parts.beaming = Beaming(ear, Beam(array), sink, parts.indicator.show, heading_at)
    noticed = parts.beaming.noticed

    def told(event: Event) -> None:
        post(event)
        noticed(event)

    return AudioLoop(source, guarded(parts.beaming), told, clock, around, live=live)


def _simulated_microphones(
    parts: Parts,
    array: MicrophoneArray,
    heading_at: Callable[[float], float] | None,
    velocity_at: Callable[[float], float],
) -> SimulatedMicrophones:
    assert parts.world is not None
    return SimulatedMicrophones(
        parts.world,
        array.positions,
        heading_at=heading_at or (lambda _t: 0.0),
        velocity_at=velocity_at,
        seed=parts.config.simulation.seed,
        now=parts.clock.now,
        origin=parts.clock.now(),
    )


# --------------------------------------------------------------------- summary


def _plays(config: Config) -> bool:
    camera, microphones = config.camera.source, config.microphones.source
    return (camera not in (SIMULATED, OFF) and cameras.is_recording(camera)) or (
        microphones not in (SIMULATED, OFF) and arrays.is_recording(microphones)
    )


def _summary(config: Config, axis: Axis, pan: bool) -> tuple[str, ...]:
    """What is at work, and what it cannot promise, in lines for the person who started it."""
    low, high = (math.floor(v) for v in config.axis.range)
    turns = "an electronic pan" if pan else f"{config.axis.driver.value}, {low}° to {high}°"
    limits = "; ".join(axis.abilities.limits())
    beam = config.hearing.beam
    return (
        f"axis: {turns}{f' ({limits})' if limits else ''}",
        f"camera: {redacted(config.camera.source)}",
        f"microphones: {redacted(config.microphones.source)} ({config.microphones.array})",
        f"shutter: {config.shutter.driver.value}",
        *((f"beam: what is said goes to {beam}",) if beam != OFF else ()),
    )
