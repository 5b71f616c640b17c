"""What `heliotrope check` looks at: one probe per part, each with its remedy.

A probe opens what the engine would open, takes one frame or block, overwrites
it and lets go. Nothing here stays open, changes a setting or moves the head.
"""

from __future__ import annotations

import importlib.util
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from engine import checkup_links
from engine.config import (
    OFF,
    SIMULATED,
    AxisDriver,
    Config,
    LampsDriver,
    MuteConfig,
    ShutterConfig,
    ShutterDriver,
)
from engine.errors import UserError
from engine.findings import Finding, Outcome, Result
from engine.identity import prepare_state_dir
from engine.places_file import PlacesFile
from engine.ports import Mute, Shutter, SourceEnded, SourceFailed, SourceTorn

SOURCE_TIMEOUT = 12.0  # seconds; an RTSP camera needs some to answer


def examine(config: Config) -> Iterator[Finding]:
    """Every part in the order in which the engine would start it."""
    for part, probe in PROBES.items():
        try:
            outcome, detail = probe(config)
        except (UserError, SourceFailed) as error:
            detail, _, remedy = str(error).removeprefix(f"{part}: ").partition("; ")
            yield Finding(part, Outcome.MISSING, detail, remedy)
        else:
            yield Finding(part, outcome, detail)


def _state_dir(config: Config) -> Result:
    return Outcome.FOUND, f"{prepare_state_dir(config.state_dir)} is writable"


def _places(config: Config) -> Result:
    """What was learned, masked and named is readable."""
    try:
        folder = prepare_state_dir(config.state_dir)
    except UserError:
        # One fault, one line: the probe of state_dir has said it.
        return Outcome.OFF, "wait for state_dir"
    found = PlacesFile(folder).load().items
    return Outcome.FOUND, f"{len(found)} places"


def _packages(config: Config) -> Result:
    """Packages of the extras that this configuration needs, by import name."""
    switches = ShutterDriver.GPIO in (config.shutter.driver, config.mute.driver)
    gpio = switches or config.lamps.driver is LampsDriver.GPIO
    wanted = {
        "amqtt": ("sim", config.mqtt.enabled and config.mqtt.embedded),
        "pyroomacoustics": ("sim", config.microphones.source == SIMULATED),
        "gpiozero": ("pi", gpio),
        "lgpio": ("pi", gpio),
        "dynamixel_sdk": ("dynamixel", config.axis.driver is AxisDriver.DYNAMIXEL),
    }
    needed = {name: extra for name, (extra, used) in wanted.items() if used}
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        extras = ",".join(sorted({needed[name] for name in missing}))
        raise UserError(
            f"not installed: {', '.join(missing)}", f"pip install 'heliotrope[{extras}]'"
        )
    return Outcome.FOUND, ", ".join(needed) or "none needed"


def _networks(config: Config) -> Result:
    """The networks that came with the engine are whole, and the wake word has one."""
    from engine import networks

    folders = [networks.SEEING, *([networks.HEARING] if config.hearing.enabled else [])]
    found = []
    for folder in folders:
        for name in networks.cards(folder):
            networks.verified(name, folder)
            found.append(name)
    if config.hearing.enabled:
        from engine.hearing.wake_word import open_wake_word

        _, note = open_wake_word(config.hearing.wake_word)
        found += [note or f"wake word {config.hearing.wake_word}"]
    return Outcome.FOUND, ", ".join(found)


def _axis(config: Config) -> Result:
    if config.axis.driver is AxisDriver.SIMULATED:
        return Outcome.SIMULATED, "a base in software"
    if config.axis.driver is AxisDriver.DYNAMIXEL:
        # Asking the servo itself would take its torque, and its line from a running engine.
        port = config.axis.dynamixel.port
        if not Path(port).exists():
            raise UserError(
                f"axis.dynamixel.port: {port} is not there",
                "plug the adapter in, or name another; ls /dev/serial/by-id",
            )
        from engine.hardware.dynamixel import MODELS

        feeling = ", ".join(model.name for model in MODELS.values())
        adapter = f"a servo adapter on {port}; the servo itself was not asked"
        return Outcome.FOUND, f"{adapter} (feels no hand and no obstacle unless it is {feeling})"
    from engine.hardware.electronic_pan import ABILITIES

    limits = "; ".join(ABILITIES.limits())
    return Outcome.FOUND, f"electronic pan: a crop that moves in a fixed picture ({limits})"


def _camera(config: Config) -> Result:
    if config.camera.source == SIMULATED:
        from engine.sim.camera import drawable

        drawable(config.camera.field_of_view)
        return Outcome.SIMULATED, "it renders the embedded room"
    if config.camera.source == OFF:
        return Outcome.OFF, "camera.source is none"
    from engine.hardware.camera import Wanted, open_camera

    wanted = Wanted(config.camera.width, config.camera.height, config.camera.max_fps)

    def look() -> Result:
        camera = open_camera(config.camera.source, wanted, paced=False)
        try:
            camera.open()
            frame = camera.read()
            height, width = frame.pixels.shape[:2]
            frame.wipe()
        finally:
            camera.close()
        return Outcome.FOUND, f"{_source(config.camera.source)} gives {width}x{height} pixels"

    return _in_time("camera.source", config.camera.source, look)


def _microphones(config: Config) -> Result:
    if not config.hearing.enabled:
        return Outcome.OFF, "hearing.enabled is false"
    if config.microphones.source == OFF:
        return Outcome.OFF, "microphones.source is none"
    from engine.hearing.arrays import load_array

    array = load_array(config.microphones.array)
    limits = "; ".join(array.limits())
    if config.microphones.source == SIMULATED:
        embedded = f"{array.name}, {array.channels} microphones in the embedded room"
        return Outcome.SIMULATED, f"{embedded} ({limits})"
    from engine.hearing.calibration_file import kept

    calibrated = "calibrated" if kept(config.state_dir, array) else "as its file has it"
    from engine.hardware.microphones import open_microphones

    def listen() -> Result:
        microphones = open_microphones(config.microphones.source, array, paced=False)
        try:
            microphones.open()
            microphones.read().samples.fill(0.0)
        finally:
            microphones.close()
        source = _source(config.microphones.source)
        gives = f"{source} gives {array.channels} channels for {array.name}, {calibrated}"
        return Outcome.FOUND, f"{gives} ({limits})"

    return _in_time("microphones.source", config.microphones.source, listen)


def _beam(config: Config) -> Result:
    """What is said has somewhere to go."""
    target = config.hearing.beam
    if target == OFF or not config.hearing.enabled or config.microphones.source == OFF:
        return Outcome.OFF, "hearing.beam is none, or nothing is heard"
    from engine.hardware.sound_out import try_sound_out

    try_sound_out(target)
    return Outcome.FOUND, f"what is said goes to {target}"


def _shutter(config: Config) -> Result:
    if config.shutter.driver is ShutterDriver.SIMULATED:
        return Outcome.SIMULATED, "a switch on the page"
    if config.shutter.driver is ShutterDriver.NONE:
        return Outcome.OFF, "this build has no shutter"
    from engine.switches import shutter_of

    shutter = shutter_of(config)
    try:
        _settle(shutter, config.shutter.debounce)
        return Outcome.FOUND, f"{_pins(config.shutter)}, now {shutter.state.value}"
    finally:
        shutter.close()


def _mute(config: Config) -> Result:
    """The microphone mute, in the manner of the shutter."""
    if config.mute.driver is ShutterDriver.SIMULATED:
        return Outcome.SIMULATED, "a switch on the page"
    if config.mute.driver is ShutterDriver.NONE:
        return Outcome.OFF, "this build has no microphone mute"
    from engine.switches import mute_of

    mute = mute_of(config)
    try:
        _settle(mute, config.mute.debounce)
        return Outcome.FOUND, f"{_pins(config.mute)}, now {'muted' if mute.muted else 'not muted'}"
    finally:
        mute.close()


def _lamps(config: Config) -> Result:
    from engine.hardware.lamps import GpioLamps
    from engine.switches import lamp_pins

    pins = lamp_pins(config.lamps)
    if not pins:
        return Outcome.OFF, "lamps.driver is none, or both pins are -1"
    lamps = GpioLamps(pins)
    try:
        if lamps.problem is not None:
            raise UserError(*lamps.problem.split("; ", 1))
    finally:
        lamps.close()
    said = ", ".join(f"{lamp} on GPIO {pin}" for lamp, pin in pins.items())
    return Outcome.FOUND, said


def _touch_screen(config: Config) -> Result:
    if config.touch_screen.device == OFF:
        return Outcome.OFF, "touch_screen.device is none"
    from engine.hardware.touch_screen import LinuxTouchScreen

    screen = LinuxTouchScreen(config.touch_screen.device)
    try:
        if screen.problem is not None:
            raise UserError(*screen.problem.split("; ", 1))
        return Outcome.FOUND, f"{screen.name} can be read"
    finally:
        screen.close()


def _speaker(config: Config) -> Result:
    device = config.speaker.device
    if device == SIMULATED:
        return Outcome.SIMULATED, "a siren that nobody hears"
    if device == OFF:
        return Outcome.OFF, "speaker.device is none"
    from engine.hardware.speaker import AudioSpeaker

    speaker = AudioSpeaker(device)
    try:
        speaker.probe()
    except OSError as error:
        raise UserError(
            f"speaker.device: {error}", "python -m sounddevice lists them; none does without"
        ) from None
    finally:
        speaker.close()
    return Outcome.FOUND, f"{device} can play"


def _settle(switch: Shutter | Mute, debounce: float) -> None:
    """Wait until it can be believed. Raises UserError where its pins cannot be read."""
    for pause in (2.0 * debounce, 0.0):
        problem: str | None = getattr(switch, "problem", None)
        if problem is not None:
            raise UserError(*problem.split("; ", 1))
        # Open is believed once it has lasted.
        time.sleep(pause)


def _pins(settings: ShutterConfig | MuteConfig) -> str:
    second = "" if settings.second_pin < 0 else f" and {settings.second_pin}"
    return f"GPIO {settings.pin}{second}"


def _in_time(key: str, source: str, probe: Callable[[], Result]) -> Result:
    """The probe's result, or UserError; a device that hangs in its driver is left behind."""
    results: list[Result | Exception] = []

    def work() -> None:
        try:
            results.append(probe())
        except SourceEnded:
            results.append(SourceFailed(f"{source}: is empty; record it anew"))
        except SourceTorn as error:
            results.append(SourceFailed(f"{error}; it starts damaged, record it anew"))
        except Exception as error:  # noqa: BLE001 - raised again below, on the caller's thread
            results.append(error)

    thread = threading.Thread(target=work, name=f"check {key}", daemon=True)
    thread.start()
    thread.join(SOURCE_TIMEOUT)
    if not results:
        raise UserError(
            f"{key}: {_source(source)} did not answer in {SOURCE_TIMEOUT:.0f} s",
            "check its cable or address",
        )
    if isinstance(results[0], Exception):
        raise results[0]
    return results[0]


def _source(source: str) -> str:
    from engine.logs import redact

    return redact(source)


PROBES: dict[str, Callable[[Config], Result]] = {
    "state_dir": _state_dir,
    "places": _places,
    "packages": _packages,
    "networks": _networks,
    "axis": _axis,
    "camera": _camera,
    "microphones": _microphones,
    "beam": _beam,
    "shutter": _shutter,
    "mute": _mute,
    "lamps": _lamps,
    "touch_screen": _touch_screen,
    "speaker": _speaker,
    "broker": checkup_links.broker,
    "page": checkup_links.page,
    "alerts": checkup_links.alerts,
}
