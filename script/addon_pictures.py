"""Draws the add-on's icon (128x128) and logo (250x100) from the page's own icon, in Chromium."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

CHECKOUT = Path(__file__).resolve().parent.parent
ICON = (CHECKOUT / "integrations/http/static/icon.svg").read_text()
FONT = "font:600 36px system-ui,'DejaVu Sans',sans-serif;color:#8f6bd8"
PICTURES = {
    "icon.png": (128, 128, f'<div style="width:128px;height:128px">{ICON}</div>'),
    "logo.png": (
        250,
        100,
        '<div style="display:flex;align-items:center;gap:8px;height:100px">'
        f'<div style="width:60px">{ICON}</div><span style="{FONT};font-size:31px">Heliotrope</span>'
        "</div>",
    ),
}


def main(chromium: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, (width, height, body) in PICTURES.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            page.set_content(f"<style>body{{margin:0}}svg{{display:block}}</style>{body}")
            page.screenshot(path=CHECKOUT / "addon" / name, omit_background=True)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:] or ["/usr/bin/chromium"])
