"""Turns a float TensorFlow Lite network of plain convolutions into ONNX.

TensorFlow is not needed, only the flatbuffer's schema. The result is
channels-first inside; the reshapes at the end see channels-last data as they
did before. It must not guess: an operation that it does not know is an error.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tflite
from graph import Graph
from onnx import ModelProto

OPERATIONS = {v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int)}
TYPES = {0: np.float32, 1: np.float16, 2: np.int32}
RELU, RELU6 = 1, 3


def convert(data: bytes, name: str, origin: str, outputs: dict[str, str]) -> ModelProto:
    """The ONNX model of a .tflite file's bytes; `outputs` maps its output names to ours."""
    return _Converter(data, name, origin).run(outputs)


class _Converter:
    def __init__(self, data: bytes, name: str, origin: str) -> None:
        self.model = tflite.Model.GetRootAsModel(data, 0)
        self.subgraph = self.model.Subgraphs(0)
        self.graph = Graph(name, origin)
        self.names: dict[int, str] = {}
        self.constants: dict[int, np.ndarray] = {}
        self.flat: set[int] = set()  # tensors that a reshape has brought into final order

    def run(self, outputs: dict[str, str]) -> ModelProto:
        for index in range(self.subgraph.TensorsLength()):
            self._constant(index)
        (source,) = self.subgraph.InputsAsNumpy().tolist()
        _, height, width, channels = self._shape(source)
        self.names[source] = self.graph.input("image", (1, channels, height, width))
        for index in range(self.subgraph.OperatorsLength()):
            self._operator(self.subgraph.Operators(index))
        for index in self.subgraph.OutputsAsNumpy().tolist():
            ours = outputs[self.subgraph.Tensors(index).Name().decode()]
            self.graph.output(self.names[index], ours, self._shape(index))
        return self.graph.model()

    def _shape(self, index: int) -> list[int]:
        tensor = self.subgraph.Tensors(index)
        return tensor.ShapeAsNumpy().tolist() if tensor.ShapeLength() else []

    def _constant(self, index: int) -> None:
        tensor = self.subgraph.Tensors(index)
        data = self.model.Buffers(tensor.Buffer()).DataAsNumpy()
        if isinstance(data, np.ndarray) and data.size:
            values = np.frombuffer(data.tobytes(), TYPES[tensor.Type()])
            self.constants[index] = values.reshape(self._shape(index))

    def _options(self, operator: Any, kind: type) -> Any:
        options = kind()
        table = operator.BuiltinOptions()
        options.Init(table.Bytes, table.Pos)
        return options

    def _operator(self, operator: Any) -> None:
        code = self.model.OperatorCodes(operator.OpcodeIndex())
        kind = OPERATIONS[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        handler = getattr(self, "_" + kind.lower(), None)
        if handler is None:
            raise ValueError(f"operation {kind} is not handled")
        inputs = operator.InputsAsNumpy().tolist()
        (output,) = operator.OutputsAsNumpy().tolist()
        handler(operator, inputs, output)

    def _activated(self, tensor: str, activation: int) -> str:
        if activation == 0:
            return tensor
        if activation == RELU:
            return self.graph.op("Relu", [tensor])
        if activation == RELU6:
            bounds = [self.graph.constant(np.array(v, np.float32)) for v in (0.0, 6.0)]
            return self.graph.op("Clip", [tensor, *bounds])
        raise ValueError(f"activation {activation} is not handled")

    def _dequantize(self, _operator: Any, inputs: list[int], output: int) -> None:
        self.constants[output] = self.constants[inputs[0]]

    def _window(self, options: Any, source: int, output: int, size: tuple[int, int]) -> Any:
        """Strides and explicit paddings; TensorFlow puts the odd pixel at the end."""
        strides = [options.StrideH(), options.StrideW()]
        begin, end = [], []
        for axis in (0, 1):
            total = 0
            if options.Padding() == tflite.Padding.SAME:
                have, want = self._shape(source)[axis + 1], self._shape(output)[axis + 1]
                total = max((want - 1) * strides[axis] + size[axis] - have, 0)
            begin.append(total // 2)
            end.append(total - total // 2)
        return {"kernel_shape": list(size), "strides": strides, "pads": begin + end}

    def _conv_2d(self, operator: Any, inputs: list[int], output: int) -> None:
        options = self._options(operator, tflite.Conv2DOptions)
        self._convolution(options, inputs, output, self.constants[inputs[1]], group=1)

    def _depthwise_conv_2d(self, operator: Any, inputs: list[int], output: int) -> None:
        options = self._options(operator, tflite.DepthwiseConv2DOptions)
        weights = self.constants[inputs[1]].transpose(3, 1, 2, 0)
        self._convolution(options, inputs, output, weights, group=weights.shape[0])

    def _convolution(
        self, options: Any, inputs: list[int], output: int, weights: np.ndarray, group: int
    ) -> None:
        size = (weights.shape[1], weights.shape[2])
        window = self._window(options, inputs[0], output, size)
        # (out, height, width, in) in both cases; ONNX wants (out, in, height, width).
        parts = [
            self.names[inputs[0]],
            self.graph.weights(weights.transpose(0, 3, 1, 2)),
            self.graph.weights(self.constants[inputs[2]]),
        ]
        result = self.graph.op("Conv", parts, group=group, **window)
        self.names[output] = self._activated(result, options.FusedActivationFunction())

    def _relu(self, _operator: Any, inputs: list[int], output: int) -> None:
        self.names[output] = self.graph.op("Relu", [self.names[inputs[0]]])

    def _add(self, operator: Any, inputs: list[int], output: int) -> None:
        options = self._options(operator, tflite.AddOptions)
        result = self.graph.op("Add", [self.names[i] for i in inputs])
        self.names[output] = self._activated(result, options.FusedActivationFunction())

    def _max_pool_2d(self, operator: Any, inputs: list[int], output: int) -> None:
        options = self._options(operator, tflite.Pool2DOptions)
        size = (options.FilterHeight(), options.FilterWidth())
        window = self._window(options, inputs[0], output, size)
        self.names[output] = self.graph.op("MaxPool", [self.names[inputs[0]]], **window)

    def _pad(self, _operator: Any, inputs: list[int], output: int) -> None:
        amounts = self.constants[inputs[1]][[0, 3, 1, 2]]
        pads = self.graph.constant(amounts.T.ravel().astype(np.int64), "pads")
        self.names[output] = self.graph.op("Pad", [self.names[inputs[0]], pads])

    def _reshape(self, _operator: Any, inputs: list[int], output: int) -> None:
        tensor = self.names[inputs[0]]
        if inputs[0] not in self.flat:
            tensor = self.graph.op("Transpose", [tensor], perm=(0, 2, 3, 1))
        shape = self.graph.constant(np.array(self._shape(output), np.int64), "shape")
        self.names[output] = self.graph.op("Reshape", [tensor, shape])
        self.flat.add(output)

    def _concatenation(self, operator: Any, inputs: list[int], output: int) -> None:
        options = self._options(operator, tflite.ConcatenationOptions)
        if not self.flat.issuperset(inputs):
            raise ValueError("concatenates pictures")
        parts = [self.names[i] for i in inputs]
        self.names[output] = self.graph.op("Concat", parts, axis=options.Axis())
        self.flat.add(output)
