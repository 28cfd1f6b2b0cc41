"""OnnxBuilder: an ONNX graph being written: nodes, the constants they use, what goes in and what comes out.

x, h_0, lengths ─ inputs ─→ nodes ─ outputs ─→ y, h_n
                              ↑
                          constants: the weights
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.exchange.onnx.sizes import Dim, Kind, Size

KINDS = {"f": np.float32, "i": np.int64, "u": np.int64, "b": np.bool_}  # what runtimes compute in
OPSET, IR = 17, 8  # the oldest that have every operator used here: what runtimes since 2022 read


def onnx() -> Any:
    """The onnx package. Raises ModuleNotFoundError with what to install."""
    try:
        import onnx.shape_inference
    except ModuleNotFoundError as error:
        words = "tinygrad_rnn.exchange: writing ONNX needs the onnx package: pip install 'tinygrad-rnn[onnx]'"
        raise ModuleNotFoundError(words, name=error.name) from error
    return onnx


class OnnxBuilder:
    """A graph that rules add to; values are known by their names.

    Args:
        axes: the names of the axes of x before the last: ("T", "B"), or ("B", "T").
        prefixes: one for each recurrent layer, to tell their states apart.
        lengths: whether the graph has an input `lengths`.
        initial_state: whether the states before the first step are inputs.
    """

    def __init__(self, axes: Sequence[str], prefixes: Sequence[str], lengths: bool, initial_state: bool) -> None:
        self.make = onnx().helper
        self.axes, self.prefixes, self.initial_state = axes, iter(prefixes), initial_state
        self.lengths = "lengths" if lengths else ""
        self.nodes: list[Any] = []
        self.first: list[Any] = []  # nodes before all others: they read the inputs alone, and every body reads them
        self.count = 0
        self.lengths_of: dict[str, str] = {}
        self.constants: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []

    def node(self, op: str, *inputs: str, count: int = 1, **attributes: Any) -> list[str]:
        """Add an operator; an input it is to do without is ""; returns the names of its outputs."""
        name = f"{op}_{self.count}"
        self.count += 1
        while not inputs[-1]:  # allowed at the end too, but onnxruntime 1.32 crashes there
            inputs = inputs[:-1]
        outputs = [name] if count == 1 else [f"{name}.{k}" for k in range(count)]
        self.nodes.append(self.make.make_node(op, inputs, outputs, name, **attributes))
        return outputs

    def value(self, op: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator of one output; returns its name."""
        return self.node(op, *inputs, **attributes)[0]

    def weight(self, name: str, values: Any) -> str:
        """Add a constant, in float32: the one precision that runtimes compute recurrences in."""
        return self._constant(name, np.asarray(values, np.float32))

    def number(self, value: float) -> str:
        """Add a constant of one number, float32."""
        return self.weight("number", value)

    def integers(self, values: int | list[int]) -> str:
        """Add a constant of integers: an axis, a size, a shape."""
        return self._constant("integers", np.array(values, np.int64))

    def constant(self, name: str, values: Any) -> str:
        """Add a constant in the precision of its kind: float32, int64 or bool."""
        values = np.asarray(values)
        return self._constant(name or "constant", values.astype(KINDS[values.dtype.kind]))

    def _constant(self, name: str, values: Array) -> str:
        name = f"{name}_{len(self.constants)}"
        self.constants.append(onnx().numpy_helper.from_array(np.array(values, order="C"), name))
        return name

    def size(self, n: Dim) -> str:
        """A size as one integer, (1,)."""
        if isinstance(n, int):
            return self.integers([n])
        terms = []
        for axes, factor in n.terms:
            factors = [self.length(axis) for axis in axes]
            factors += [self.integers([factor])] if factor != 1 or not axes else []
            terms.append(self._joined("Mul", factors))
        return self._joined("Add", terms)

    def shape(self, sizes: Sequence[Dim]) -> str:
        """Sizes as integers, (n,)."""
        fixed = [n for n in sizes if isinstance(n, int)]
        if len(fixed) == len(sizes):
            return self.integers(fixed)
        return self.value("Concat", *map(self.size, sizes), axis=0)

    def length(self, axis: str) -> str:
        """The length of a free axis, (1,): what the first input that has it says."""
        if axis not in self.lengths_of:
            name, k = next(
                (value.name, k)
                for value in self.inputs
                for k, dim in enumerate(value.type.tensor_type.shape.dim)
                if dim.dim_param == axis
            )
            self.first.append(self.make.make_node("Shape", [name], [f"length_{axis}"], start=k, end=k + 1))
            self.lengths_of[axis] = f"length_{axis}"
        return self.lengths_of[axis]

    def axis(self, n: Size) -> str:
        """A name of a free axis that is so long."""
        name = n.axis or str(n)
        if name not in self.lengths_of and not n.axis:
            self.lengths_of[name] = self.size(n)
        return name

    def _joined(self, op: str, values: Sequence[str]) -> str:
        whole, *rest = values
        for value in rest:
            whole = self.value(op, whole, value)
        return whole

    def body(
        self, name: str, inputs: Mapping[str, Kind], ends: Sequence[Kind], fill: Callable[[list[str]], Sequence[str]]
    ) -> Any:
        """A graph inside this one, for an operator that runs it again and again. It reads what stands outside.

        Args:
            inputs: what goes in at each run, by name; the names are made unique.
            ends: what it hands on.
            fill: from the names of the inputs to those of what is handed on, by adding nodes.
        """
        outside, self.nodes = self.nodes, []
        mark = f"{name}_{self.count}"
        named = [self._described(f"{mark}.{what}", kind.dtype, kind.shape) for what, kind in inputs.items()]
        try:
            made = [self.value("Identity", end) for end in fill([each.name for each in named])]
            outputs = [self._described(end, kind.dtype, kind.shape) for end, kind in zip(made, ends, strict=True)]
            return self.make.make_graph(self.nodes, mark, named, outputs)
        finally:
            self.nodes = outside

    def described(self, value: str) -> tuple[tuple[int | str, ...], Any]:
        """The shape of a value, a free axis by its name, and its dtype. Raises GraphError: it is not known."""
        whole = self.make.make_graph([*self.first, *self.nodes], "part", self.inputs,
                                     [self.make.make_empty_tensor_value_info(value)], self.constants)  # fmt: skip
        model = self.make.make_model(whole, opset_imports=[self.make.make_opsetid("", OPSET)], ir_version=IR)
        found = onnx().shape_inference.infer_shapes(model, data_prop=True).graph.output[0].type.tensor_type
        shape = tuple(dim.dim_param or dim.dim_value for dim in found.shape.dim)
        free = {dim.dim_param for each in self.inputs for dim in each.type.tensor_type.shape.dim}
        if not found.HasField("shape") or any(n == 0 or (isinstance(n, str) and n not in free) for n in shape):
            raise GraphError("export_onnx: the shape of what a module reads is not known", got=f"{value} {shape}",
                             help="say it: export_onnx(model, path, inputs={…})")  # fmt: skip
        return shape, self.make.tensor_dtype_to_np_dtype(found.elem_type)

    @property
    def one(self) -> Any:
        """1 as an attribute's value."""
        return onnx().numpy_helper.from_array(np.ones(1, np.int64))

    def input(self, name: str, dtype: Any, shape: Sequence[int | str]) -> str:
        """Declare an input; an axis with a name has any size."""
        self.inputs.append(self._described(name, dtype, shape))
        return name

    def read(self, x: str, *features: int) -> str:
        """x; or for "", before the first module, the graph's input: so many features, or ids when it has none."""
        return x or self.input("x", np.float32 if features else np.int64, [*self.axes, *features])

    def output(self, value: str, name: str, kind: Kind | None = None) -> None:
        """Give a value this name and declare it an output, of float32 and the shape that follows if not said."""
        self.nodes.append(self.make.make_node("Identity", [value], [name]))
        self.count += 1
        self.outputs.append(self._described(name, kind.dtype if kind else np.float32, kind and kind.shape))

    def kind(self, dtype: Any) -> int:
        """ONNX's number for a dtype."""
        return int(self.make.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def _described(self, name: str, dtype: Any, shape: Sequence[int | str] | None) -> Any:
        return self.make.make_tensor_value_info(name, self.kind(dtype), shape)

    def model(self, name: str) -> bytes:
        """The model as ONNX's bytes, with the shape of every value. Raises GraphError: the parts do not fit."""
        inputs = [*self.inputs, *([self._described("lengths", np.int32, ["B"])] if self.lengths else [])]
        graph = self.make.make_graph([*self.first, *self.nodes], name, inputs, self.outputs, self.constants)
        opset = [self.make.make_opsetid("", OPSET)]
        model = self.make.make_model(graph, producer_name="tinygrad_rnn", opset_imports=opset, ir_version=IR)
        shapes = onnx().shape_inference
        try:
            return bytes(shapes.infer_shapes(model, strict_mode=True, data_prop=True).SerializeToString())
        except shapes.InferenceError as error:
            raise GraphError(
                "export_onnx: a part cannot read what the part before it hands on",
                got=str(error).splitlines()[0],
                help=f"compare the sizes of {name}",
            ) from None
