"""The real loop, encoder and page: viewers cost the engine no frame, nobody costs nothing."""

from __future__ import annotations

from engine.bench import viewers


async def test_without_a_viewer_nothing_is_encoded() -> None:
    figures = await viewers.looked_at(1.0, silent=0, reads=False)
    assert figures["viewers"] == 0
    assert figures["frames_per_s"] > 0.0
    assert figures["encoded_per_s"] == 0.0


async def test_viewers_who_read_nothing_slow_neither_the_engine_nor_who_reads() -> None:
    figures = await viewers.looked_at(3.0, silent=viewers.STUCK, reads=True)
    assert figures["viewers"] == viewers.STUCK + 1
    # A busy computer takes fewer frames than ten a second; the reader still gets those.
    assert figures["frames_per_s"] > 1.0
    assert figures["reader_gets_per_s"] > 0.5 * figures["frames_per_s"]
    assert figures["encoded_per_s"] <= 1.5 * figures["frames_per_s"], "encoded once, not for each"
