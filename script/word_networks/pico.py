"""Pico says one text: 16-bit samples at 16 kHz to standard output.

usage: python pico.py VOICE SPEED PITCH TEXT

A program of its own because what Pico says depends on what the process said before.
"""

from __future__ import annotations

import sys

from py_nanotts import NanoTTS

VOLUME = 0.6
"""Softer than its own 1, so that few samples clip."""


def main(voice: str, speed: str, pitch: str, text: str) -> None:
    said = NanoTTS().speak(text, voice, float(speed), float(pitch), VOLUME)
    sys.stdout.buffer.write(said)


if __name__ == "__main__":
    main(*sys.argv[1:])
