"""The way to a broker that speaks TLS, and asks who is there: a real Mosquitto on loopback."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mosquitto import Broker as Mosquitto

from engine.checkup import examine
from engine.config import Config, MqttConfig
from engine.errors import UserError
from engine.findings import Outcome
from engine.ports import Message
from integrations.mqtt.bus import Broker, BusLost, connected
from integrations.mqtt.tls import TlsFiles, context

pytestmark = pytest.mark.needs("mosquitto", "openssl")

MQTT_5 = 5


def signed(folder: Path, name: str, subject: str, authority: str | None = None) -> None:
    """`name`.pem and `name`.key, signed by `authority` or by itself."""
    request = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    files = ["-keyout", f"{name}.key", "-subj", f"/CN={subject}"]
    if authority is None:
        made = [*request, "-x509", *files, "-out", f"{name}.pem", "-days", "2"]
        subprocess.run(made, cwd=folder, check=True, capture_output=True)
        return
    subprocess.run(
        [*request, *files, "-out", f"{name}.csr"], cwd=folder, check=True, capture_output=True
    )
    (folder / "extensions").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    sign = ["openssl", "x509", "-req", "-in", f"{name}.csr", "-days", "2", "-CAcreateserial"]
    by = ["-CA", f"{authority}.pem", "-CAkey", f"{authority}.key", "-extfile", "extensions"]
    subprocess.run([*sign, *by, "-out", f"{name}.pem"], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    signed(folder, "home", "Home authority")
    signed(folder, "stranger", "Another authority")
    signed(folder, "server", "127.0.0.1", "home")
    signed(folder, "client", "device", "home")
    for file in folder.iterdir():
        file.chmod(0o644)
    return folder


@pytest.fixture(scope="module")
def mosquitto(
    part: Callable[[str], str | Path],
    certificates: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Mosquitto]:
    """Mosquitto that wants encryption, a certificate and a password."""
    more = (
        f"cafile {certificates / 'home.pem'}",
        f"certfile {certificates / 'server.pem'}",
        f"keyfile {certificates / 'server.key'}",
        "require_certificate true",
    )
    folder = tmp_path_factory.mktemp("encrypted")
    with Mosquitto(folder, str(part("mosquitto")), more=more) as running:
        yield running


def login(mosquitto: Mosquitto, files: TlsFiles | None) -> Broker:
    tls = context(files) if files else None
    password = mosquitto.passwords["device"]
    return Broker("127.0.0.1", mosquitto.port, "device", password, tls=tls)


async def speak(target: Broker) -> bytes:
    """What comes back of a message sent to ourselves."""
    async with connected(target, MQTT_5, "encrypted-test") as bus:
        await bus.subscribe("heliotrope/abc/reply")
        await bus.publish(Message("heliotrope/abc/reply", b"hello"), qos=1)
        async for message in bus.messages():
            return message.payload
    raise AssertionError("no message came")


async def test_with_the_right_files_messages_pass(certificates: Path, mosquitto: Mosquitto) -> None:
    files = TlsFiles(*(str(certificates / f) for f in ("home.pem", "client.pem", "client.key")))
    assert await speak(login(mosquitto, files)) == b"hello"


# paho leaves the socket of a handshake that failed to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_broker_of_another_authority_is_not_trusted(
    certificates: Path, mosquitto: Mosquitto
) -> None:
    files = TlsFiles(str(certificates / "stranger.pem"))
    with pytest.raises(BusLost, match=r"not trusted; check mqtt\.ca_file"):
        await speak(login(mosquitto, files))


async def test_without_a_certificate_of_ours_there_is_no_session(
    certificates: Path, mosquitto: Mosquitto
) -> None:
    with pytest.raises(BusLost):
        await speak(login(mosquitto, TlsFiles(str(certificates / "home.pem"))))


async def test_without_encryption_there_is_no_session(mosquitto: Mosquitto) -> None:
    with pytest.raises(BusLost):
        await speak(login(mosquitto, None))


def checked(port: int, authority: Path, tmp_path: Path) -> tuple[Outcome, str, str]:
    """What `heliotrope check` says of the broker."""
    mqtt = MqttConfig(host="127.0.0.1", port=port, tls=True, ca_file=str(authority))
    config = Config(state_dir=tmp_path / "state", mqtt=mqtt)
    (found,) = (f for f in examine(config) if f.part == "broker")
    return found.outcome, found.detail, found.remedy


def test_check_says_whether_the_broker_is_trusted(
    certificates: Path, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    outcome, detail, _ = checked(mosquitto.port, certificates / "home.pem", tmp_path)
    assert outcome is Outcome.FOUND
    assert "encrypted" in detail
    outcome, detail, remedy = checked(mosquitto.port, certificates / "stranger.pem", tmp_path)
    assert outcome is Outcome.MISSING
    assert "not trusted" in detail
    assert "mqtt.ca_file" in remedy


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path, certificates: Path) -> None:
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("no certificate")
    with pytest.raises(UserError, match=r"mqtt\.ca_file: .*nonsense\.pem"):
        context(TlsFiles(str(nonsense)))
    with pytest.raises(UserError, match=r"mqtt\.ca_file: .*missing\.pem.*No such file"):
        context(TlsFiles(str(tmp_path / "missing.pem")))
    with pytest.raises(UserError, match=r"mqtt\.cert_file: .*stranger\.key"):
        context(TlsFiles("", str(certificates / "client.pem"), str(certificates / "stranger.key")))


def test_old_versions_of_the_protocol_are_refused() -> None:
    assert context(TlsFiles()).minimum_version is ssl.TLSVersion.TLSv1_2
