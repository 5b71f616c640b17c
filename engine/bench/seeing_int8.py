"""What the people network loses and gains with weights and values of 8 bits.

The committed network is quantised here, calibrated on pictures of the half for
tuning, and both are held against the same truth of the other half: one look
at 320 pixels, no second network, no tracker. Beside them the smaller size that
the engine has for when it is in a hurry. Needs the `onnx` package
(script/models/requirements.txt); the engine does not.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from engine import networks
from engine.bench.seeing_truth import Score, household_truth, odd, panorama_truth, windows
from engine.config import SeeingConfig
from engine.core.types import Label
from engine.hardware.camera_folder import by_number, load_picture
from engine.ports import Image
from engine.seeing.detector import SMALL, PersonNet

CALIBRATED_ON = 64
"""Pictures of each of household and meeting room."""
REPEATS = 100
Progress = Callable[[str], None]
Blobs = Sequence[npt.NDArray[np.float32]]


class Quantised:
    """A `runtime.Network` of bytes made here."""

    outputs: Sequence[str]

    def __init__(self, data: bytes) -> None:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        self._session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        self.outputs = tuple(output.name for output in self._session.get_outputs())

    def run(self, outputs: Sequence[str], feed: Mapping[str, Any]) -> list[npt.NDArray[Any]]:
        return list(self._session.run(list(outputs), dict(feed)))


class Noting:
    """A network that keeps what it is asked, for calibration."""

    def __init__(self, inner: Any) -> None:
        self._inner, self.asked = inner, list[npt.NDArray[np.float32]]()
        self.outputs = inner.outputs

    def run(self, outputs: Sequence[str], feed: Mapping[str, Any]) -> list[npt.NDArray[Any]]:
        self.asked.append(feed["image"].copy())
        found: list[npt.NDArray[Any]] = self._inner.run(outputs, feed)
        return found


def measure(data: Path, progress: Progress) -> dict[str, Any]:
    """Precision, recall and milliseconds. Raises ImportError without `onnx`."""
    threshold = SeeingConfig().threshold
    plain = PersonNet()
    progress("8 bits: calibrating")
    made = quantised(calibration(plain, data))
    eighth = PersonNet()
    eighth._network = Quantised(made)
    nets = {"float": plain, "int8": eighth, f"float_{SMALL}": plain.sibling(plain.floor, SMALL)}
    figures: dict[str, Any] = {}
    for name, net in nets.items():
        progress(f"8 bits: {name}")
        figures[name] = quality(net, data, threshold)
    for name, ms in timed(nets).items():
        figures[name]["ms"] = round(ms, 2)
    figures["float"]["bytes"] = len(networks.verified("person", networks.SEEING))
    figures["int8"]["bytes"] = len(made)
    return figures


def calibration(net: PersonNet, data: Path) -> Blobs:
    """What the network is given of pictures of the half for tuning."""
    noting = Noting(net._network)
    net._network = noting
    try:
        pictures = [p for p, _ in _household(data, lambda p: not odd(p))][:CALIBRATED_ON]
        rooms = [v for v, _, _ in _meeting(data, lambda p: not odd(p))][::4][:CALIBRATED_ON]
        for picture in (*pictures, *rooms):
            net.detect(picture)
    finally:
        net._network = noting._inner
    return noting.asked


def quantised(blobs: Blobs) -> bytes:
    """The committed network with weights and values of 8 bits, a scale a channel."""
    import onnx  # type: ignore[import-not-found, unused-ignore]
    from onnxruntime import quantization as q

    model = _single_precision(onnx.load_from_string(networks.verified("person", networks.SEEING)))

    class Reader(q.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._blobs = iter(blobs)

        def get_next(self) -> dict[str, Any] | None:
            return next(({"image": blob} for blob in self._blobs), None)

    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, before)
        q.quantize_static(
            str(before),
            str(after),
            Reader(),
            quant_format=q.QuantFormat.QDQ,
            per_channel=True,
            activation_type=q.QuantType.QUInt8,
            weight_type=q.QuantType.QInt8,
        )
        return after.read_bytes()


def _single_precision(model: Any) -> Any:
    """Weights as the quantiser wants them: they are kept as half floats, and cast when loaded."""
    from onnx import numpy_helper

    halves = {i.name: i for i in model.graph.initializer}
    for node in [n for n in model.graph.node if n.op_type == "Cast" and n.input[0] in halves]:
        half = halves[node.input[0]]
        whole = numpy_helper.from_array(
            numpy_helper.to_array(half).astype(np.float32), node.output[0]
        )
        model.graph.initializer.append(whole)
        model.graph.initializer.remove(half)
        model.graph.node.remove(node)
    return model


def _household(data: Path, half: Callable[[Path], bool]) -> Iterator[tuple[Image, Any]]:
    for path, large, small in household_truth(data / "household", half):
        yield load_picture(path), (large, small)


def _meeting(data: Path, half: Callable[[Path], bool]) -> Iterator[tuple[Image, Any, Any]]:
    for path in sorted((data / "panorama" / "images").glob("seg*.jpg"), key=by_number):
        if half(path):
            truth = panorama_truth(data / "panorama" / "boxes" / f"{path.stem}.xml")
            for view, inside, cut in windows(load_picture(path), truth):
                yield np.ascontiguousarray(view), inside, cut


def quality(
    net: PersonNet, data: Path, threshold: float, half: Callable[[Path], bool] = odd
) -> dict[str, Any]:
    """Of single looks: the meeting room's people at the table, and household people."""
    meeting, home = Score(), Score()

    def people(picture: Image) -> list[tuple[float, float, float, float]]:
        found = net.detect(picture)
        return [d.box for d in found if d.label is Label.PERSON and d.score >= threshold]

    for view, inside, cut in _meeting(data, half):
        meeting.add(people(view), inside, cut, 0.3)
    for picture, (large, small) in _household(data, half):
        tall = [b for b in people(picture) if b[3] >= 0.3 * picture.shape[0]]
        home.add(tall, large, small, 0.5)
    return {"panorama": meeting.metrics(), "household": home.metrics()}


def timed(nets: Mapping[str, PersonNet]) -> dict[str, float]:
    """Processor milliseconds of a look at 640x480, in turns."""
    from engine.bench.seeing_speed import picture

    room = picture()
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    total = dict.fromkeys(nets, 0.0)
    try:
        for _ in range(REPEATS):
            for name, net in nets.items():
                begun = time.process_time()
                net.detect(room)
                total[name] += time.process_time() - begun
    finally:
        cv2.setNumThreads(before)
    return {name: 1000.0 * seconds / REPEATS for name, seconds in total.items()}
