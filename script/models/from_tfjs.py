"""Turns a frozen TensorFlow.js graph model of plain convolutions into ONNX.

TensorFlow is not needed: the dozen operations of such a network map one to
one. Transposes between channels-last and channels-first vanish, because the
result is channels-first throughout; paddings are folded into the convolution
or the pooling that follows them; height and width become dynamic. It must not
guess: an operation that it does not know is an error.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
from graph import Graph
from onnx import ModelProto

NHWC_TO_NCHW = (0, 3, 1, 2)
NCHW_TO_NHWC = (0, 2, 3, 1)
SWAP_LAST = (0, 2, 1)


def convert(description: Path, name: str, origin: str) -> ModelProto:
    """The ONNX model of `description` (a model.json beside its weights)."""
    return _Converter(json.loads(description.read_text()), description.parent, name, origin).run()


def _weights(model: dict[str, Any], folder: Path) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for group in model["weightsManifest"]:
        data = b"".join((folder / path).read_bytes() for path in group["paths"])
        offset = 0
        for entry in group["weights"]:
            kind = entry.get("quantization", {}).get("dtype", entry["dtype"])
            if kind not in ("float16", "float32", "int32"):
                raise ValueError(f"{entry['name']}: weights of type {kind} are not handled")
            count = int(np.prod(entry["shape"])) if entry["shape"] else 1
            values = np.frombuffer(data, np.dtype(kind).newbyteorder("<"), count, offset)
            found[entry["name"]] = values.reshape(entry["shape"])
            offset += values.nbytes
        if offset != len(data):
            raise ValueError("the weights do not fill their file: a wrong or damaged package")
    return found


class _Converter:
    def __init__(self, model: dict[str, Any], folder: Path, name: str, origin: str) -> None:
        self.signature = model["signature"]
        self.nodes = {n["name"]: n for n in model["modelTopology"]["node"]}
        self.constants = _weights(model, folder)
        self.graph = Graph(name, origin)
        self.done: dict[str, str] = {}
        self.side: dict[str, int] = {}  # picture side of each tensor at the nominal input
        self.pads: dict[str, list[int]] = {}  # paddings waiting for their convolution

    def run(self) -> ModelProto:
        (signature,) = self.signature["inputs"].values()
        self.root = signature["name"].split(":")[0]
        nominal = int(signature["tensorShape"]["dim"][2]["size"])
        self.done[self.root] = self.graph.input("image", (1, 3, "height", "width"))
        self.side[self.root] = nominal
        for output in self.signature["outputs"].values():
            dims = [int(d["size"]) for d in output["tensorShape"]["dim"]]
            stride = round(nominal / dims[1] ** 0.5)
            what = {80: "scores", 44: "distances"}[dims[2]]
            tensor = self.tensor(output["name"].split(":")[0])
            self.graph.output(tensor, f"{what}_{stride}", (1, f"cells_{stride}", dims[2]))
        return self.graph.model()

    def tensor(self, reference: str) -> str:
        """The ONNX tensor for a node reference; converts what it depends on first."""
        if reference not in self.done:
            name = reference.split(":")[0]
            node = self.nodes[name]
            handler = getattr(self, "_" + node["op"].lower(), None)
            if handler is None:
                raise ValueError(f"{name}: operation {node['op']} is not handled")
            self.done[name] = handler(name, node, node.get("input", []), node.get("attr", {}))
        return self.done[reference]

    def _same(self, name: str, source: str, tensor: str) -> str:
        self.side[name] = self.side.get(source.split(":")[0], 0)
        return tensor

    def _identity(self, name: str, _node: Any, inputs: list[str], _attr: Any) -> str:
        return self._same(name, inputs[0], self.tensor(inputs[0]))

    def _transpose(self, name: str, _node: Any, inputs: list[str], _attr: Any) -> str:
        tensor = self.tensor(inputs[0])
        order = tuple(self.constants[inputs[1]].tolist())
        if order == SWAP_LAST:
            return self.graph.op("Transpose", [tensor], perm=order)
        if order not in (NHWC_TO_NCHW, NCHW_TO_NHWC):
            raise ValueError(f"{name}: transposes by {order}")
        if inputs[0] in self.pads:
            self.pads[name] = self.pads[inputs[0]]
        return self._same(name, inputs[0], tensor)

    def _pad(self, name: str, _node: Any, inputs: list[str], _attr: Any) -> str:
        tensor = self.tensor(inputs[0])
        amounts = self.constants[inputs[1]]
        if amounts[:2].any():
            raise ValueError(f"{name}: pads something else than height and width")
        self.pads[name] = [*amounts[2:, 0].tolist(), *amounts[2:, 1].tolist()]
        return self._same(name, inputs[0], tensor)

    _padv2 = _pad

    def _window(self, name: str, source: str, attr: Any, size: int) -> dict[str, list[int]]:
        if base64.b64decode(attr["padding"]["s"]) != b"VALID":
            raise ValueError(f"{name}: pads by itself")
        stride = int(attr["strides"]["list"]["i"][1])
        pads = self.pads.get(source, [0, 0, 0, 0])
        self.side[name] = (self.side[source] + pads[0] + pads[2] - size) // stride + 1
        return {"kernel_shape": [size, size], "strides": [stride, stride], "pads": pads}

    def _conv2d(self, name: str, _node: Any, inputs: list[str], attr: Any) -> str:
        tensor = self.tensor(inputs[0])
        weights = self.constants[inputs[1]].transpose(3, 2, 0, 1)
        window = self._window(name, inputs[0], attr, weights.shape[2])
        return self.graph.op("Conv", [tensor, self.graph.weights(weights)], **window)

    def _maxpool(self, name: str, _node: Any, inputs: list[str], attr: Any) -> str:
        tensor = self.tensor(inputs[0])
        size = int(attr["ksize"]["list"]["i"][1])
        return self.graph.op("MaxPool", [tensor], **self._window(name, inputs[0], attr, size))

    def _add(self, name: str, _node: Any, inputs: list[str], _attr: Any) -> str:
        first = self.tensor(inputs[0])
        if inputs[1] in self.constants:
            # A bias: it joins the convolution before it.
            conv = next(n for n in self.graph.nodes if n.output[0] == first)
            conv.input.append(self.graph.weights(self.constants[inputs[1]].ravel()))
            return self._same(name, inputs[0], first)
        return self._same(name, inputs[0], self.graph.op("Add", [first, self.tensor(inputs[1])]))

    def _leakyrelu(self, name: str, _node: Any, inputs: list[str], attr: Any) -> str:
        out = self.graph.op("LeakyRelu", [self.tensor(inputs[0])], alpha=attr["alpha"]["f"])
        return self._same(name, inputs[0], out)

    def _sigmoid(self, name: str, _node: Any, inputs: list[str], _attr: Any) -> str:
        out = self.graph.op("Sigmoid", [self.tensor(inputs[0])])
        return self._same(name, inputs[0], out)

    def _concatv2(self, name: str, _node: Any, inputs: list[str], _attr: Any) -> str:
        if int(self.constants[inputs[-1]]) != 1:
            raise ValueError(f"{name}: concatenates something else than channels")
        out = self.graph.op("Concat", [self.tensor(i) for i in inputs[:-1]], axis=1)
        return self._same(name, inputs[0], out)

    def _resizebilinear(self, name: str, _node: Any, inputs: list[str], attr: Any) -> str:
        if not attr["half_pixel_centers"]["b"]:
            raise ValueError(f"{name}: resizes without half-pixel centres")
        tensor = self.tensor(inputs[0])
        self.side[name] = int(self.constants[inputs[1]][0])
        factor = self.side[name] / self.side[inputs[0]]
        scales = self.graph.constant(np.array([1, 1, factor, factor], np.float32), "scales")
        return self.graph.op(
            "Resize",
            [tensor, "", scales],
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )

    def _splitv(self, name: str, _node: Any, inputs: list[str], _attr: Any) -> str:
        sizes = self.graph.constant(self.constants[inputs[1]].astype(np.int64), "split")
        first = self.graph.op("Split", [self.tensor(inputs[0]), sizes], axis=1)
        for index in range(1, len(self.constants[inputs[1]])):
            self.graph.nodes[-1].output.append(f"{first}_{index}")
            self.done[f"{name}:{index}"] = f"{first}_{index}"
        return first

    def _reshape(self, _name: str, _node: Any, inputs: list[str], _attr: Any) -> str:
        # The targets are (1, channels, cells): a picture's cells in one row.
        shape = self.graph.constant(np.array([0, 0, -1], np.int64), "shape")
        return self.graph.op("Reshape", [self.tensor(inputs[0]), shape])
