"""Why the head moved or stayed: every code of `Reason`, and what it means.

Codes never change, others write automations against them; the sentence beside
a code on the page is free to. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

REASONS: Mapping[str, str] = {
    "start": "it has just started and knows nothing yet",
    "calm": "it rests for a moment",
    "dead": "the person is in the dead zone: facing them already",
    "holding": "the person is in the holding zone and has not settled yet",
    "settled": "turning, because the person has settled in the holding zone",
    "motion": "turning, because the person is beyond the zones",
    "pursuit": "turning along with somebody who walks",
    "search": "looking where somebody went who was lost from sight",
    "nobody": "staying: nobody is there",
    "dark": "staying: the lens is covered, or it is too dark to see",
    "ambiguous": "staying: voices from two very different directions",
    "beyond_range": "staying: the person is where the head cannot turn",
    "long_way": "staying: only the long way round leads to the person, who merely passes so far",
    "blocked": "staying: something was in the way of this direction",
    "not_following": "staying: the follow policy forbids it now",
    "asked": "turning because somebody asked, by wake word or by command",
    "manual": "staying where it was turned to, by hand or by command",
    "pushed": "staying: the head was turned by hand",
    "touched": "staying: somebody is using the screen",
    "opened": "staying: the shutter was opened a moment ago",
    "shutter": "staying: the privacy shutter is closed or unknown",
    "paused": "staying: motion is paused",
    "range_setup": "staying: the owner turns the head by hand, to show both ends of its range",
    "fault": "staying: the axis has a fault",
    "pan": "looking around, stop by stop",
    "watching": "away: watching, nobody is there",
    "glimpse": "away: looking again where somebody may be",
    "listening": "away: looking where something sounded, or standing still to hear it again",
}
