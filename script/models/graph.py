"""Builds ONNX graphs in channels-first layout, with weights stored as half floats.

Shared by the two converters; it knows nothing of TensorFlow's formats. Half
floats are cast to floats by nodes that ONNX Runtime folds away when it loads
the model, so they cost file size only, never time or accumulated precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper

OPSET = 13


class Graph:
    """An ONNX graph in the making; every method returns the name of its output tensor."""

    def __init__(self, name: str, origin: str) -> None:
        self.name = name
        self.origin = origin
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self.casts: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        self._count = 0

    def _fresh(self, stem: str) -> str:
        self._count += 1
        return f"{stem}_{self._count}"

    def input(self, name: str, shape: Sequence[int | str]) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def output(self, tensor: str, name: str, shape: Sequence[int | str]) -> None:
        self.nodes.append(helper.make_node("Identity", [tensor], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def constant(self, values: np.ndarray, stem: str = "c") -> str:
        """A constant as it stands: shapes, paddings, scales."""
        name = self._fresh(stem)
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def weights(self, values: np.ndarray) -> str:
        """Learned numbers, float32 or float16, stored as float16."""
        half = self.constant(values.astype(np.float16), "w")
        name = half + "_f"
        self.casts.append(helper.make_node("Cast", [half], [name], to=TensorProto.FLOAT))
        return name

    def op(self, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
        name = self._fresh(kind.lower())
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def model(self) -> ModelProto:
        graph = helper.make_graph(
            self.casts + self.nodes, self.name, self.inputs, self.outputs, self.initializers
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version = 8
        model.producer_name = "heliotrope script/convert_models"
        model.doc_string = self.origin
        checker.check_model(model, full_check=True)
        return model
