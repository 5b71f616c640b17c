"""The simulated microphone mute behaves as `ports.Mute` says."""

from __future__ import annotations

from engine.ports import Mute
from engine.sim.shutter import SimulatedMute


def test_tells_of_edges_only() -> None:
    mute = SimulatedMute()
    heard: list[bool] = []
    mute.listen(heard.append)
    for muted in (False, True, True, False):
        mute.set(muted)
    assert isinstance(mute, Mute)
    assert heard == [True, False]


def test_is_muted_once_closed_and_tells_nobody() -> None:
    mute = SimulatedMute()
    heard: list[bool] = []
    mute.listen(heard.append)
    mute.close()
    mute.set(False)
    mute.close()
    assert heard == []
    assert mute.muted
