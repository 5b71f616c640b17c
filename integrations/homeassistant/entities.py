"""What Home Assistant sees of a device: one table, a row an entity.

A row says how a value is read off a `Snapshot` and what command a change in
Home Assistant becomes. Topics, rates and the discovery message are made from
it elsewhere. Keys never change; state is what the engine says, never what was
asked for.
"""

from __future__ import annotations

from integrations.homeassistant.away import AWAY
from integrations.homeassistant.controls import CONTROLS
from integrations.homeassistant.entity import Entity
from integrations.homeassistant.events import EVENTS
from integrations.homeassistant.sensors import SENSORS

ENTITIES: tuple[Entity, ...] = (*CONTROLS, *SENSORS, *EVENTS, *AWAY)
