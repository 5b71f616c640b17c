"""What the mouths say: the words, and what must not be taken for them.

A voice of another language reads the words in its own spelling. That gives accents, and more
people than English alone has. What it must not be taken for is near the words in sound, or
everyday talk.
"""

from __future__ import annotations

from dataclasses import dataclass

WORDS = ("alexa", "hey_jarvis", "hey_mycroft", "okay_nabu")
NEGATIVES = "negatives"
"""The folder of everything that is none of the words."""


@dataclass(frozen=True)
class Phrases:
    words: dict[str, tuple[str, ...]]
    """Three ways to write each word; punctuation changes the tune."""
    negatives: tuple[str, ...]

    def of(self, kind: str) -> tuple[str, ...]:
        return self.negatives if kind == NEGATIVES else self.words[kind]


def _tunes(text: str) -> tuple[str, ...]:
    return text, f"{text}!", f"{text}?"


def _phrases(
    alexa: str, jarvis: str, mycroft: str, nabu: str, negatives: tuple[str, ...]
) -> Phrases:
    spelled = zip(WORDS, (alexa, jarvis, mycroft, nabu), strict=True)
    return Phrases({word: _tunes(text) for word, text in spelled}, negatives)


@dataclass(frozen=True)
class Spelling:
    """How a language with Latin letters writes the sounds that the words are made of."""

    hey: str
    jarvis: str
    mycroft: str
    alexa: str
    okay: str
    nabu: str
    j: str
    my: str

    def phrases(self, *sentences: str) -> Phrases:
        hey, okay, alex = self.hey, self.okay, self.alexa[:-1]
        near = (
            *(f"{alex}is", alex, "elektrik", f"{hey} travis", "harvest", f"{hey} marvin"),
            *(f"{hey} {self.my}krosoft", f"{hey} {self.my}kol", f"{self.my}nkraft"),
            *(f"{okay} nau", f"{okay} gugl", f"{hey} siri", "taksi", "teksas"),
            *(f"{hey} {self.j}ordan", "alaska", "mikrofon", f"{okay} nova"),
            *(f"{hey} {self.j}ulia", f"{hey} {self.my} lof"),
        )
        jarvis, mycroft = f"{hey} {self.jarvis}", f"{hey} {self.mycroft}"
        return _phrases(self.alexa, jarvis, mycroft, f"{okay} {self.nabu}", (*near, *sentences))


# fmt: off
_NEAR = (
    "alexis", "alex", "a lecture", "election", "relax a bit", "electric", "hey jarred",
    "hey travis", "harvest", "hey marvin", "jarring", "hey microsoft", "hey my friend",
    "hey michael", "minecraft", "hey mike, left", "okay now", "okay, a boo", "okay navy",
    "okay google", "hey siri", "I took an uber", "okay, no, but", "nah, but okay", "hey you",
    "let's go", "a taxi", "texas", "I'll ask her", "a lexicon", "Alaska", "hey Charlie",
    "hey Carla", "jar of this", "hey jealous", "hey Nicole", "microphone", "hey my cousin",
    "okay Nancy", "cocoa",
)
_EVERYDAY = (
    "The kettle is already on, do you want some tea?",
    "I left my keys on the kitchen table again.",
    "Can you pick up some bread on your way home?",
    "It was raining all morning, but now the sun is out.",
    "My sister is coming to visit next weekend.",
    "The bus was late, so I walked to work.",
    "Turn left at the second traffic light.",
    "We should paint the fence before winter.",
    "He said the meeting was moved to Thursday.",
    "There is a parcel waiting for you at the door.",
    "I can't remember where I parked the car.",
    "Dinner will be ready in twenty minutes.",
    "Please close the window, it is getting cold.",
    "She works at a small bakery near the station.",
    "What time does the film start tonight?",
    "The dog needs a walk before breakfast.",
    "I think we are out of milk and eggs.",
    "Let me know when you get there safely.",
    "They bought an old house with a large garden.",
    "The printer has run out of paper again.",
    "Could you hold this for a second?",
    "My phone battery never lasts the whole day.",
    "We played cards until almost midnight.",
    "The doctor told him to rest for a week.",
    "Don't forget to water the plants on Sunday.",
    "There was a long queue at the post office.",
    "I'd rather stay in and read my book.",
    "The neighbours are having a party again.",
    "He fixed the bicycle with a piece of wire.",
    "Tomorrow we leave for the airport at six.",
)
_RUSSIAN = (
    "алексис", "алекс", "лекция", "электрик", "хэй трэвис", "харвест", "хэй марвин",
    "хэй майкрософт", "хэй майкл", "майнкрафт", "окей нау", "окей нэйви", "окей гугл",
    "хэй сири", "такси", "техас", "хэй чарли", "аляска", "нет, но ладно", "микрофон",
    "Чайник уже вскипел, будешь чай?", "Я опять забыл ключи на столе.",
    "Завтра утром мы едем в аэропорт.",
)
_UKRAINIAN = (
    "алексіс", "алекс", "лекція", "електрик", "хей тревіс", "харвест", "хей марвін",
    "хей майкрософт", "хей майкл", "майнкрафт", "окей нау", "окей нейві", "окей гугл",
    "хей сірі", "таксі", "техас", "хей чарлі", "аляска", "ні, але добре", "мікрофон",
    "Чайник уже закипів, будеш чай?", "Я знову забув ключі на столі.",
    "Завтра вранці ми їдемо в аеропорт.",
)
# fmt: on

_ENGLISH = Phrases(
    {
        "alexa": _tunes("alexa"),
        "hey_jarvis": ("hey jarvis", "hey, jarvis!", "hey jarvis?"),
        "hey_mycroft": ("hey mycroft", "hey, mycroft!", "hey mycroft?"),
        "okay_nabu": ("okay nah boo", "okay, nahboo!", "okay nahboo?"),
    },
    (*_NEAR, *_EVERYDAY),
)

LANGUAGES = {
    "en": _ENGLISH,
    "ru": _phrases("алекса", "хэй джарвис", "хэй майкрофт", "окей набу", _RUSSIAN),
    "uk": _phrases("алекса", "хей джарвіс", "хей майкрофт", "окей набу", _UKRAINIAN),
    "ca": Spelling("hei", "djarvis", "maicroft", "aleksa", "okei", "nabu", "dj", "mai").phrases(
        "Demà al matí anem a l'aeroport."
    ),
    "cs": Spelling("hej", "džárvis", "majkroft", "aleksa", "oukej", "nábu", "dž", "maj").phrases(
        "Zítra ráno jedeme na letiště.", "Zase jsem nechal klíče na stole."
    ),
    "de": Spelling("hey", "dscharwis", "maikroft", "alexa", "okay", "nahbu", "dsch", "mai").phrases(
        "Morgen früh fahren wir zum Flughafen.", "Ich habe die Schlüssel schon wieder vergessen."
    ),
    "eo": Spelling("hej", "ĝarvis", "majkroft", "aleksa", "okej", "nabu", "ĝ", "maj").phrases(
        "Morgaŭ matene ni iros al la flughaveno."
    ),
    "es": Spelling("jei", "yarvis", "maicroft", "alexa", "okei", "nabu", "y", "mai").phrases(
        "Mañana por la mañana vamos al aeropuerto.", "Otra vez he olvidado las llaves en la mesa."
    ),
    "fi": Spelling("hei", "dzaarvis", "maikroft", "aleksa", "oukei", "naabu", "dz", "mai").phrases(
        "Huomenna aamulla menemme lentokentälle."
    ),
    "fr": Spelling("hé", "djarvisse", "maïcrofte", "alexa", "oké", "nabou", "dj", "maï").phrases(
        "Demain matin nous partons à l'aéroport.", "J'ai encore oublié mes clés sur la table."
    ),
    "it": Spelling("hei", "giarvis", "maicroft", "alexa", "ochei", "nabu", "gi", "mai").phrases(
        "Domani mattina andiamo all'aeroporto."
    ),
    "pt": Spelling("rrêi", "djárvis", "máicroft", "alécsa", "ôukêi", "nabú", "dj", "mai").phrases(
        "Amanhã de manhã vamos ao aeroporto."
    ),
}

RESPELLED: dict[str, dict[str, tuple[str, ...]]] = {
    "pico-en-us": {
        "alexa": ("a lexuh", "alexah!", "alexuh"),
        "hey_jarvis": ("hey jarvis", "hey, jarvis!", "hay jarvis"),
        "okay_nabu": ("o k nahbu", "o k nahbu!", "okay nah boo"),
    },
    "pico-en-gb": {"okay_nabu": ("okay narboo", "okay, nah boo!", "okay narboo?")},
    "pico-de-de": {"hey_mycroft": ("hej meikroft", "hey maikroft!", "hej, meikroft")},
    "pico-fr-fr": {
        "hey_jarvis": _tunes("éi djarviss"),
        "hey_mycroft": ("eï maï croft", "eï maï croft!", "eï, maï croft"),
        "okay_nabu": ("okay nabou", "oké nabou!", "o qué nabou"),
    },
    "pico-es-es": {"hey_jarvis": ("jéi yárvis", "jéi yárvis!", "jéi, yárvis")},
    "pico-it-it": {
        "alexa": _tunes("alecsa"),
        "hey_jarvis": ("ei giarvis", "ei giarvis!", "ei, giarvis"),
        "hey_mycroft": ("ei maicroft", "ei maicroft!", "èi màicroft"),
    },
    "fest-ca-ona": {"alexa": _tunes("alexa")},
    "fest-fi-lj": {"hey_jarvis": _tunes("hei dsaarvis")},
    "fest-ru-nsh": {"alexa": _tunes("алэкса"), "hey_mycroft": _tunes("хей майкрофт")},
}
"""Mouths that read a word of their language's spelling as something else."""


def phrases(mouth: str, language: str) -> Phrases:
    usual = LANGUAGES[language]
    return Phrases({**usual.words, **RESPELLED.get(mouth, {})}, usual.negatives)
