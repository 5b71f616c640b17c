"""The parts of a device, chosen by the configuration: real, recorded or simulated.

One table a kind of part. A part that is off is simply not there. What sees and
what hears is made later, by `engine.senses`. It belongs to the composition
root, and wires nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

from engine.config import OFF, SIMULATED, AxisConfig, AxisDriver, Config, SimulatedRoom
from engine.core.settings import CoreSettings
from engine.core.types import Indicate, Sighting
from engine.errors import UserError
from engine.hardware import camera as cameras
from engine.hardware import microphones as arrays
from engine.hardware.camera_device import redacted
from engine.hardware.dynamixel import DynamixelAxis
from engine.hardware.dynamixel_line import SerialWire
from engine.hardware.electronic_pan import ElectronicPan, reach
from engine.hearing.arrays import load_array
from engine.hearing.calibration_file import corrected
from engine.loops.beaming import Beaming
from engine.loops.camera import CameraLoop, nothing_known
from engine.loops.gate import Gate
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
from engine.seeing.eye import lens_of
from engine.seeing.geometry import Lens
from engine.sim.axis import SimulatedAxis, stops_beyond
from engine.sim.living_room import LIVELY, QUIET, LivingRoom
from engine.sim.shutter import SimulatedMute, SimulatedShutter
from engine.sim.world import World
from engine.switches import (
    lamps_of,
    mute_of,
    shutter_of,
    speaker_of,
    touch_screen_of,
)

COMPANY = {SimulatedRoom.LIVING_ROOM: LIVELY, SimulatedRoom.QUIET_ROOM: QUIET}
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
    """Everything around the brain. `senses` are there once they have been connected."""

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
    config, left_out = of_one_world(config)
    _try_recordings(config)
    simulated = SIMULATED in (config.camera.source, config.microphones.source)
    company = COMPANY[config.simulation.room]
    world = LivingRoom(config.simulation.seed, company) if simulated else None
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
        summary=_summary(config, axis, pan, left_out),
        # Outside the embedded room a shutter in software would protect nobody.
        simulated_shutter=shutter if world and isinstance(shutter, SimulatedShutter) else None,
        simulated_mute=mute if world and isinstance(mute, SimulatedMute) else None,
    )


def of_one_world(config: Config) -> tuple[Config, str]:
    """`config` with nothing simulated beside a real camera or real microphones, and what that left
    out: sounds of the simulated room do not belong to a real picture, nor its people to real sound.
    """
    camera, microphones = config.camera, config.microphones
    if _is_real(camera.source) and microphones.source == SIMULATED:
        return replace(config, microphones=replace(microphones, source=OFF)), "microphones"
    if _is_real(microphones.source) and camera.source == SIMULATED:
        return replace(config, camera=replace(camera, source=OFF)), "camera"
    return config, ""


def _is_real(source: str) -> bool:
    return source not in (SIMULATED, OFF)


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


def lens(config: Config) -> Lens:
    """The camera's, as it was measured."""
    configured = lens_of(config.camera)
    # The simulated room is drawn with the configured lens, whatever was measured before.
    simulated = config.camera.source == SIMULATED
    return configured if simulated else measured(config.state_dir, configured)


# ------------------------------------------------------------------------ axis


def _pan_electronically(config: Config) -> bool:
    """A recording, or a real camera with no motor, is panned by moving a crop.

    A head in software does not turn a real camera: who is beside its middle would stay there
    however far that head turned, and be run after to the end of the range.
    """
    driver, real = config.axis.driver, _is_real(config.camera.source)
    return driver is AxisDriver.ELECTRONIC or (real and driver is AxisDriver.SIMULATED)


def crop_width(config: Config) -> float:
    """Degrees that an electronic pan shows of the wide picture."""
    return min(config.camera.field_of_view * CROP, WIDEST_CROP)


def _narrowed(config: Config) -> tuple[AxisConfig, CoreSettings]:
    """Range and zones of an electronic pan, from the lens and the crop."""
    crop = crop_width(config)
    low, high = reach(lens(config), crop)
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
        servo = _servo(config)
        # One that does not answer is a fault to the axis loop, which asks again until it does.
        with suppress(OSError):
            servo.read()
        return servo
    return SimulatedAxis(
        seed=config.simulation.seed,
        clock=clock.now,
        patience=HELD_UP,
        stops=stops_beyond(axis_config.range),
    )


def open_axis(config: Config) -> Axis:
    """The motor that the configuration names, its torque off. Raises OSError."""
    servo = _servo(config)
    try:
        servo.read()
    except OSError:
        with suppress(OSError):
            servo.close()
        raise
    return servo


def _servo(config: Config) -> DynamixelAxis:
    """The servo that the configuration names, not asked yet."""
    servo = config.axis.dynamixel
    return DynamixelAxis(
        SerialWire(servo.port, servo.id, servo.baud),
        zero_deg=config.axis.zero_deg,
        reversed_=servo.reversed,
    )


# --------------------------------------------------------------------- summary


def _plays(config: Config) -> bool:
    camera, microphones = config.camera.source, config.microphones.source
    return (camera not in (SIMULATED, OFF) and cameras.is_recording(camera)) or (
        microphones not in (SIMULATED, OFF) and arrays.is_recording(microphones)
    )


def _summary(config: Config, axis: Axis, pan: bool, left_out: str = "") -> tuple[str, ...]:
    """What is at work, and what it cannot promise, in lines for the person who started it."""
    low, high = (math.floor(v) for v in config.axis.range)
    turns = "an electronic pan" if pan else f"{config.axis.driver.value}, {low}° to {high}°"
    problem: str | None = getattr(axis, "problem", None)
    limits = problem or "; ".join(axis.abilities.limits())
    beam, source = config.hearing.beam, config.microphones.source
    why = " (what is simulated belongs to no real room)"
    camera = redacted(config.camera.source) + (why if left_out == "camera" else "")
    microphones = f"{redacted(source)} ({config.microphones.array})"
    if source == OFF:
        microphones = OFF + (why if left_out == "microphones" else "")
    return (
        f"axis: {turns}{f' ({limits})' if limits else ''}",
        f"camera: {camera}",
        f"microphones: {microphones}",
        f"shutter: {config.shutter.driver.value}",
        *((f"beam: what is said goes to {beam}",) if OFF not in (beam, source) else ()),
    )
