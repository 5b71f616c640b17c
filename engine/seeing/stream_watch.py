"""Whether the stream itself is at fault: stuck, covered or torn for too long.

One bad frame says little; the same for seconds means that nobody would be
seen, and the owner must know. A black picture is no fault, as every night has
them: it is told by itself. Told of every frame's report; holds no picture.
"""

from __future__ import annotations

from engine.seeing.frame_check import FrameReport

LASTING = 5.0
"""Seconds of the same fault that make it the stream's."""
FEWEST = 5
"""Frames of it at least: a slow stream is not a stuck one."""
SENTENCES = {
    "frozen": "the picture does not change any more: restart the camera, check its cable",
    "covered": "the lens is covered",
    "torn": "the pictures are damaged: check cable and power of the camera, or its network",
}


class StreamWatch:
    """`complaint` is a sentence, or empty while all is well; `dark` is no complaint."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Another stream, or the same after a pause."""
        self.complaint, self.dark = "", False
        self._fault, self._since, self._count = "", 0.0, 0

    def note(self, t: float, report: FrameReport) -> None:
        """A frame of time `t`."""
        fault = report.problem or ("frozen" if report.frozen else "")
        if fault != self._fault or t < self._since:
            self._fault, self._since, self._count = fault, t, 0
        self._count += 1
        lasting = self._count >= FEWEST and t - self._since >= LASTING
        self.dark = fault == "black" and (lasting or self.dark)
        if lasting or not fault:
            self.complaint = SENTENCES.get(fault, "")
