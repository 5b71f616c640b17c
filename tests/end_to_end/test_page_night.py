"""The night's page in a real browser: what lasted, and that nothing lasts while it is off."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from page_browser import PATIENCE, Engine, text, until

from alerts.evidence import EvidenceStore
from alerts.history import History, Past
from integrations.http.night import NightPages

pytestmark = [
    pytest.mark.needs("chromium"),
    pytest.mark.xdist_group("chromium"),
    pytest.mark.asyncio(loop_scope="module"),
]

NOW = 1_790_000_000.0
HOUR = 3600.0
MINUTE = 1 / 60

Happenings = list[tuple[float, str, str]]
"""(hours from now, key, kind)"""

BANDS = """(key) => {
    const back = document.querySelector('#lanes .back').getBBox();
    const hours = (x) => ((x - back.x) / back.width - 1) * 12;
    return [...document.querySelectorAll(`#lanes .band.${key}`)].map((node) => {
        const { x, width } = node.getBBox();
        return [hours(x), hours(x + width), node.getAttribute('class').split(' ').at(-1)];
    });
}"""


class Night:
    """The page of one history, and what is drawn on it."""

    def __init__(self, page: Any, url: str, history: History) -> None:
        self.page, self._url, self._history = page, url, history

    async def show(self, happened: Happenings) -> None:
        events = [
            Past(NOW + hours * HOUR, key, kind, 20.0 if key in ("person", "motion") else None)
            for hours, key, kind in happened
        ]
        self._history.add(events)
        await self.page.goto(f"{self._url}/night")
        await self.page.locator("#lanes .back").wait_for()

    async def bands(self, key: str) -> list[tuple[float, float, str]]:
        """(from, to, kind) of a lane, in hours from now."""
        return [tuple(band) for band in await self.page.evaluate(BANDS, key)]


@pytest_asyncio.fixture(loop_scope="module")
async def night(browser: Any, engine: Engine, tmp_path: Path) -> AsyncIterator[Night]:
    history = History(tmp_path)
    history.open()

    async def read(start: float, end: float, most: int) -> list[Past]:
        return history.since(start, end, most)

    async def standing(start: float) -> list[Past]:
        return history.standing(start)

    evidence = EvidenceStore(tmp_path, 1.0, 1.0, lambda: NOW)
    await engine.server.stop()
    engine.more = NightPages(read, evidence, lambda: NOW, standing).routes()
    engine.server = engine.make()
    await engine.start()
    context = await browser.new_context(reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda line: complaints.append(line.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(engine.server.new_link())
    yield Night(page, engine.server.url, history)
    await context.close()
    history.close()
    assert complaints == []


def same(found: list[tuple[float, float, str]], wanted: list[tuple[float, float, str]]) -> None:
    assert [kind for *_, kind in found] == [kind for *_, kind in wanted], found
    for (start, end, _), (begins, ends, _) in zip(found, wanted, strict=True):
        # A pixel is about a minute; the shortest band has two.
        assert (start, end) == pytest.approx((begins, ends), abs=3 * MINUTE)


ARMED: Happenings = [
    (-11.0, "engine", "started"),
    (-11.0, "shutter", "open"),
    (-11.0, "alarm", "disarmed"),
    (-10.0, "alarm", "arming"),
    (-9.5, "alarm", "armed_away"),
    (-9.0, "motion", "turning"),
    (-8.9, "motion", "resting"),
    (-8.5, "viewer", "came"),
    (-8.0, "person", "came"),
    (-7.5, "person", "came"),
]


async def test_a_night_without_an_end_of_the_engine(night: Night) -> None:
    await night.show(
        [
            *ARMED,
            (-7.0, "person", "left"),
            (-6.0, "viewer", "went"),
            (-5.0, "person", "left"),
            (-4.0, "sound", "speech"),
            (-1.0, "alarm", "disarmed"),
        ]
    )
    same(await night.bands("alarm"), [(-10.0, -9.5, "arming"), (-9.5, -1.0, "armed_away")])
    same(await night.bands("person"), [(-8.0, -5.0, "came")])
    same(await night.bands("viewer"), [(-8.5, -6.0, "came")])
    same(await night.bands("motion"), [(-9.0, -8.9, "turning")])
    assert await night.page.locator("#lanes circle.sound").count() == 1
    assert await night.page.locator("#lanes .off").count() == 0
    await until(night.page, "#summary", "2 people came, one sound")


AGAIN: Happenings = [
    (-2.0, "engine", "started"),
    (-2.0, "shutter", "open"),
    (-2.0, "alarm", "armed_away"),
    (-1.5, "person", "came"),
    (-1.0, "person", "left"),
]


@pytest.mark.parametrize(
    ("end", "at"),
    [
        ([(-6.0, "engine", "stopped")], -6.0),
        # After a kill the last that was written is all that is known.
        ([(-6.5, "sound", "speech")], -6.5),
        ([], -7.5),
    ],
    ids=["stopped", "killed", "killed with somebody as the last event"],
)
async def test_nothing_is_drawn_on_while_it_is_off(
    night: Night, end: Happenings, at: float
) -> None:
    await night.show([*ARMED, *end, *AGAIN])
    same(
        await night.bands("alarm"),
        [(-10.0, -9.5, "arming"), (-9.5, at, "armed_away"), (-2.0, 0.0, "armed_away")],
    )
    # Whoever was there before counts no more: one came since the start, and left.
    same(await night.bands("person"), [(-8.0, at, "came"), (-1.5, -1.0, "came")])
    same(await night.bands("viewer"), [(-8.5, at, "came")])
    off = night.page.locator("#lanes .off")
    assert await off.count() == 1
    cut = "it was cut off" in await off.locator("title").text_content()
    assert cut == (at != -6.0)
    # Nobody knows where the head looked meanwhile.
    ends = await night.page.evaluate(
        """() => [...document.querySelectorAll('#where polyline')].map((line) => {
            const back = document.querySelector('#where .back').getBBox();
            return ((line.points[line.points.length - 1].x - back.x) / back.width - 1) * 12;
        })"""
    )
    assert ends == [pytest.approx(at, abs=3 * MINUTE)]


async def test_a_shutter_that_was_closed_over_a_restart_is_drawn_from_the_start_on(
    night: Night,
) -> None:
    await night.show(
        [
            (-10.0, "engine", "started"),
            (-10.0, "shutter", "closed"),
            (-8.0, "engine", "stopped"),
            (-7.0, "engine", "started"),
            (-7.0, "shutter", "closed"),
        ]
    )
    same(await night.bands("shutter"), [(-10.0, -8.0, "closed"), (-7.0, 0.0, "closed")])


async def test_what_began_before_the_window_is_drawn_from_its_edge(night: Night) -> None:
    await night.show(
        [
            (-40.0, "engine", "started"),
            (-30.0, "alarm", "armed_away"),
            (-14.0, "person", "came"),
            (-3.0, "person", "left"),
            (-1.0, "alarm", "disarmed"),
        ]
    )
    same(await night.bands("alarm"), [(-12.0, -1.0, "armed_away")])
    same(await night.bands("person"), [(-12.0, -3.0, "came")])
    # What was before the window is no moment of it.
    assert "one person" not in await text(night.page, "#summary")
    assert await night.page.locator("#list li").count() == 2


async def test_a_device_that_was_off_at_the_beginning_is_drawn_so(night: Night) -> None:
    await night.show(
        [
            (-40.0, "engine", "started"),
            (-30.0, "alarm", "armed_away"),
            (-20.0, "engine", "stopped"),
            (-4.0, "engine", "started"),
            (-4.0, "alarm", "armed_away"),
        ]
    )
    same(await night.bands("alarm"), [(-4.0, 0.0, "armed_away")])
    assert await night.page.locator("#lanes .off").count() == 1


@pytest.mark.parametrize("width", [1280, 390])
async def test_it_fits_the_screen(night: Night, width: int) -> None:
    await night.page.set_viewport_size({"width": width, "height": 844})
    await night.show([*ARMED, *AGAIN])
    assert await night.page.evaluate("document.documentElement.scrollWidth") <= width


async def test_a_finger_hits_the_spans_on_a_phone(night: Night) -> None:
    await night.page.set_viewport_size({"width": 390, "height": 844})
    await night.show(ARMED)
    buttons = await night.page.locator(".spans button").all()
    boxes = [await button.bounding_box() for button in buttons]
    assert len(boxes) == 3
    assert min(box["height"] for box in boxes) >= 40
    assert min(box["width"] for box in boxes) >= 56
