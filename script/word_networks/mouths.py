"""The mouths that the words are trained on: who speaks, by which engine, under which licence.

usage: python -m script.word_networks.mouths debian|rhvoice|pypi   (packages, for get-voices)

Only voices that may be used, changed and passed on for any purpose are here, because it is open
whether a network counts as made out of what it learned from: nothing for research or non-commercial
use only, nothing without derivatives. Some ask that what is made of the voice itself stay as free.
flite, espeak-ng and the speakers awb, kal, rms and slt, in whatever engine, are kept for choosing
cutoffs and measuring: RHVoice's Alan is awb, so neither he nor Slt belongs here.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum


class Engine(StrEnum):
    PICO = "pico"
    RHVOICE = "rhvoice"
    FESTIVAL = "festival"


@dataclass(frozen=True)
class Mouth:
    name: str
    """As the clips' files have it, and their seeds: another name makes other clips."""
    voice: str
    """What the engine calls it."""
    language: str
    licence: str
    package: str
    engine: Engine
    unclear: tuple[str, ...] = ()
    """Words that come out as something else however they are spelled: pymicro-wakeword's network
    for the word hears a tenth of their clips at most. No clips of them are made."""


PYPI = {
    "numpy": "2.4.6",
    "py-nanotts": "0.1.1",
    "pyworld": "0.3.5",
    "rhvoice-wrapper": "0.8.0",
    "scipy": "1.17.1",
}
"""Vocoder and resampler are as much a part of a clip's bytes as the voice is."""

DEBIAN = {
    "festival": "1:2.5.0-9",
    "festival-ca": "3.0.6-2",
    "festival-czech": "0.3-6",
    "festlex-cmu": "2.4-2",
    "festlex-ifd": "2.0+debian0-6",
    "festlex-poslex": "2.4-1",
    "festvox-ca-ona-hts": "1.3-3",
    "festvox-czech-dita": "1.0.0-5",
    "festvox-czech-krb": "1.0.0-5",
    "festvox-czech-machac": "1.0.0-5",
    "festvox-czech-ph": "0.1-6",
    "festvox-italp16k": "2.0+debian0-6",
    "festvox-itapc16k": "2.0+debian0-6",
    "festvox-kdlpc16k": "1.4.0-6.1",
    "festvox-ru": "0.5+dfsg-6",
    "festvox-suopuhe-common": "1.0g-20051204-5",
    "festvox-suopuhe-lj": "1.0g-20051204-5",
    "festvox-suopuhe-mv": "20041119-3",
}
"""Of bookworm's main section."""

_RHVOICE = "1.8.0+dfsg-3"
RHVOICE = {
    "librhvoice-core7": _RHVOICE,
    "librhvoice5": _RHVOICE,
    "rhvoice": _RHVOICE,
    "rhvoice-brazilian-portuguese": _RHVOICE,
    "rhvoice-english": _RHVOICE,
    "rhvoice-esperanto": _RHVOICE,
    "rhvoice-russian": _RHVOICE,
    "rhvoice-ukrainian": _RHVOICE,
}
"""Of bookworm's contrib and non-free. The voices are in non-free for want of the recordings to
train them again; some that a package holds beside ours have narrower licences, and stay unused."""

_LGPL = "LGPL-2.1+"  # the entry of Debian's copyright file for all data without one of their own
_SHARE_ALIKE = "CC-BY-SA-4.0"
_EDINBURGH = "MIT-like (University of Edinburgh)"


def _pico(name: str, voice: str, *unclear: str) -> Mouth:
    return Mouth(name, voice, voice[:2], "Apache-2.0", "py-nanotts", Engine.PICO, unclear)


def _rhvoice(
    name: str, voice: str, language: str, package: str, licence: str = _LGPL, *unclear: str
) -> Mouth:
    return Mouth(name, voice, language, licence, f"rhvoice-{package}", Engine.RHVOICE, unclear)


def _festival(
    name: str, voice: str, language: str, package: str, licence: str, *unclear: str
) -> Mouth:
    return Mouth(name, voice, language, licence, f"festvox-{package}", Engine.FESTIVAL, unclear)


MOUTHS = (
    _pico("pico-en-us", "en-US"),
    _pico("pico-en-gb", "en-GB"),
    _pico("pico-de-de", "de-DE"),
    _pico("pico-fr-fr", "fr-FR"),
    _pico("pico-es-es", "es-ES", "hey_jarvis"),
    _pico("pico-it-it", "it-IT"),
    _rhvoice("rh-bdl", "Bdl", "en", "english"),
    _rhvoice("rh-clb", "Clb", "en", "english"),
    _rhvoice("rh-ru-aleksandr-hq", "Aleksandr-hq", "ru", "russian", _SHARE_ALIKE),
    _rhvoice("rh-ru-irina", "Irina", "ru", "russian", _LGPL, "alexa"),
    _rhvoice("rh-ru-elena", "Elena", "ru", "russian"),
    _rhvoice("rh-ru-anna", "Anna", "ru", "russian"),
    _rhvoice("rh-ru-aleksandr", "Aleksandr", "ru", "russian"),
    _rhvoice("rh-uk-anatol", "Anatol", "uk", "ukrainian"),
    _rhvoice("rh-uk-natalia", "Natalia", "uk", "ukrainian"),
    _rhvoice("rh-eo-spomenka", "Spomenka", "eo", "esperanto"),
    _rhvoice("rh-pt-leticia-f123", "Letícia-F123", "pt", "brazilian-portuguese", _SHARE_ALIKE),
    _festival("fest-ked", "ked_diphone", "en", "kdlpc16k", _EDINBURGH),
    _festival("fest-cz-dita", "czech_dita", "cs", "czech-dita", "GPL-3+"),
    _festival("fest-cz-krb", "czech_krb", "cs", "czech-krb", "GPL-3+", "hey_jarvis"),
    _festival("fest-cz-machac", "czech_machac", "cs", "czech-machac", "GPL-3+"),
    _festival("fest-cz-ph", "czech_ph", "cs", "czech-ph", "GPL-2+"),
    _festival("fest-fi-lj", "suo_fi_lj_diphone", "fi", "suopuhe-lj", "LGPL-2+", "hey_jarvis"),
    _festival("fest-fi-mv", "hy_fi_mv_diphone", "fi", "suopuhe-mv", "LGPL-2+", "hey_jarvis"),
    _festival("fest-it-lp", "lp_diphone", "it", "italp16k", "GPL-2+"),
    _festival("fest-it-pc", "pc_diphone", "it", "itapc16k", "GPL-2+", "hey_jarvis"),
    _festival("fest-ca-ona", "upc_ca_ona_hts", "ca", "ca-ona-hts", "LGPL-2.1+", "hey_jarvis"),
    _festival("fest-ru-nsh", "msu_ru_nsh_clunits", "ru", "ru", "BSD-like", "hey_jarvis"),
)


def main(source: str) -> None:
    """What apt-get and pip take as arguments, one to the line."""
    packages = {"debian": DEBIAN, "rhvoice": RHVOICE, "pypi": PYPI}[source]
    equals = "==" if source == "pypi" else "="
    print(*(f"{name}{equals}{version}" for name, version in packages.items()), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1])
