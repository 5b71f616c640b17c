"""The page's tables are what was measured."""

from __future__ import annotations

import pytest
from our_scripts import script


def test_the_page_says_what_was_measured() -> None:
    made = script("seeing_pictures")
    page = made.PAGE.read_text()
    assert page == made.made(page, *made.kept()), "run script/seeing_pictures"


def test_a_page_without_its_marks_is_named() -> None:
    made = script("seeing_pictures")
    with pytest.raises(ValueError, match=r"seeing\.md"):
        made.made("# How it sees\n", *made.kept())
