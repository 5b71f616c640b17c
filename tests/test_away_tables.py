"""The page of away mode says what was measured."""

from __future__ import annotations

import pytest
from our_scripts import script


def test_the_page_says_what_was_measured() -> None:
    made = script("away_tables")
    page = made.PAGE.read_text()
    assert page == made.made(page, made.kept()), "run script/away_tables"


def test_a_page_without_its_marks_is_named() -> None:
    made = script("away_tables")
    with pytest.raises(ValueError, match=r"away\.md"):
        made.made("# Away\n", made.kept())
