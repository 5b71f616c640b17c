"""Which frames show nothing, and what moved."""

from __future__ import annotations

import numpy as np
import pytest

from engine.ports import Image
from engine.seeing.frame_check import THUMBNAIL, FrameCheck


def room(seed: int = 1) -> Image:
    blocks = np.random.default_rng(seed).integers(40, 220, (12, 16, 3), np.uint8)
    return np.kron(blocks, np.ones((20, 20, 1), np.uint8)).astype(np.uint8)


def noisy(picture: Image, seed: int, sigma: float = 3.0) -> Image:
    noise = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def torn() -> Image:
    picture = room()
    picture[140:] = 128
    return picture


@pytest.mark.parametrize(
    ("picture", "problem"),
    [
        (room(), ""),
        (noisy(np.full((240, 320, 3), 3, np.uint8), 1), "black"),
        (noisy(np.full((240, 320, 3), 90, np.uint8), 1), "covered"),
        (torn(), "torn"),
    ],
)
def test_a_frame_that_shows_nothing_is_no_evidence(picture: Image, problem: str) -> None:
    report = FrameCheck().inspect(picture)
    assert report.problem == problem
    assert report.usable is (not problem)


def test_a_white_table_at_the_bottom_is_not_torn() -> None:
    picture = room()
    picture[140:] = 245
    assert FrameCheck().inspect(picture).usable


def test_noise_and_a_lamp_are_no_motion() -> None:
    check = FrameCheck()
    check.inspect(noisy(room(), 1))
    brighter = np.clip(room().astype(int) + 12, 0, 255).astype(np.uint8)
    assert check.inspect(noisy(brighter, 2)).moved < 0.004


def test_a_hand_is_motion() -> None:
    check = FrameCheck()
    check.inspect(room())
    picture = room()
    picture[100:140, 100:130] = 255 - picture[100:140, 100:130]
    assert check.inspect(picture).moved > 0.004


def test_a_fast_turn_lowers_trust() -> None:
    check = FrameCheck()
    still = check.inspect(room(), 0.0).trust
    assert still == 1.0
    assert check.inspect(room(), 60.0).trust < still
    assert check.inspect(room(), -500.0).trust == 0.5


def test_a_blurred_frame_lowers_trust() -> None:
    check = FrameCheck()
    check.inspect(room())
    smeared = np.repeat(room().mean(1, keepdims=True), 320, 1).astype(np.uint8)
    assert check.inspect(smeared).trust < 1.0


def test_only_a_small_grey_thumbnail_is_kept() -> None:
    check = FrameCheck()
    check.inspect(room())
    assert all(not a.any() for a in check.workspace.arrays())
    kept = check._before
    assert kept is not None
    assert kept.shape == (THUMBNAIL[1], THUMBNAIL[0])
    check.forget()
    assert not kept.any()
