"""Sound off the network as bytes: datagrams of raw samples, or a Wyoming microphone's events.

Each source gives `Piece`s: interleaved 16-bit samples with the number of
channels and the rate they came with. Knows no arrays and no time.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from engine.ports import SourceFailed, SourceTorn

LOST_AFTER = 1.5
"""Seconds without a sample after which a satellite counts as gone."""
CONNECT_WITHIN = 5.0
SCHEMES = ("udp", "wyoming")
_BUFFER = 1 << 19
"""Bytes that the system keeps for a late reader: 2.7 s of six microphones."""
_LONGEST_LINE, _LONGEST_PART = 1 << 16, 1 << 20
_HIGHEST = 1 << 20
"""Beyond any rate, width or count of channels."""
_MISFITS = 8
"""Datagrams in a row that are no whole frames, after which it is no accident."""


@dataclass(frozen=True, slots=True)
class Piece:
    """`data` holds whole frames of 16-bit little-endian samples, channels interleaved."""

    data: bytes
    channels: int
    rate: int


@dataclass(frozen=True, slots=True)
class Address:
    """A `microphones.source` off the network. `channels` 0: as many as the array has."""

    text: str
    scheme: str
    host: str
    port: int
    sender: str = ""
    rate: int = 16_000
    channels: int = 0


def is_network(source: str) -> bool:
    """Whether `source` names a satellite rather than a device or a file."""
    return source.partition("://")[0].lower() in SCHEMES and "://" in source


def parse_address(source: str) -> Address:
    """Raises SourceFailed with what is wrong, and how it would be right."""
    scheme = source.partition("://")[0].lower()
    example = {
        "udp": "udp://0.0.0.0:4010?from=192.168.1.30",
        "wyoming": "wyoming://192.168.1.30:10600",
    }[scheme]
    wrong = SourceFailed(f"microphones.source {source!r}: not understood; write {example}")
    known = {"from", "rate", "channels"} if scheme == "udp" else set()
    try:
        parts = urlsplit(source)
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        host, port = parts.hostname or "", parts.port
        rate, channels = int(options.get("rate", "16000")), int(options.get("channels", "0"))
    except ValueError:
        raise wrong from None
    if not host or not port or set(options) - known or parts.path not in ("", "/"):
        raise wrong
    if not 0 <= channels <= 64:
        raise wrong
    return Address(source, scheme, host, port, options.get("from", ""), rate, channels)


class SoundLine(Protocol):
    """An open connection to a satellite."""

    def receive(self) -> Piece:
        """The next piece. Raises SourceTorn for a damaged one, SourceFailed when it is gone."""

    def close(self) -> None: ...


class DatagramLine:
    """Raw samples in UDP datagrams, whole frames in each; whoever else sends is not heard."""

    def __init__(self, address: Address, channels: int) -> None:
        """Raises SourceFailed: no such address here, or open to everybody."""
        self._address, self._channels = address, channels
        self._misfits = 0
        self._sender = _numeric(address.sender, address.text) if address.sender else None
        if self._sender is None and not _loopback(address.host):
            raise SourceFailed(
                f"microphones.source {address.text!r}: anybody on the network could be heard as "
                "these microphones; name the satellite: ?from=ADDRESS"
            )
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            self._socket.bind((address.host, address.port))
        except (OSError, UnicodeError) as error:
            self._socket.close()
            raise SourceFailed(
                f"microphones.source {address.text!r}: cannot listen there "
                f"({_why(error)}); is the address this computer's, the port free?"
            ) from error

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def receive(self) -> Piece:
        frame = 2 * self._channels
        data = self._datagram()
        if data and len(data) % frame == 0:
            self._misfits = 0
            return Piece(data, self._channels, self._address.rate)
        self._misfits += 1
        said = (
            f"microphones {self._address.text!r}: a datagram of {len(data)} bytes is no whole "
            f"number of frames of {self._channels} channels with 16 bits"
        )
        if self._misfits >= _MISFITS:
            raise SourceFailed(f"{said}; give the satellite's own count: ?channels=N")
        raise SourceTorn(said)

    def close(self) -> None:
        self._socket.close()

    def _datagram(self) -> bytes:
        """The satellite's next one; however many others send, they are not waited for longer."""
        stranger = ""
        deadline = time.monotonic() + LOST_AFTER
        while (left := deadline - time.monotonic()) > 0.0:
            try:
                self._socket.settimeout(left)
                data, (sender, *_) = self._socket.recvfrom(1 << 16)
            except OSError:
                break
            if self._sender is None or sender == self._sender:
                return data
            stranger = stranger or str(sender)
        who = f"microphones {self._address.text!r}"
        if stranger:
            raise SourceFailed(
                f"{who}: something from {stranger} sends here, not from={self._address.sender}; "
                "is that the satellite's address?"
            )
        raise SourceFailed(
            f"{who}: no sound for {LOST_AFTER} s; is the satellite on, and does it send here?"
        )


class WyomingLine:
    """A Wyoming microphone: lines of JSON, each with data and sound behind it, over TCP.

    https://github.com/OHF-Voice/wyoming; of its events only `audio-chunk` counts here.
    """

    def __init__(self, address: Address) -> None:
        """Raises SourceFailed where nobody answers."""
        self._address = address
        try:
            self._socket = socket.create_connection((address.host, address.port), CONNECT_WITHIN)
        except (OSError, UnicodeError) as error:
            raise SourceFailed(
                f"microphones {address.text!r}: no answer ({_why(error)}); "
                "is the satellite's microphone service on?"
            ) from error
        self._received = bytearray()
        self._deadline = 0.0

    def receive(self) -> Piece:
        # Events without sound, or bytes that trickle in, do not put it off.
        self._deadline = time.monotonic() + LOST_AFTER
        while True:
            event = self._json(self._line())
            data = event.get("data")
            data = {} if data is None else data
            if not isinstance(data, dict):
                raise self._strange("an event whose data is no object")
            if length := self._length(event, "data_length"):
                data = {**data, **self._json(self._exactly(length))}
            payload = self._exactly(self._length(event, "payload_length"))
            if event.get("type") == "audio-chunk":
                return self._piece(data, payload)

    def close(self) -> None:
        self._received.clear()
        self._socket.close()

    def _piece(self, data: Mapping[str, Any], payload: bytes) -> Piece:
        try:
            rate, width, channels = (int(data[key]) for key in ("rate", "width", "channels"))
        except (KeyError, TypeError, ValueError, OverflowError):
            raise self._strange("a chunk that does not say its rate, width and channels") from None
        if not all(0 < number <= _HIGHEST for number in (rate, width, channels)):
            raise self._strange("a chunk whose rate, width or channels no sound has")
        if width != 2 or not 1 <= channels <= 64:
            raise self._strange(f"samples of {8 * width} bits in {channels} channels")
        whole = len(payload) - len(payload) % (2 * channels)
        if whole == 0 or whole != len(payload):
            raise SourceTorn(f"microphones {self._address.text!r}: a chunk ends in mid-sample")
        return Piece(payload, channels, rate)

    def _line(self) -> bytes:
        while (end := self._received.find(b"\n")) < 0:
            if len(self._received) >= _LONGEST_LINE:
                raise self._strange("a line without an end")
            self._more()
        if end >= _LONGEST_LINE:
            raise self._strange("a line without an end")
        return self._exactly(end + 1)

    def _exactly(self, count: int) -> bytes:
        while len(self._received) < count:
            self._more()
        data = bytes(self._received[:count])
        del self._received[:count]
        return data

    def _more(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0.0:
            raise self._gone()
        try:
            self._socket.settimeout(left)
            data = self._socket.recv(1 << 16)
        except OSError:
            raise self._gone() from None
        if not data:
            raise self._gone()
        self._received += data

    def _length(self, event: Mapping[str, Any], key: str) -> int:
        length = event.get(key) or 0
        if not isinstance(length, int):
            raise self._strange(f"a {key} that is no whole number")
        if not 0 <= length <= _LONGEST_PART:
            raise self._strange(f"{key} {str(length)[:20]}")
        return length

    def _json(self, text: bytes) -> dict[str, Any]:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):  # the latter for thousands of brackets
            raise self._strange("what is no JSON") from None
        if not isinstance(found, dict):
            raise self._strange("what is no event")
        return found

    def _gone(self) -> SourceFailed:
        return SourceFailed(
            f"microphones {self._address.text!r}: no sound for {LOST_AFTER} s, or hung up; "
            "is the satellite on?"
        )

    def _strange(self, what: str) -> SourceFailed:
        return SourceFailed(
            f"microphones {self._address.text!r}: it sent {what}; is it a Wyoming microphone?"
        )


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _numeric(host: str, text: str) -> str:
    try:
        return socket.gethostbyname(host)
    except (OSError, UnicodeError) as error:
        raise SourceFailed(
            f"microphones.source {text!r}: no such sender {host!r} ({_why(error)})"
        ) from error


def _why(error: OSError | UnicodeError) -> str:
    return str(getattr(error, "strerror", None) or error)
