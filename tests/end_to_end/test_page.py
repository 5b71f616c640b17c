"""The page in a real browser, against the real server and a feed of imagined snapshots."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any

import pytest
from page_browser import PATIENCE, Engine, text, until

from engine.core.types import FollowPolicy, Mode, ShutterState
from integrations.http.server import PageServer

pytestmark = [
    pytest.mark.needs("chromium"),
    pytest.mark.xdist_group("chromium"),
    # One browser for all of them: it takes longer to start than a test to run.
    pytest.mark.asyncio(loop_scope="module"),
]


async def test_the_link_opens_the_page_once(browser: Any, engine: Engine) -> None:
    link = engine.server.new_link()
    mine, other = await browser.new_context(), await browser.new_context()
    page = await mine.new_page()
    answer = await page.goto(link)
    assert answer.status == 200
    assert page.url == f"{engine.server.url}/"
    assert await page.title() == "Kitchen" or await page.wait_for_function(
        "document.title === 'Kitchen'"
    )
    stranger = await other.new_page()
    answer = await stranger.goto(link)
    assert answer.status == 401
    assert "no longer works" in await text(stranger, "h1")
    answer = await stranger.goto(engine.server.url)
    assert answer.status == 401
    assert "Press Enter" in await text(stranger, "p") or "press Enter" in await text(stranger, "p")
    await mine.close()
    await other.close()


async def test_a_link_clicked_on_another_site_opens_the_page(browser: Any, engine: Engine) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    # Another port of this machine is another origin; another host name makes it another site.
    await page.goto(f"data:text/html,<a href='{engine.server.new_link()}'>open</a>")
    await page.click("a")
    await page.wait_for_selector("g.person.primary", timeout=PATIENCE)
    await context.close()


async def all_sounds(page: Any, engine: Engine) -> None:
    """Have its sounds shown anew until they are: they fade within 3 s, busy machine or not."""
    wanted = len(engine.snapshot.sounds)
    async with asyncio.timeout(PATIENCE / 1000.0):
        while await page.locator("g.sound").count() < wanted:
            engine.show(sounds=tuple(replace(s, t=engine.t) for s in engine.snapshot.sounds))
            await asyncio.sleep(0.5)


async def test_it_shows_heading_zones_people_sounds_and_why(page: Any, engine: Engine) -> None:
    await all_sounds(page, engine)
    shown = await page.evaluate(
        """() => ({
            head: document.querySelector('g.head').getAttribute('transform'),
            zones: [...document.querySelectorAll('path.zone')].map(z => z.getAttribute('d').length),
            people: [...document.querySelectorAll('g.person')].map(p => p.getAttribute('class')),
            pets: document.querySelectorAll('g.pet').length,
            reach: document.querySelectorAll('path.reach').length,
        })"""
    )
    turned = float(re.search(r"-?[\d.]+", shown["head"])[0])  # type: ignore[index]
    assert turned == pytest.approx(-engine.snapshot.heading, abs=0.1)
    assert len(shown["zones"]) == 3
    assert min(shown["zones"]) > 10
    # In the order of drawing: the primary person on top.
    assert shown["people"] == ["person unseen-now", "person primary speaking"]
    assert shown["pets"] == 1
    assert shown["reach"] == 1
    assert await page.locator("#reason").text_content() == engine.snapshot.reason.text
    assert "62.0°" in await text(page, "#fact-heading")
    people = await page.locator("#people li").all_inner_texts()
    assert "Person 1" in people[0]
    assert "to the left" in people[0]
    assert "speaking" in people[0]
    assert "74° to the right" in people[1]
    assert "Cat" in people[2]


async def test_left_is_left(page: Any, engine: Engine) -> None:
    one = replace(engine.snapshot.people[0], bearing=90.0, distance=2.0)
    engine.show(people=(one,), heading=0.0)
    await until(page, "#people", "90° to the left")
    dot = await page.locator("g.person circle.body").bounding_box()
    room = await page.locator("#room").bounding_box()
    assert dot["x"] < room["x"] + room["width"] * 0.45
    middle = room["y"] + room["height"] / 2
    assert dot["y"] < middle < dot["y"] + dot["height"]


async def test_it_follows_changes(page: Any, engine: Engine) -> None:
    engine.show(people=(), primary=None, mode=Mode.PAUSED, heading=-100.0)
    await until(page, "#people", "Nobody")
    await until(page, "#chips", "Paused")
    await until(page, "#fact-heading", "−100.0°")
    assert await page.locator("g.person").count() == 0
    engine.show(shutter=ShutterState.CLOSED, muted=True, problems=("camera: unplugged",))
    await until(page, "#veil", "Shutter closed")
    await until(page, "#chips", "Microphones muted")
    await until(page, "#problems", "camera: unplugged")


async def test_what_the_engine_says_is_never_markup(page: Any, engine: Engine) -> None:
    reason = replace(engine.snapshot.reason, text="<img src=x onerror=alert(1)>", code="x")
    engine.show(reason=reason, problems=("<b>bold</b>",))
    await until(page, "#reason", "<img src=x")
    await until(page, "#problems", "<b>bold</b>")


async def test_controls_send_commands(page: Any, engine: Engine) -> None:
    for name in ("centre", "stop", "face_me"):
        await page.click(f"#{name}")
        await engine.asked_for(name)
    await page.click("#follow")
    assert (await engine.asked_for("follow")).arguments == {"policy": "off"}
    await page.get_by_text("Manual", exact=True).click()
    assert (await engine.asked_for("mode")).arguments == {"mode": "manual"}
    await page.click("#shutter")
    assert (await engine.asked_for("shutter")).arguments == {"state": "closed"}


async def test_clicking_the_room_turns_to_that_place(page: Any, engine: Engine) -> None:
    box = await page.locator("#room").bounding_box()
    middle = box["y"] + box["height"] / 2
    await page.mouse.click(box["x"] + box["width"] * 0.75, middle)
    heading = (await engine.asked_for("turn")).arguments["heading"]
    assert heading == pytest.approx(-90.0, abs=1.0)


async def test_state_is_the_engines_and_a_refusal_is_said(page: Any, engine: Engine) -> None:
    engine.refuse = "the privacy shutter is closed"
    await page.get_by_text("Manual", exact=True).click()
    await until(page, "#said", "the privacy shutter is closed")
    assert await page.locator("input[name=mode][value=follow]").is_checked()
    engine.show(follow=FollowPolicy.OFF)
    await page.locator("#follow[aria-checked=false]").wait_for()


async def test_all_of_it_works_from_the_keyboard(page: Any, engine: Engine) -> None:
    await page.locator("#heading").focus()
    await page.keyboard.press("ArrowLeft")
    turn = await engine.asked_for("turn")
    assert turn.arguments["heading"] == pytest.approx(engine.snapshot.heading + 1.0, abs=0.6)
    await page.locator("#follow").focus()
    await page.keyboard.press("Space")
    await engine.asked_for("follow")
    # Tab goes round the page; once past the last control it begins again.
    wanted = {"follow", "heading", "centre", "stop", "shutter", "mode", "look-toggle"}
    for _ in range(60):
        await page.keyboard.press("Tab")
        wanted.discard(
            await page.evaluate("document.activeElement.id || document.activeElement.name")
        )
        if not wanted:
            break
    assert not wanted


async def test_it_says_that_the_connection_is_lost_and_comes_back(
    page: Any, engine: Engine
) -> None:
    port = engine.server.port
    await engine.server.stop()
    await until(page, "#connection", "Connection lost")
    assert await page.locator("body.stale").count() == 1
    # The same device again: its port, and the session that it gave.
    engine.server = PageServer(port=port, name="Kitchen", access=engine.server.access)
    await engine.start()
    engine.show(heading=33.3)
    await until(page, "#fact-heading", "33.3°")
    await page.locator("#connection").wait_for(state="hidden")


async def test_a_session_that_has_ended_is_not_retried_for_ever(page: Any, engine: Engine) -> None:
    port = engine.server.port
    await engine.server.stop()
    engine.server = PageServer(port=port, name="Kitchen")
    await engine.start()
    await until(page, "#connection", "session has ended")
    assert await page.locator("#retry").is_hidden()


async def test_it_can_be_read_without_seeing_it(page: Any, engine: Engine) -> None:
    engine.show()
    await page.get_by_role(
        "img", name=re.compile("heading 62°.*2 people.*Person 1", re.I)
    ).wait_for()
    for role, name in [
        ("switch", "Follow people"),
        ("slider", "Turn to"),
        ("radio", "Paused"),
        ("button", "Stop"),
        ("heading", "In the room"),
        ("list", "Status"),
    ]:
        assert await page.get_by_role(role, name=re.compile(name)).count() == 1, (role, name)
    nameless = await page.evaluate(
        """() => [...document.querySelectorAll('button, input')].filter(
            (node) => !node.textContent.trim() && !node.labels?.length).length"""
    )
    assert nameless == 0
    # Counting tenths of seconds aloud would be noise: only a new kind of reason is announced.
    announced = await text(page, "#announce")
    counting = replace(engine.snapshot.reason, text="holding: settled 1.1 of 1.2 s")
    engine.show(reason=counting)
    await until(page, "#reason", "1.1 of")
    assert await page.locator("#announce").text_content() == announced


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
async def test_it_fits_the_screen_in_both_themes(
    browser: Any, engine: Engine, scheme: str, width: int
) -> None:
    context = await browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 844}
    )
    page = await context.new_page()
    await page.goto(engine.server.new_link())
    await page.wait_for_selector("g.person.primary")
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    ground = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(int(part) for part in re.findall(r"\d+", ground)[:3]) / 3
    assert (brightness > 128) == (scheme == "light")
    await context.close()


async def test_at_a_laptops_size_everything_is_above_the_fold(page: Any, engine: Engine) -> None:
    await page.set_viewport_size({"width": 1280, "height": 820})
    engine.show(turned_by_hand=True)
    await page.locator("#range_setup").wait_for()
    lowest = await page.evaluate(
        """Math.max(...[...document.querySelectorAll('button, input, a, .people li')]
            .filter((node) => node.checkVisibility())
            .map((node) => node.getBoundingClientRect().bottom))"""
    )
    assert lowest <= 820


CLOSE = ((20.0, 2.0), (33.0, 2.2), (25.0, 2.6))  # bearing, metres: shoulder to shoulder
LABELS = """() => [...document.querySelectorAll('g.person .label')].map((node) => {
    const {x, y, width, height} = node.getBoundingClientRect();
    return [x, y, width, height];
})"""


@pytest.mark.parametrize("width", [1280, 390])
async def test_the_names_of_people_who_stand_close_do_not_cover_each_other(
    page: Any, engine: Engine, width: int
) -> None:
    await page.set_viewport_size({"width": width, "height": 844})
    one = engine.snapshot.people[0]
    people = tuple(
        replace(one, id=10 + i, bearing=bearing, distance=metres, primary=i == 0)
        for i, (bearing, metres) in enumerate(CLOSE)
    )
    engine.show(people=people, primary=10)
    await until(page, "#people", "Person 12")
    await page.wait_for_function("document.querySelectorAll('g.person').length === 3")
    boxes = await page.evaluate(LABELS)
    assert len(boxes) == 3
    for i, (x, y, w, h) in enumerate(boxes):
        assert w > 20
        for ox, oy, ow, oh in boxes[:i]:
            apart = x >= ox + ow or ox >= x + w or y >= oy + oh or oy >= y + h
            assert apart, boxes


async def test_three_labels_find_room_wherever_three_people_stand(page: Any) -> None:
    # Deterministic noise: 500 groups within arm's length of each other, all over the floor.
    covered = await page.evaluate(
        """async () => {
            const { overlap, spread } = await import('./static/labels.js');
            let seed = 7;
            const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
            let found = 0;
            for (let trial = 0; trial < 500; trial += 1) {
                const [x, y] = [random() * 150 - 75, random() * 150 - 75];
                const items = [0, 1, 2].map(() => ({
                    at: [x + random() * 20, y + random() * 20], w: 30, h: 12, now: null,
                }));
                const boxes = spread(items).map(({ box }) => box);
                const pairs = [[0, 1], [0, 2], [1, 2]];
                for (const [a, b] of pairs) found += overlap(boxes[a], boxes[b]) > 0;
            }
            return found;
        }"""
    )
    assert covered == 0


async def test_a_label_keeps_its_place_while_somebody_sways(page: Any) -> None:
    places = await page.evaluate(
        """async () => {
            const { spread } = await import('./static/labels.js');
            const size = { w: 30, h: 12 };
            const seen = new Set();
            let now = [null, null];
            for (let step = 0; step < 40; step += 1) {
                const sway = Math.sin(step) * 0.6;
                const where = [[0, 0], [4 + sway, 18 + sway]];
                const items = where.map((at, i) => ({ at, ...size, now: now[i] }));
                now = spread(items).map(({ index }) => index);
                seen.add(now.join());
            }
            return [...seen];
        }"""
    )
    assert len(places) == 1, places
