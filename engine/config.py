"""Every setting, typed and frozen. What a value means is written in config.yaml.

This module only declares; `engine.config_file` reads YAML and the environment
into it and words the errors. A section that the core is given lives in
`engine.core.settings` and is nested here unchanged.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from engine.config_texts import (
    Address,
    Cron,
    Entity,
    Host,
    Hours,
    Matching,
    Port,
    Secret,
    Text,
    Topic,
    Url,
    Word,
)
from engine.core.settings import (
    AttentionSettings,
    AwaySettings,
    Between,
    ContactSettings,
    CoreSettings,
    Degrees,
    FollowSettings,
    MotionSettings,
    Seconds,
    Share,
    TrackingSettings,
    ZoneSettings,
)


class Mount(StrEnum):
    """What carries a sensor: the turning head or the standing base."""

    HEAD = "head"
    BASE = "base"


class AxisDriver(StrEnum):
    SIMULATED = "simulated"
    ELECTRONIC = "electronic"
    DYNAMIXEL = "dynamixel"


class PinLevel(StrEnum):
    HIGH = "high"
    LOW = "low"


SIMULATED, OFF = "simulated", "none"
"""What a source, or a device, is called that needs no hardware, and one that is not there."""


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class ShutterDriver(StrEnum):
    SIMULATED = "simulated"
    GPIO = "gpio"
    NONE = "none"


class WakeWord(StrEnum):
    HEY_JARVIS = "hey_jarvis"
    HEY_MYCROFT = "hey_mycroft"
    ALEXA = "alexa"
    OKAY_NABU = "okay_nabu"
    NONE = "none"


class SimulatedRoom(StrEnum):
    LIVING_ROOM = "living_room"
    QUIET_ROOM = "quiet_room"


@dataclass(frozen=True, slots=True)
class DeviceConfig:
    name: Text = "Heliotrope"


@dataclass(frozen=True, slots=True)
class DynamixelConfig:
    port: Text = "/dev/ttyUSB0"
    id: Annotated[int, Between(0, 252)] = 1
    baud: Annotated[int, Between(9_600, 4_000_000)] = 57_600
    reversed: bool = False


@dataclass(frozen=True, slots=True)
class AxisConfig:
    driver: AxisDriver = AxisDriver.SIMULATED
    zero_deg: Degrees = 0.0
    range: tuple[Degrees, Degrees] = (-175.0, 175.0)
    rate_hz: Annotated[float, Between(20.0, 500.0, "Hz")] = 100.0
    hold_when_closed: bool = False
    motion: MotionSettings = field(default_factory=MotionSettings)
    contact: ContactSettings = field(default_factory=ContactSettings)
    dynamixel: DynamixelConfig = field(default_factory=DynamixelConfig)


@dataclass(frozen=True, slots=True)
class CameraConfig:
    source: Text = "simulated"
    mounted_on: Mount = Mount.HEAD
    field_of_view: Annotated[float, Between(10.0, 360.0, "degrees")] = 66.0
    width: Annotated[int, Between(64, 4096, "pixels")] = 640
    height: Annotated[int, Between(48, 4096, "pixels")] = 480
    max_fps: Annotated[float, Between(0.2, 60.0, "frames/s")] = 10.0
    cpu_share: Annotated[float, Between(0.05, 4.0, "cores")] = 0.8
    mount_height: Annotated[float, Between(0.0, 4.0, "metres")] = 1.0
    tilt: Annotated[float, Between(-90.0, 90.0, "degrees")] = 0.0


@dataclass(frozen=True, slots=True)
class MicrophonesConfig:
    source: Text = "simulated"
    array: Text = "respeaker_6"
    mounted_on: Mount = Mount.BASE


@dataclass(frozen=True, slots=True)
class ShutterConfig:
    driver: ShutterDriver = ShutterDriver.SIMULATED
    pin: Annotated[int, Between(0, 53)] = 17
    second_pin: Annotated[int, Between(-1, 53)] = -1
    closed_when: PinLevel = PinLevel.HIGH
    debounce: Seconds = 0.05


class LampsDriver(StrEnum):
    NONE = "none"
    GPIO = "gpio"


@dataclass(frozen=True, slots=True)
class LampsConfig:
    driver: LampsDriver = LampsDriver.NONE
    viewer_pin: Annotated[int, Between(-1, 53)] = 23
    shutter_pin: Annotated[int, Between(-1, 53)] = 24


@dataclass(frozen=True, slots=True)
class TouchScreenConfig:
    device: Text = "none"


@dataclass(frozen=True, slots=True)
class SpeakerConfig:
    device: Text = "none"


@dataclass(frozen=True, slots=True)
class MuteConfig:
    driver: ShutterDriver = ShutterDriver.SIMULATED
    pin: Annotated[int, Between(0, 53)] = 27
    second_pin: Annotated[int, Between(-1, 53)] = -1
    muted_when: PinLevel = PinLevel.HIGH
    debounce: Seconds = 0.05


@dataclass(frozen=True, slots=True)
class SeeingConfig:
    threshold: Share = 0.4
    pet_threshold: Share = 0.4
    threads: Annotated[int, Between(1, 8)] = 1


@dataclass(frozen=True, slots=True)
class HearingConfig:
    enabled: bool = True
    speech_threshold: Share = 0.5
    wake_word: WakeWord = WakeWord.HEY_JARVIS
    min_confidence: Share = 0.3
    beam: Text = "none"


@dataclass(frozen=True, slots=True)
class MqttConfig:
    """Without a `host` a broker of our own runs on loopback; with one, that is connected to."""

    enabled: bool = True
    host: Host = ""
    port: Port = 0
    username: str = ""
    password: Annotated[str, Secret()] = field(default="", repr=False)
    tls: bool = False
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    base_topic: Topic = "heliotrope"
    discovery_prefix: Topic = "homeassistant"
    still_every: Seconds = 0.0

    @property
    def embedded(self) -> bool:
        """Whether the broker is our own; its port 0 means any free one."""
        return not self.host

    @property
    def address(self) -> tuple[str, int]:
        """Where the broker listens; port 0 is MQTT's own (8883 with TLS) at another's broker."""
        usual = 8883 if self.tls else 1883
        return ("127.0.0.1", self.port) if self.embedded else (self.host, self.port or usual)


@dataclass(frozen=True, slots=True)
class HttpConfig:
    enabled: bool = True
    host: Text = "127.0.0.1"
    port: Port = 8765
    ingress_from: Address = ""


class AlertChannel(StrEnum):
    HOME_ASSISTANT = "home_assistant"
    MQTT = "mqtt"
    APPRISE = "apprise"


class AlertUrgency(StrEnum):
    NORMAL = "normal"
    TIME_SENSITIVE = "time_sensitive"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class AlertHomeAssistantConfig:
    url: Url = ""
    token: Annotated[str, Secret()] = field(default="", repr=False)
    phones: tuple[Word, ...] = ("notify",)
    siren: Entity = ""


class AlertSound(StrEnum):
    """Sounds that may alert by themselves; smoke and carbon monoxide always do."""

    VOICE = "voice"
    CRASH = "crash"


@dataclass(frozen=True, slots=True)
class AlarmConfig:
    code: Annotated[
        str, Matching(re.compile(r"([0-9]{4,16})?"), "must be 4 to 16 digits"), Secret()
    ] = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ScheduleConfig:
    pan_every: Annotated[float, Between(0.0, 1440.0, "minutes")] = 20.0
    pan_jitter: Annotated[float, Between(0.0, 720.0, "minutes")] = 3.0
    pan_at: tuple[Cron, ...] = ()
    quiet_hours: tuple[Hours, ...] = ()
    arm_away: tuple[Cron, ...] = ()
    arm_night: tuple[Cron, ...] = ()
    disarm: tuple[Cron, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertsConfig:
    channels: tuple[AlertChannel, ...] = (AlertChannel.MQTT,)
    fallback: tuple[AlertChannel, ...] = ()
    fallback_after: Seconds = 20.0
    urgency: AlertUrgency = AlertUrgency.TIME_SENSITIVE
    cooldown: Seconds = 60.0
    quiet_hours: tuple[Hours, ...] = ()
    sounds: tuple[AlertSound, ...] = (AlertSound.CRASH,)
    while_home: bool = False
    expire_hours: Annotated[float, Between(0.1, 720.0, "hours")] = 24.0
    keep_days: Annotated[float, Between(1.0, 3650.0, "days")] = 30.0
    pictures: bool = False
    picture_days: Annotated[float, Between(0.04, 365.0, "days")] = 7.0
    picture_megabytes: Annotated[float, Between(1.0, 100_000.0, "MB")] = 100.0
    page_url: Url = ""
    link_minutes: Annotated[float, Between(1.0, 1440.0, "minutes")] = 30.0
    home_assistant: AlertHomeAssistantConfig = field(default_factory=AlertHomeAssistantConfig)
    apprise: tuple[Annotated[str, Secret()], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class SimulationConfig:
    room: SimulatedRoom = SimulatedRoom.LIVING_ROOM
    seed: Annotated[int, Between(0, 2**31 - 1)] = 1


@dataclass(frozen=True, slots=True)
class LogConfig:
    level: LogLevel = LogLevel.INFO


@dataclass(frozen=True, slots=True)
class Config:
    state_dir: Path = Path("~/.local/state/heliotrope")
    device: DeviceConfig = field(default_factory=DeviceConfig)
    axis: AxisConfig = field(default_factory=AxisConfig)
    camera: CameraConfig = field(default_factory=CameraConfig)
    microphones: MicrophonesConfig = field(default_factory=MicrophonesConfig)
    shutter: ShutterConfig = field(default_factory=ShutterConfig)
    lamps: LampsConfig = field(default_factory=LampsConfig)
    touch_screen: TouchScreenConfig = field(default_factory=TouchScreenConfig)
    speaker: SpeakerConfig = field(default_factory=SpeakerConfig)
    mute: MuteConfig = field(default_factory=MuteConfig)
    zones: ZoneSettings = field(default_factory=ZoneSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)
    attention: AttentionSettings = field(default_factory=AttentionSettings)
    follow: FollowSettings = field(default_factory=FollowSettings)
    away: AwaySettings = field(default_factory=AwaySettings)
    alarm: AlarmConfig = field(default_factory=AlarmConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    seeing: SeeingConfig = field(default_factory=SeeingConfig)
    hearing: HearingConfig = field(default_factory=HearingConfig)
    mqtt: MqttConfig = field(default_factory=MqttConfig)
    http: HttpConfig = field(default_factory=HttpConfig)
    alerts: AlertsConfig = field(default_factory=AlertsConfig)
    simulation: SimulationConfig = field(default_factory=SimulationConfig)
    log: LogConfig = field(default_factory=LogConfig)

    @property
    def core(self) -> CoreSettings:
        """What the decision core needs of all this."""
        hears = self.hearing.enabled and self.microphones.source != OFF
        return CoreSettings(
            range=self.axis.range,
            senses=hears or self.camera.source != OFF,
            motion=self.axis.motion,
            zones=self.zones,
            tracking=self.tracking,
            attention=self.attention,
            follow=self.follow,
            away=self.away,
        )
