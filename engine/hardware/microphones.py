"""Which microphones a `microphones.source` means: a recording, a satellite or a device.

The simulated array is not here: only the composition root knows of it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from engine.hardware.microphones_corrected import CorrectedMicrophones
from engine.hardware.microphones_device import MicrophonesDevice
from engine.hardware.microphones_file import MicrophonesFile
from engine.hardware.microphones_network import MicrophonesNetwork
from engine.hardware.network_sound import is_network
from engine.hearing.arrays import MicrophoneArray
from engine.hearing.calibration import Correction
from engine.paths import expanded
from engine.ports import Microphones


def is_recording(source: str) -> bool:
    """Whether `source` names a file rather than a device or a satellite."""
    if is_network(source):
        return False
    path = expanded(source)
    return path.suffix.lower() in {".wav", ".wave"} or os.path.isfile(path)


def open_microphones(
    source: str,
    array: MicrophoneArray,
    *,
    paced: bool = True,
    clock: Callable[[], float] = time.monotonic,
    correction: Correction | None = None,
) -> Microphones:
    """The array's driver for `source`, not yet opened; `open()` says what is wrong with it.

    `source` is a wav file, a satellite (udp:// or wyoming://), a PortAudio device
    by number or (part of) name, or "default". `paced` False gives a recording's
    blocks as fast as they are read. `correction` is what a calibration found.
    """
    opened = _as_it_comes(source, array, paced=paced, clock=clock)
    return opened if correction is None else CorrectedMicrophones(opened, correction)


def _as_it_comes(
    source: str, array: MicrophoneArray, *, paced: bool, clock: Callable[[], float]
) -> MicrophonesFile | MicrophonesDevice | MicrophonesNetwork:
    if is_network(source):
        return MicrophonesNetwork(
            source, array.channels, device_channels=array.device_channels, clock=clock
        )
    if is_recording(source):
        return MicrophonesFile(
            expanded(source),
            array.channels,
            array_name=array.name,
            paced=paced,
            clock=clock,
        )
    return MicrophonesDevice(
        source, array.channels, device_channels=array.device_channels, clock=clock
    )
