"""Where a beam's sound goes when the owner opens a way for it: a file, a pipe, a socket.

Mono, 16 kHz, 16 bits, little-endian: a wav file, or raw samples into a FIFO
(a sound server's pipe source, `arecord`'s place in a voice assistant) or in
UDP datagrams. Never waits for a reader: sound that nobody takes is dropped.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import stat
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import numpy as np

from engine.errors import UserError
from engine.paths import expanded
from engine.ports import Samples, SoundSink

log = logging.getLogger(__name__)

REMEDY = "make a FIFO with mkfifo, or choose none"
RATE = 16_000
LONGEST = 3600.0
"""Seconds that a wav file holds at most: a forgotten one must not fill the disk."""
LOOK_UP_EVERY = 60.0
"""Seconds between two look-ups of a host's name."""
_Address = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")


def open_sound_out(target: str, key: str = "hearing.beam") -> SoundSink:
    """The sink for `name.wav`, `udp://HOST:PORT` or a FIFO's path. Raises UserError."""
    if target.startswith("udp://"):
        return UdpSink(*_address(target, key), key)
    path = expanded(target)
    try:
        if path.suffix.lower() == ".wav":
            return WavSink(path, key)
        if stat.S_ISFIFO(path.stat().st_mode):
            return FifoSink(path)
    except OSError as error:
        raise UserError(f"{key}: {target}: {error.strerror or error}", REMEDY) from None
    raise UserError(f"{key}: {target}: neither a .wav file, nor a FIFO, nor udp://", REMEDY)


def try_sound_out(target: str, key: str = "hearing.beam") -> None:
    """Raises UserError where `open_sound_out` would, or nothing would be heard of it.

    A wav file is neither made nor replaced.
    """
    path = expanded(target)
    if target.startswith("udp://") or path.suffix.lower() != ".wav":
        sink = open_sound_out(target, key)
        sink.close()
        if isinstance(sink, UdpSink) and sink.problem:
            raise UserError(sink.problem, "correct the host's name, or write its address")
    elif path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UserError(f"{key}: {target}: cannot be written", REMEDY)


def _address(target: str, key: str) -> tuple[str, int]:
    parts = urlsplit(target)
    with contextlib.suppress(ValueError):
        if parts.hostname and parts.port and not parts.path.strip("/"):
            return parts.hostname, parts.port
    raise UserError(f"{key}: {target!r} is no address", "write it as udp://127.0.0.1:5004")


def as_pcm(samples: Samples) -> bytes:
    """Floats in [-1, 1] as 16-bit samples."""
    return (np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()


class WavSink:
    """A wav file, readable at any time: its header is put right once a second. Mode 0600."""

    def __init__(self, path: Path, key: str = "hearing.beam") -> None:
        """Replaces the file. Raises OSError."""
        self._path, self._key, self._full = path, key, False
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self._file: BinaryIO = os.fdopen(descriptor, "wb")
        self._bytes = self._told = 0
        self._tell()

    def write(self, samples: Samples) -> None:
        if self._bytes >= 2 * RATE * LONGEST:
            if not self._full:
                self._full = True
                log.warning(
                    "%s: %s holds %g s and takes no more; a start of the engine makes it anew",
                    self._key,
                    self._path,
                    LONGEST,
                )
            return
        data = as_pcm(samples)
        self._file.write(data)
        self._bytes += len(data)
        if self._bytes - self._told >= 2 * RATE:
            self._tell()

    def close(self) -> None:
        if not self._file.closed:
            with contextlib.suppress(OSError):
                self._tell()
            self._file.close()

    def _tell(self) -> None:
        self._told = self._bytes
        form = (16, 1, 1, RATE, 2 * RATE, 2, 16)
        header = _HEADER.pack(
            b"RIFF", 36 + self._bytes, b"WAVE", b"fmt ", *form, b"data", self._bytes
        )
        self._file.seek(0)
        self._file.write(header)
        self._file.seek(0, os.SEEK_END)
        self._file.flush()


class FifoSink:
    """A named pipe; while nobody reads, sound is dropped, and a reader may come and go."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pipe: int | None = None

    def write(self, samples: Samples) -> None:
        if self._pipe is None:
            try:
                self._pipe = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError:
                return  # no reader yet
        try:
            os.write(self._pipe, as_pcm(samples))
        except BlockingIOError:
            return  # the reader is behind
        except BrokenPipeError:
            self.close()

    def close(self) -> None:
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            os.close(pipe)


class UdpSink:
    """Raw samples in datagrams; unencrypted, so the loopback or a trusted wire is their place.

    A host's name is looked up at once and then once a minute, beside the
    hearing: a resolver without an answer takes seconds, and addresses move.
    """

    def __init__(
        self,
        host: str,
        port: int,
        key: str = "hearing.beam",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises nothing for a name without an address: `write` does, for there may be one soon."""
        self._host, self._port, self._key, self._clock = host, port, key, clock
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._address: _Address | None = None
        self.problem = ""
        self._look_up()
        self._looked, self._looking = clock(), threading.Thread()
        self._socket = socket.socket(self._family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def write(self, samples: Samples) -> None:
        """Raises OSError where the host has no address."""
        if self._clock() - self._looked >= LOOK_UP_EVERY and not self._looking.is_alive():
            self._looked = self._clock()
            self._looking = threading.Thread(target=self._look_up, name="beam", daemon=True)
            self._looking.start()
        if self._address is None:
            raise OSError(self.problem)
        # Nobody may be listening (yet), and a full queue is the network's affair.
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            self._socket.sendto(as_pcm(samples), self._address)

    def settle(self) -> None:
        """Wait for a look-up under way."""
        if self._looking.is_alive():
            self._looking.join()

    def close(self) -> None:
        self._socket.close()

    def _look_up(self) -> None:
        try:
            found = socket.getaddrinfo(self._host, self._port, self._family, socket.SOCK_DGRAM)
        except (OSError, UnicodeError) as error:
            # An address that was found before stays: it is likelier right than none.
            why = getattr(error, "strerror", None) or error
            self.problem = f"{self._key}: {self._host}: no address ({why})"
        else:
            self._address, self.problem = found[0][4], ""
