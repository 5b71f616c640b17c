"""The senses of a device, chosen by the configuration: what sees and what hears, as loops.

Made once the axis is there, whose headings they need; networks and rooms take
seconds to load. It belongs to the composition root: only `engine.app` uses it,
and it starts nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.config import OFF, SIMULATED, Mount
from engine.core.types import Event, Health
from engine.errors import UserError
from engine.hardware import camera as cameras
from engine.hardware import microphones as arrays
from engine.hardware.electronic_pan import ElectronicPan
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
from engine.loops.camera import CameraLoop, Pacing
from engine.loops.vitals import temperature
from engine.parts import Parts, lens
from engine.ports import Camera, Microphones
from engine.seeing.detector import Detector
from engine.seeing.engagement import FaceReader
from engine.seeing.eye import EyeSettings, eye_of
from engine.sim.camera import SimulatedCamera
from engine.sim.microphones import SimulatedMicrophones

MOVING = 1.0  # deg/s of the head from which sound counts as heard in motion
RATE_OVER = 0.04  # s


def connect(parts: Parts, control: AxisControl, post: Callable[[Event], None]) -> None:
    """Make the senses of `parts`."""
    if parts.config.camera.source != OFF:
        parts.camera_loop = _camera_loop(parts, control, post)
        parts.senses.append(parts.camera_loop)
    if parts.config.microphones.source != OFF and parts.config.hearing.enabled:
        parts.senses.append(_audio_loop(parts, control, post))


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
    eye = eye_of(Detector(seeing.threads), lens(config), settings, faces)
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
    turns = not isinstance(parts.axis, ElectronicPan)
    on_head = config.microphones.mounted_on is Mount.HEAD and turns
    heading_at = _headings(control) if on_head else None
    velocity_at = _velocities(control)
    axis = HeadMotion(velocity_at, heading_at) if turns else None
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
