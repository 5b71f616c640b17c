"""Microphones in a simulated room: what an array hears of a `World`, block by block.

Every source is convolved with the echoes of its place (`acoustics`); moving
sources cross-fade from place to place; self-noise and the head's motor are
added. It decides nothing. Our synthesis cannot say a wake word, so one is
announced on the side: `wake_word_spotter` stands in for the real network.
"""

from __future__ import annotations

import math
import time
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.core.angles import wrap
from engine.hearing.word_spotters import Spotted
from engine.ports import AudioBlock, Samples, SourceFailed
from engine.sim.acoustics import Echoes, Point, snapped
from engine.sim.pace import Pace
from engine.sim.speech import programme, talk
from engine.sim.world import Scene, SoundContent, SoundSource, World

RATE = 16000
# Root mean square of speech at 1 m, of full scale: ordinary talk on an ordinary array.
SPEECH_LEVEL = 0.05
SELF_NOISE = 4e-4
# The motor at 90 deg/s, heard through the case.
MOTOR_NOISE = 0.004
# Every voice and programme repeats after this long (s).
LOOP = 20.0
# A live device holds about a second of sound for whoever comes late.
PATIENCE = 1.0
WAKE_WORDS_KEPT = 16
# A word that nobody has listened to for so long (s) was not heard.
LATEST = 2.0

Reading = Callable[[float], float]


def _still(_t: float) -> float:
    return 0.0


@dataclass(frozen=True, slots=True)
class SimulatedWakeWord:
    """A wake word that fell: samples since the first block, time of its end, world bearing."""

    start: int
    end: int
    t: float
    bearing: float


class _Voice:
    """One source: the dry sound of the last moments, and the echoes that it is heard with."""

    def __init__(self, history: int) -> None:
        self.dry = np.zeros(history, np.float32)
        self.gain = 0.0
        self.place: Point | None = None
        self.spectrum: npt.NDArray[np.complex64] | None = None
        # The echoes of the place before, while one block fades over.
        self.fading: npt.NDArray[np.complex64] | None = None

    @property
    def silent(self) -> bool:
        return not self.dry.any()


class SimulatedMicrophones:
    """A `ports.Microphones`. Deterministic by seed and block number.

    `positions` is (microphones, 3) in metres in the array's frame (x forward, y
    left, z up). `heading_at(t)` turns the array (on the base: a constant 0),
    `velocity_at(t)` in deg/s makes the motor's noise. Times as for
    `SimulatedCamera`. Raises `UserError` where pyroomacoustics is missing.
    """

    live = True

    def __init__(
        self,
        world: World,
        positions: npt.NDArray[np.float64],
        *,
        heading_at: Reading = _still,
        velocity_at: Reading = _still,
        block: int = 512,
        seed: int = 1,
        now: Callable[[], float] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        origin: float = 0.0,
    ) -> None:
        self.channels = int(positions.shape[0])
        self._world = world
        self._heading_at = heading_at
        self._velocity_at = velocity_at
        self._block = block
        self._seed = seed
        self._origin = origin
        self._pace = Pace(block / RATE, now, sleep, patience=PATIENCE)
        self._free = now is None
        self._echoes = Echoes(world.room, positions, seed)
        self._size = 1 << math.ceil(math.log2(self._echoes.taps + block))
        self._voices: dict[str, _Voice] = {}
        self._blocks = 0
        self._waking: tuple[int, SoundSource] | None = None
        self._wake_words: deque[SimulatedWakeWord] = deque(maxlen=WAKE_WORDS_KEPT)
        self._open = False

    def open(self) -> None:
        """Synthesise what takes longest to; voices follow when they first speak."""
        programme(LOOP, self._seed)
        self._pace.start()
        self._open = True

    def read(self) -> AudioBlock:
        """The next block. Raises SourceFailed."""
        if not self._open:
            raise SourceFailed("the simulated microphones are not open; call open first")
        index, t = self._pace.wait()
        t += self._origin if self._free else 0.0
        scene = self._world.at(t - self._origin)
        heard = self._noise(index, t)
        for voice in self._advance(scene, t, index):
            heard += self._convolved(voice)
        self._notice_wake_word(scene, t)
        self._blocks += 1
        return AudioBlock(t, np.clip(heard, -1.0, 1.0).astype(np.float32))

    def close(self) -> None:
        """Forget all sound; safe to call twice."""
        self._open = False
        self._voices.clear()
        self._wake_words.clear()
        self._waking = None

    def wake_word_spotter(self, word: str) -> SimulatedSpotter:
        """Hears, in place of the network, the wake words that the world says."""
        return SimulatedSpotter(word, self._wake_words, lambda: self._blocks * self._block)

    # ------------------------------------------------------------------ sources

    def _advance(self, scene: Scene, t: float, index: int) -> list[_Voice]:
        """Push a block of dry sound into every source; those that are still heard."""
        present = {source.id: source for source in scene.sounds}
        for name in present:
            self._voices.setdefault(name, _Voice(self._echoes.taps + self._block))
        heard = []
        for name, voice in list(self._voices.items()):
            source = present.get(name)
            gain = 0.0 if source is None else self._gain(source, scene)
            voice.dry[: -self._block] = voice.dry[self._block :]
            if gain or voice.gain:
                ramp = np.linspace(voice.gain, gain, self._block, dtype=np.float32)
                voice.dry[-self._block :] = self._dry(name, source, index) * ramp
            else:
                voice.dry[-self._block :] = 0.0
            voice.gain = gain
            if source is not None:
                self._follow(voice, source, t)
            if voice.silent:
                del self._voices[name]
            else:
                heard.append(voice)
        return heard

    def _gain(self, source: SoundSource, scene: Scene) -> float:
        """Level of a source; a mouth that is turned away is about 6 dB quieter."""
        gain = SPEECH_LEVEL * math.exp(source.level * math.log(10.0) / 20.0)
        body = next((b for b in scene.bodies if b.id == source.body), None)
        if body is not None:
            away = math.radians(wrap(body.facing - body.bearing - 180.0))
            gain *= 0.75 + 0.25 * math.cos(away)
        return gain

    def _dry(self, name: str, source: SoundSource | None, index: int) -> Samples:
        """The source's own sound for this block; it runs on, heard or not."""
        key = (self._seed * 1009 + zlib.crc32(name.encode())) % (2**31)
        content = SoundContent.SPEECH if source is None else source.content
        if name == "tv" or content is SoundContent.TELEVISION:
            loop = programme(LOOP, self._seed)
        elif content is SoundContent.NOISE:
            rng = np.random.default_rng((key, index))
            return rng.normal(0.0, 1.0, self._block).astype(np.float32)
        else:
            loop = talk(LOOP, key)
        first = index * self._block % len(loop)
        piece = loop[first : first + self._block]
        rest = self._block - len(piece)
        return piece if rest == 0 else np.concatenate([piece, loop[:rest]])

    def _follow(self, voice: _Voice, source: SoundSource, t: float) -> None:
        """Take the echoes of where the source is now, as the array is turned."""
        turn = math.radians(-self._heading_at(t))
        if abs(turn) > 1e-9:
            # A turning array is the room turned the other way: good for the direct
            # sound, which is what directions are made of.
            x = source.x * math.cos(turn) - source.y * math.sin(turn)
            y = source.x * math.sin(turn) + source.y * math.cos(turn)
            place = snapped(self._world.room, x, y, source.z)
        else:
            place = snapped(self._world.room, source.x, source.y, source.z)
        if place != voice.place:
            voice.place = place
            voice.fading, voice.spectrum = voice.spectrum, self._spectrum(place)

    def _spectrum(self, place: Point) -> npt.NDArray[np.complex64]:
        return np.fft.rfft(self._echoes.at(place), self._size).astype(np.complex64)

    def _convolved(self, voice: _Voice) -> npt.NDArray[np.float64]:
        """The wet sound of the newest block (microphones, block), by overlap-save."""
        if voice.spectrum is None:
            return np.zeros((self.channels, self._block))
        dry = np.fft.rfft(voice.dry[-self._size :], self._size)
        last = min(len(voice.dry), self._size)
        newest = slice(last - self._block, last)
        wet = np.fft.irfft(dry * voice.spectrum, self._size)[:, newest]
        if voice.fading is not None:
            before = np.fft.irfft(dry * voice.fading, self._size)[:, newest]
            wet = before + (wet - before) * np.linspace(0.0, 1.0, self._block)
            voice.fading = None
        return np.asarray(wet, np.float64)

    # -------------------------------------------------------------------- noise

    def _noise(self, index: int, t: float) -> npt.NDArray[np.float64]:
        """The microphones' own noise, and the motor's in proportion to the head's speed."""
        rng = np.random.default_rng((self._seed, index))
        noise = rng.normal(0.0, SELF_NOISE, (self.channels, self._block))
        speed = abs(self._velocity_at(t))
        if speed > 1.0:
            when = (index * self._block + np.arange(self._block)) / RATE
            # Gear whine: its pitch goes with the speed; and a rustle on top.
            whine = np.sin(2 * np.pi * 9.0 * speed * when) + 0.5 * np.sin(
                2 * np.pi * 18.0 * speed * when
            )
            rustle = np.diff(rng.normal(0.0, 1.0, self._block + 1))
            share = 0.8 + 0.4 * np.random.default_rng(self._seed).random((self.channels, 1))
            noise += MOTOR_NOISE * min(1.5, speed / 90.0) * share * (0.6 * whine + 0.5 * rustle)
        return np.asarray(noise, np.float64)

    def _notice_wake_word(self, scene: Scene, t: float) -> None:
        """Remember a wake word when it ends."""
        here = next((s for s in scene.sounds if s.content is SoundContent.WAKE_WORD), None)
        at = self._blocks * self._block
        if here is not None:
            start = at if self._waking is None else self._waking[0]
            self._waking = (start, here)
        elif self._waking is not None:
            start, source = self._waking
            self._wake_words.append(SimulatedWakeWord(start, at, t, source.bearing))
            self._waking = None


class SimulatedSpotter:
    """Stands in for a wake word network: `hearing.wake_word.WakeWordSpotter` in shape.

    Like a network it need not hear everything, for ears sleep; but what it does
    hear must be the newest sound there is.
    """

    likely = 0.0

    def __init__(
        self, word: str, spoken: deque[SimulatedWakeWord], recorded: Callable[[], int]
    ) -> None:
        """`recorded` tells how many samples the microphones have given so far."""
        self.word = word
        self._spoken, self._recorded = spoken, recorded
        self._heard = 0

    def listen(self, samples: Samples) -> Spotted | None:
        """The wake word that has ended within the samples so far, once."""
        self._heard += len(samples)
        now = self._recorded()
        while self._spoken:
            fell = self._spoken.popleft()
            if now - fell.end <= LATEST * RATE:
                # What was slept through counts for the microphones alone.
                slept = now - self._heard
                return Spotted(self.word, fell.start - slept, fell.end - slept)
        return None

    def reset(self) -> None:
        """Nothing to forget."""
