"""One suite for whatever runs a network of seeing: ONNX Runtime, and OpenCV in its place."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np
import pytest

from engine import networks
from engine.errors import UserError
from engine.seeing.detector import PersonNet, PetNet
from engine.seeing.runtime import Either, Network, OnnxRuntime, OpenCV

SIZES = {
    "person": [(1, 3, 192, 320), (1, 3, 320, 416), (1, 3, 192, 320)],
    "pet": [(1, 3, 300, 300)],
    "face": [(1, 3, 128, 128)],
}


def noise(shape: tuple[int, ...], seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.5, shape).astype(np.float32)


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("make", [OnnxRuntime, OpenCV])
def test_each_input_has_its_outputs_and_they_are_those_of_onnx_runtime(
    make: Callable[[str], Network], name: str
) -> None:
    reference, network = OnnxRuntime(name), make(name)
    assert set(network.outputs) == set(reference.outputs)
    for shape in SIZES[name]:
        wanted = reference.run(reference.outputs, {"image": noise(shape)})
        found = network.run(reference.outputs, {"image": noise(shape)})
        for one, other in zip(found, wanted, strict=True):
            assert one.dtype == np.float32
            assert one.shape == other.shape
            np.testing.assert_allclose(one, other, atol=2e-3)


def test_opencv_keeps_nothing_of_its_input() -> None:
    network = OpenCV("face")
    network.run(network.outputs, {"image": noise((1, 3, 128, 128))})
    left = network._net.forward(list(network.outputs))
    empty = network.run(network.outputs, {"image": np.zeros((1, 3, 128, 128), np.float32)})
    for one, other in zip(left, empty, strict=True):
        np.testing.assert_array_equal(one, other)


def scene() -> np.ndarray:
    """Something for both networks to have an opinion of."""
    small = np.random.default_rng(4).integers(0, 255, (12, 16, 3), np.uint8)
    return cv2.resize(small, (320, 240), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize("net", [PersonNet, PetNet])
def test_without_onnx_runtime_the_same_is_seen_and_people_are_told(
    net: type[PersonNet | PetNet], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = net(floor=0.02).detect(scene())
    assert wanted, "nothing was compared"
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with caplog.at_level(logging.WARNING):
        found = net(floor=0.02).detect(scene())
    assert "runs on OpenCV" in caplog.text
    assert [d.label for d in found] == [d.label for d in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert one.score == pytest.approx(other.score, abs=1e-3)
        assert one.box == pytest.approx(other.box, abs=0.5)


def test_a_runtime_that_breaks_later_is_replaced_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Either("face")
    assert network.runs_on == "ONNX Runtime"
    wanted = network.run(network.outputs, {"image": noise((1, 3, 128, 128))})
    calls = []

    def broken(_self: object, names: Sequence[str], _feed: Mapping[str, np.ndarray]) -> None:
        calls.append(names)
        raise RuntimeError("out of memory")

    monkeypatch.setattr(OnnxRuntime, "run", broken)
    for _ in range(2):
        found = network.run(network.outputs, {"image": noise((1, 3, 128, 128))})
        np.testing.assert_allclose(found[0], wanted[0], atol=2e-3)
    assert network.runs_on == "OpenCV"
    assert len(calls) == 1


def test_what_opencv_cannot_run_either_is_an_error() -> None:
    network = Either("face")
    with pytest.raises(Exception, match=r".+"):
        network.run(network.outputs, {"image": np.zeros((1, 7, 5, 5), np.float32)})


def test_a_damaged_network_runs_on_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(*_: object) -> bytes:
        raise UserError("face.onnx: not the network that was measured", "reinstall heliotrope")

    monkeypatch.setattr(networks, "verified", damaged)
    with pytest.raises(UserError, match="reinstall"):
        Either("face")
