"""The parts that tell the owner: desk, post office, channels, history, the live view's slot.

Chosen by the configuration and put together for `app`, which starts them. No
behaviour of its own.
"""

from __future__ import annotations

import logging
import os
import secrets
import time
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

from alerts.apprise_channel import AppriseChannel
from alerts.channel import Channel
from alerts.desk import Desk, Kept, Manner
from alerts.evidence import EvidenceStore
from alerts.historian import Historian
from alerts.history import History
from alerts.home_assistant import SUPERVISOR, Home, HomeAssistantPhone, Presses
from alerts.mqtt_event import MqttEvent
from alerts.notice import Notice, Urgency
from alerts.outbox import Outbox
from alerts.post import DAY, PostOffice, Terms
from engine.config import AlertChannel, Config
from engine.core.types import (
    Command,
    Event,
    Happened,
    Health,
    Measured,
    Snapshot,
    ViewerChanged,
)
from engine.errors import UserError
from engine.files import write_atomically
from engine.ports import Clock, PictureSink, Speaker
from engine.seeing.pictures import EvidenceRing
from engine.siren import Siren
from integrations.commands import build
from integrations.homeassistant.stills import WHO, Stills
from integrations.http.access import Access
from integrations.http.checkin import LiveView
from integrations.http.night import NightPages
from integrations.http.server import PageServer
from integrations.http.tokens import TokenStore
from integrations.hub import Feed, Handler, Latest, Submit
from integrations.mqtt.device import MqttDevice

_LOG = logging.getLogger(__name__)

HOUR = 3600.0
LAST_ALERT, PICTURES, SIREN = "last_alert", "alert_pictures", "siren"
"""When it last alerted (seconds since 1970); that stills are kept; whether its siren sounds."""

STILLS = "camera_stills"
"""Seconds between two stills of now, where the owner wants Home Assistant to have them."""

KEY_FILE = "links.key"
KEY_BYTES = 32


class Telling:
    """Made before the page and the broker's device; `connect` once both are there."""

    def __init__(self, config: Config, state_dir: Path, identity: str, clock: Clock) -> None:
        alerts = config.alerts
        self._config, self._clock, self._identity = config, clock, identity
        self._post_event: Callable[[Event], None] = lambda _: None
        self._armed: Callable[[], bool] = lambda: False
        self._page: PageServer | None = None
        self.historian = Historian(History(state_dir), alerts.keep_days * DAY, clock.now)
        self.live = LiveView(self._viewers)
        self.evidence = EvidenceStore(
            state_dir, alerts.picture_days, alerts.picture_megabytes, time.time
        )
        self.ring = EvidenceRing(lambda: alerts.pictures and self._armed(), clock.now)
        self.tokens = TokenStore(state_dir)
        self.access = Access(clock.now, key=_key(state_dir))
        self.night = NightPages(
            self.historian.read, self.evidence, standing=self.historian.standing
        )
        self._outbox = Outbox(state_dir)
        self._connected = False
        self._show_now: Callable[[bytes], bool] = lambda _: False
        self.stills = Stills(config.mqtt.still_every, self._send_still, self._looks, clock.now)
        self.post: PostOffice
        self.desk: Desk
        self.siren: Siren

    @property
    def sinks(self) -> tuple[PictureSink, ...]:
        """Where the camera's pictures may go."""
        return (self.ring, self.live, self.stills)

    def connect(
        self,
        page: PageServer | None,
        device: MqttDevice | None,
        states: Latest[Snapshot],
        post_event: Callable[[Event], None],
        speaker: Speaker | None = None,
    ) -> None:
        """Raises UserError where a channel lacks what it needs."""
        self._page, self._post_event, self._connected = page, post_event, True
        if device is not None:
            self._show_now = device.show_now
        self._armed = lambda: states.value is not None and states.value.armed
        config = self._config.alerts
        home = home_assistant(self._config)
        self.post = PostOffice(
            self._outbox,
            list(self._channels(config.channels, device, home)),
            list(self._channels(config.fallback, device, home)),
            Terms(config.fallback_after, config.expire_hours * HOUR, config.keep_days * DAY),
            now=self._clock.now,
            told=self._told,
            noted=self.historian.attempted,
        )
        self.desk = Desk(
            Manner(self._identity, self._config.device.name, Urgency(config.urgency.value)),
            self.post.post,
            still=self.ring.best,
            evidence=self.evidence if config.pictures else None,
            siren=self._siren(home),
            now=self._clock.now,
            raised=self._raised,
            show=self._showing(device),
        )

        self.siren = Siren(speaker, self.desk.sound_siren, self._sounding)

    def local_commands(self) -> dict[str, Handler]:
        """Commands that the desk answers; the core never hears of them."""
        return {
            "snooze": self.desk.snooze,
            "dismiss": self.desk.dismiss,
            "siren": self.siren.obey,
        }

    async def open(self) -> None:
        """Take up what an earlier run left."""
        await self.post.open()
        newest = await self.post.latest()
        if newest is not None:
            notice = newest.notice
            self.desk.continues(Kept(notice.tag, notice.kind, notice.at))
            self._measured(LAST_ALERT, notice.at)
        if self._config.alerts.pictures:
            self._measured(PICTURES, 1.0)
        if self._config.mqtt.still_every > 0.0:
            self._measured(STILLS, self._config.mqtt.still_every)

    def works(
        self, states: Latest[Snapshot], happened: Feed[Happened], submit: Submit
    ) -> list[Coroutine[Any, Any, None]]:
        """What runs until the engine ends."""
        works = [
            self.post.run(),
            self.historian.run(states, happened),
            self.evidence.run(),
        ]
        home = home_assistant(self._config)
        if home is not None and self._uses(AlertChannel.HOME_ASSISTANT):
            works.append(Presses(home, self.desk.mine, self._pressed(submit)).run())
        return works

    def network(self, there: bool) -> None:
        """The broker came or went: when it is back, so is the network for other channels."""
        if there and self._connected:
            self.post.nudge()

    # -------------------------------------------------------------------- channels

    def _uses(self, channel: AlertChannel) -> bool:
        return channel in (*self._config.alerts.channels, *self._config.alerts.fallback)

    def _channels(
        self, names: Iterable[AlertChannel], device: MqttDevice | None, home: Home | None
    ) -> Iterable[Channel]:
        alerts = self._config.alerts
        for name in names:
            if name is AlertChannel.MQTT and device is not None:
                yield MqttEvent(device.tell, self.link)
            elif name is AlertChannel.HOME_ASSISTANT:
                if home is None:
                    raise UserError(
                        "alerts.home_assistant.url: is empty, and alerts.channels wants it",
                        "set it and alerts.home_assistant.token, or choose other channels",
                    )
                for phone in alerts.home_assistant.phones:
                    yield HomeAssistantPhone(home, phone, self.link)
            elif name is AlertChannel.APPRISE:
                for number, address in enumerate(alerts.apprise, 1):
                    yield AppriseChannel(address, number, self.link, self.evidence.path)

    def link(self) -> str:
        """A fresh link for a notification's button; empty where phones cannot reach the page."""
        alerts = self._config.alerts
        if self._page is None or not alerts.page_url:
            return ""
        return self._page.new_ticket(60.0 * alerts.link_minutes, alerts.page_url)

    def _siren(self, home: Home | None) -> Callable[[bool], Coroutine[Any, Any, None]] | None:
        entity = self._config.alerts.home_assistant.siren
        if not entity or home is None:
            return None

        async def sound(on: bool) -> None:
            caller = HomeAssistantPhone(home, "siren")
            try:
                await caller.call(
                    "homeassistant", "turn_on" if on else "turn_off", {"entity_id": entity}
                )
            finally:
                await caller.close()

        return sound

    def _pressed(self, submit: Submit) -> Callable[[str, str], Coroutine[Any, Any, object]]:
        async def press(name: str, tag: str) -> Command:
            arguments = {"tag": tag} if name == "dismiss" else {}
            command = build(name, arguments, t=self._clock.now(), source="phone")
            await submit(command)
            return command

        return press

    # --------------------------------------------------------------------- telling

    def _raised(self, notice: Notice) -> None:
        self.historian.raised(notice)
        self._measured(LAST_ALERT, notice.at)

    def _measured(self, name: str, value: float) -> None:
        self._post_event(Measured(self._clock.now(), name, value))

    def _sounding(self, sounds: bool) -> None:
        self._measured(SIREN, float(sounds))

    def _showing(self, device: MqttDevice | None) -> Callable[[bytes], None]:
        """The owner's broker gets the still that the owner opted in to."""
        return device.show_alert if device is not None else lambda _: None

    def _told(self, ok: bool, detail: str) -> None:
        self._post_event(Health(self._clock.now(), "alerts", ok, detail))

    def _viewers(self, viewers: tuple[str, ...], who: str, came: bool) -> None:
        _LOG.info("%s %s the live view", who, "opened" if came else "left")
        self._looked(viewers, who, came)

    def _send_still(self, picture: bytes) -> bool:
        return self._show_now(picture)

    def _looks(self, who: str, came: bool) -> None:
        _LOG.info("%s %s stills of the camera", who, "gets" if came else "gets no more")
        self._looked(self.live.viewers, who, came)

    def _looked(self, viewers: tuple[str, ...], who: str, came: bool) -> None:
        looking = (*viewers, WHO) if self.stills.looking else viewers
        self.historian.viewers(looking, who, came)
        self._post_event(ViewerChanged(self._clock.now(), len(looking)))


def _key(state_dir: Path) -> bytes:
    """What signs links; kept, so that a notification's button works after a restart."""
    file = state_dir / KEY_FILE
    try:
        key = file.read_bytes()
        if len(key) == KEY_BYTES:
            return key
    except OSError:
        pass
    key = secrets.token_bytes(KEY_BYTES)
    try:
        write_atomically(file, key)
    except OSError as problem:
        _LOG.warning("links will not outlive this run: %s", problem.strerror)
    return key


def home_assistant(config: Config) -> Home | None:
    """Where alerts reach Home Assistant: the configured address, else the Supervisor's."""
    chosen = config.alerts.home_assistant
    if chosen.url:
        return Home(chosen.url.rstrip("/"), chosen.token)
    token = os.environ.get("SUPERVISOR_TOKEN", "")
    return Home(SUPERVISOR, token) if token else None
