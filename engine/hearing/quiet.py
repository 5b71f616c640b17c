"""Which of the last chunks of sound are background: nobody speaks in them, nor close to them.

Works on probabilities of speech alone, oldest first; knows no sound.
"""

from __future__ import annotations

BEFORE_SPEECH = 3
"""Chunks before the first one of speech that may already hold its onset."""
AFTER_SPEECH = 8
"""Chunks after speech that hold its reverberation."""


def quiet_chunks(probabilities: list[float], threshold: float) -> list[bool]:
    """Which chunks are background: not speech, nor close before or after it."""
    quiet = [p < threshold for p in probabilities]
    kept = quiet.copy()
    for index, silent in enumerate(quiet):
        if not silent:
            for other in range(index - BEFORE_SPEECH, index + AFTER_SPEECH + 1):
                if 0 <= other < len(kept):
                    kept[other] = False
    # What is asked about begins right after the last chunk.
    return kept[: max(0, len(kept) - BEFORE_SPEECH)] + [False] * min(len(kept), BEFORE_SPEECH)


def chunk_runs(quiet: list[bool], most: int) -> list[tuple[int, int]]:
    """The latest stretches [a, b) of quiet chunks, together at most `most` chunks."""
    runs: list[tuple[int, int]] = []
    end = len(quiet)
    while end > 0 and most > 0:
        if not quiet[end - 1]:
            end -= 1
            continue
        begin = end
        while begin > 0 and quiet[begin - 1] and end - begin < most:
            begin -= 1
        runs.append((begin, end))
        most -= end - begin
        end = begin
    return runs
