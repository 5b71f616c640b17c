"""Where the beam points, and when its sound leaves: through a real audio loop and a real ear."""

from __future__ import annotations

import numpy as np
import pytest

from engine.core.types import Indicate, SoundDirection, SoundKind, VoiceHeard
from engine.hearing.arrays import ring
from engine.hearing.beam import Beam
from engine.hearing.ear import Ear
from engine.loops.audio import AudioLoop, Surroundings
from engine.loops.beaming import BEAM, HOLD, LISTENING, Beaming
from engine.ports import AudioBlock, SourceEnded
from engine.sim.clock import ManualClock
from engine.sim.devices import SimulatedIndicator, SimulatedSoundSink

RING = ring(4, 0.04)


class Quiet:
    def probability(self, chunk: object) -> float:
        return 0.0

    def reset(self) -> None:
        pass


class Sounds:
    """`count` blocks of noise."""

    channels = 4

    def __init__(self, count: int) -> None:
        self.left = count

    def open(self) -> None:
        pass

    def read(self) -> AudioBlock:
        if not self.left:
            raise SourceEnded("end")
        self.left -= 1
        rng = np.random.default_rng(self.left)
        return AudioBlock(0.0, rng.standard_normal((4, 512)).astype(np.float32) * 0.01)

    def close(self) -> None:
        pass


def beaming(heading: float | None = None) -> tuple[Beaming, SimulatedSoundSink, SimulatedIndicator]:
    sink, ring_light = SimulatedSoundSink(), SimulatedIndicator()
    turned = None if heading is None else (lambda _t: heading)
    made = Beaming(Ear(RING, voice=Quiet()), Beam(RING), sink, ring_light.show, turned)
    return made, sink, ring_light


def voice(bearing: float, t: float = 1.0, **changes: object) -> VoiceHeard:
    direction = SoundDirection(bearing, 0.9, 4.0, changes.pop("kind", SoundKind.DIRECT))  # type: ignore[arg-type]
    return VoiceHeard(t, (direction,), 0.9, **changes)  # type: ignore[arg-type]


def block(t: float) -> AudioBlock:
    return AudioBlock(t, np.full((4, 512), 0.01, np.float32))


def test_a_voice_takes_the_beam_and_the_ring_shows_it() -> None:
    made, _, light = beaming()
    made.noticed(voice(70.0))
    assert made.bearing == 70.0
    assert light.shown == Indicate(BEAM, 70.0)


@pytest.mark.parametrize(
    "event",
    [
        voice(70.0, ambiguous=True),
        voice(70.0, kind=SoundKind.MACHINE),
        voice(70.0, kind=SoundKind.REFLECTION),
        VoiceHeard(1.0, (), 0.9),
        VoiceHeard(1.0, (SoundDirection(70.0, 0.3, 12.0),), 0.9),
    ],
    ids=["ambiguous", "machine", "reflection", "nowhere", "unsure"],
)
def test_what_is_no_sure_voice_moves_nothing(event: VoiceHeard) -> None:
    made, _, light = beaming()
    made.noticed(event)
    assert made.bearing is None
    assert light.shown is None


def test_whoever_said_the_wake_word_keeps_the_beam_for_a_while() -> None:
    made, _, _ = beaming()
    made.listen(block(10.0))
    made.indicated(Indicate(LISTENING, -40.0))
    made.noticed(voice(100.0, 11.0))
    assert made.bearing == -40.0
    made.noticed(voice(-30.0, 12.0))  # the same person, who walks
    assert made.bearing == -30.0
    made.noticed(voice(100.0, 10.1 + HOLD))
    assert made.bearing == 100.0


def test_other_lights_do_not_move_it() -> None:
    made, _, _ = beaming()
    made.indicated(Indicate("viewer"))
    made.indicated(Indicate("smoke_alarm", 30.0))
    assert made.bearing is None


def test_an_array_on_the_head_aims_relative_to_it() -> None:
    made, _, _ = beaming(heading=30.0)
    made.noticed(voice(70.0))
    made.listen(block(0.0))
    assert made._beam.azimuth == 40.0


async def test_no_sound_leaves_while_the_microphones_are_muted() -> None:
    made, sink, _ = beaming()
    source = Sounds(6)
    around = Surroundings(muted=lambda: source.left < 3)
    await AudioLoop(source, made, made.noticed, ManualClock(), around, live=False).run()
    assert len(sink.pieces) == 3


def test_a_full_disk_is_a_problem_not_an_end() -> None:
    made, sink, _ = beaming()

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    write, sink.write = sink.write, full  # type: ignore[method-assign]
    made.listen(block(0.0))
    assert any("No space left" in problem for problem in made.problems())
    sink.write = write  # type: ignore[method-assign]
    made.listen(block(0.032))
    assert made.problems() == ()
