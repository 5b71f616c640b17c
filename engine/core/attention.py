"""Whom to face: scores, hysteresis, and the wake word that overrules both.

Everybody who is confirmed and near enough gets a score from who talks, who
faces the device and who is close; whoever is faced now has a bonus, and a
challenger must lead for a while before the choice changes. Pure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.core.fusion import Person
from engine.core.settings import AttentionSettings

UNSEEN = 0.1  # how much less a voice without a face counts
DOUBT = 0.6  # how much disbelief in somebody counts against them
LOST = 0.6  # s without a sign of the chosen one after which anybody else may be chosen


@dataclass(frozen=True, slots=True)
class Attention:
    """The choice: whom, and for how long somebody else has been ahead.

    `summoned` is who said the wake word or was asked for, until `summoned_until`.
    """

    primary: int | None = None
    challenger: int | None = None
    since: float = 0.0
    summoned: int | None = None
    summoned_until: float = -math.inf


def eligible(person: Person, settings: AttentionSettings) -> bool:
    """Confirmed, and not so far away that facing them would be staring."""
    if not person.confirmed:
        return False
    return person.distance is None or person.distance <= settings.max_distance


def score(person: Person, now: float, chosen: bool, settings: AttentionSettings) -> float:
    """How much this person deserves the head; the weights are settings.attention."""
    nearness = 0.0
    if person.distance is not None:
        nearness = max(0.0, 1.0 - person.distance / settings.max_distance)
    engagement = person.engagement if person.engagement is not None else 0.5
    unseen = 0.0 if person.ever_seen else UNSEEN
    return (
        settings.talker * (1.0 if person.speaking(now) else 0.0)
        + settings.engaged * engagement
        + settings.near * nearness
        + (settings.keep if chosen else 0.0)
        - unseen
        - DOUBT * (1.0 - person.confidence)
    )


def choose(
    attention: Attention, persons: tuple[Person, ...], now: float, settings: AttentionSettings
) -> Attention:
    """The choice after looking at everybody once more."""
    candidates = {p.id: p for p in persons if eligible(p, settings)}
    summoned = attention.summoned
    # Whoever asked is faced however far away they are.
    there = any(p.id == summoned and p.confirmed for p in persons)
    if summoned is not None and (now > attention.summoned_until or not there):
        summoned = None
    if summoned is not None:
        return Attention(summoned, None, now, summoned, attention.summoned_until)
    if not candidates:
        return Attention()
    scores = {
        i: score(p, now, i == attention.primary, settings) for i, p in sorted(candidates.items())
    }
    best = max(scores, key=lambda i: (scores[i], -i))
    current = attention.primary
    if current not in candidates:
        return Attention(best)
    if best == current:
        return Attention(current)
    since = attention.since if attention.challenger == best else now
    patience = 0.0 if _lost(candidates[current], now) else settings.switch_after
    if now - since >= patience:
        return Attention(best)
    return Attention(current, best, since)


def _lost(person: Person, now: float) -> bool:
    return now - max(person.last_seen, person.last_heard) > LOST


def summon(person: int, now: float, settings: AttentionSettings) -> Attention:
    """Somebody said the wake word, or the owner asked: face them, whoever else talks."""
    return Attention(person, None, now, person, now + settings.wake_word_hold)
