"""Shutter, mute, lamps, touch screen and loudspeaker, as the configuration names them.

The engine and `heliotrope check` make them here alike. None of them raises for what is missing:
each says it when it is asked.
"""

from __future__ import annotations

from engine.config import (
    OFF,
    SIMULATED,
    Config,
    LampsConfig,
    LampsDriver,
    PinLevel,
    ShutterDriver,
)
from engine.core.types import ShutterState
from engine.hardware.lamps import GpioLamps
from engine.hardware.shutter import NO_PIN, GpioMute, GpioShutter, contacts
from engine.hardware.speaker import AudioSpeaker
from engine.hardware.touch_screen import LinuxTouchScreen
from engine.ports import Indicator, Mute, Shutter, Speaker, TouchScreen
from engine.sim.devices import SimulatedIndicator, SimulatedSpeaker, SimulatedTouchScreen
from engine.sim.shutter import SimulatedMute, SimulatedShutter


def shutter_of(config: Config) -> Shutter:
    settings = config.shutter
    if settings.driver is not ShutterDriver.GPIO:
        return SimulatedShutter(ShutterState.OPEN)
    return GpioShutter(
        *contacts(settings.pin, settings.second_pin),
        closed_high=settings.closed_when is PinLevel.HIGH,
        debounce=settings.debounce,
    )


def mute_of(config: Config) -> Mute:
    settings = config.mute
    if settings.driver is not ShutterDriver.GPIO:
        return SimulatedMute()
    return GpioMute(
        *contacts(settings.pin, settings.second_pin),
        muted_high=settings.muted_when is PinLevel.HIGH,
        debounce=settings.debounce,
    )


def lamps_of(config: Config) -> Indicator:
    pins = lamp_pins(config.lamps)
    return GpioLamps(pins) if pins else SimulatedIndicator()


def lamp_pins(settings: LampsConfig) -> dict[str, int]:
    """BCM numbers of the lamps that there are."""
    if settings.driver is LampsDriver.NONE:
        return {}
    pins = {"viewer": settings.viewer_pin, "shutter": settings.shutter_pin}
    return {lamp: pin for lamp, pin in pins.items() if pin != NO_PIN}


def touch_screen_of(config: Config) -> TouchScreen:
    wanted = config.touch_screen.device
    return SimulatedTouchScreen() if wanted == OFF else LinuxTouchScreen(wanted)


def speaker_of(config: Config) -> Speaker | None:
    device = config.speaker.device
    if device == OFF:
        return None
    return SimulatedSpeaker() if device == SIMULATED else AudioSpeaker(device)
