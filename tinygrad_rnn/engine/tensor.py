"""Tensor: an array, the node that recorded where it came from, and NumPy's operators.

    tensor(data)  ─copies→  Tensor ─┬─ array    owned by the Tensor, never written again
                                    ├─ node     what made it (node.py), or a leaf
                                    └─ grad     filled in by backward()

The operators and NumPy's methods are ops: declared here, for help() and type checkers, and filled in from above, where
the ops are (ops/operators.py) and where a graph is differentiated and drawn (autodiff/reverse.py).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import update_wrapper
from types import EllipsisType, FunctionType
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np

from tinygrad_rnn.engine.arrays import REAL, as_plain, real_dtype
from tinygrad_rnn.engine.context import CONTEXT
from tinygrad_rnn.engine.hooks import Handle
from tinygrad_rnn.engine.node import Cut, Leaf, Node
from tinygrad_rnn.engine.op import Op
from tinygrad_rnn.errors import DTypeError, GraphError, OptionError, ShapeError, caller, check_flags, check_name

__all__ = ["Tensor", "label", "tensor"]

Array: TypeAlias = np.ndarray[Any, Any]
Integers: TypeAlias = np.ndarray[Any, np.dtype[np.integer | np.bool]]
Numbers: TypeAlias = Array | np.generic | complex | list[Any] | tuple[Any, ...]  # what NumPy makes an array of
Operand: TypeAlias = "Tensor | Numbers"
Bound: TypeAlias = "Tensor | np.ndarray[Any, np.dtype[np.number]] | float | list[Any] | None"
Index: TypeAlias = "Tensor | Integers | np.integer | int | slice | EllipsisType | list[Any] | tuple[Any, ...] | None"
Axes: TypeAlias = int | tuple[int, ...]
Axis: TypeAlias = Axes | None
Counts: TypeAlias = int | Integers | Sequence[int]
DType: TypeAlias = type[Any] | str | np.dtype[Any]
ROLES = ("parameter", "input", "initial_state", "hidden_state", "cell_state", "gate", "output", "target", "loss")


class Size(int):
    """A number of elements, which says what to write instead where it is called, as torch's `size()` is."""

    def __call__(self, axis: int | None = None) -> Any:
        sizes = "x.shape" if axis is None else f"x.shape[{axis}]"
        raise OptionError("size: it is the number of elements, and cannot be called", help=sizes)


class Tensor:
    """An array that remembers how it was computed. Made by `tensor(data)` and by every op.

    >>> import tinygrad_rnn as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([2., 4.])
    """

    __slots__ = ("__weakref__", "_array", "_grad", "_node", "_version")

    def __init__(
        self, data: Any, *, dtype: DType | None = None, requires_grad: bool = False, name: str | None = None
    ) -> None:
        numbers = data._taken("tensor") if isinstance(data, Tensor) else as_plain(data, "tensor")
        self._array: Array = np.array(numbers, dtype=None if dtype is None else real_dtype(dtype, "tensor"))
        frozen = CONTEXT.get().frozen
        if frozen is not None:
            frozen.kept(self._array, data)
        check_name("tensor", "name", name)
        check_flags("tensor", requires_grad=requires_grad)
        self._node: Node | None = None
        self._grad: Tensor | None = None
        self._version = 0
        if requires_grad:
            self.requires_grad = True
        if name is not None:
            self.node.label = (None, name)

    # what it holds

    @property
    def data(self) -> Array:
        """The values, as a read-only view; `assign` is the one way to change them."""
        base: Any = self._array
        while isinstance(base, np.ndarray):  # to the end: a read-only view may stand on an array that is not
            base.flags.writeable = False
            base = base.base
        return self._read("data").view()

    @data.setter
    def data(self, values: Any) -> None:
        raise GraphError(
            "data: a Tensor's values are not replaced so", help="x.assign(values) replaces a leaf's values"
        )

    def numpy(self) -> Array:
        """A copy of the values that is yours to write to."""
        return self._read("numpy").copy()

    def item(self) -> Any:
        """The value of a Tensor of one element, as a Python number."""
        if self._array.size != 1:
            raise ShapeError(
                f"item: the Tensor has {self._array.size} elements",
                got=str(self.shape),
                help="index it first",
            )
        return self._read("item").item()

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers."""
        return self._read("tolist").tolist()

    def _read(self, by: str) -> Array:
        """The values, for the user; a function that is being differentiated keeps in mind where that was."""
        now = CONTEXT.get()
        if now.reads is not None and now.recording and self.requires_grad:
            now.reads.append(caller())
        return self._taken(by)

    def _taken(self, by: str) -> Array:
        """The values, for what is no op: a function that is being compiled is told, as they would be frozen into it."""
        frozen = CONTEXT.get().frozen
        if frozen is not None:
            frozen(self, by)
        return self._array

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each axis."""
        return self._array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The values' NumPy dtype."""
        return self._array.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._array.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return Size(self._array.size)

    def __len__(self) -> int:
        if not self.shape:  # a TypeError, by which NumPy and others know a number
            raise DTypeError("len: a Tensor without axes has no length", got="shape ()", help="it is a single number")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        if self._array.size != 1:
            raise ShapeError(f"bool: {self.size} elements together are neither true nor false", got=str(self.shape),
                             help="x.any() and x.all() make one of them")  # fmt: skip
        return bool(self._taken("bool").item())

    def __float__(self) -> float:
        now = CONTEXT.get()
        if now.reads is not None and now.recording and self.requires_grad:
            raise GraphError(
                "float: the number would leave the graph of the function that is being differentiated",
                expected="ops of this library: tg.exp(x), tg.stack([a, b]), tg.index_add(x, index, v)",
                got=repr(self.node.title),
                where=", ".join(part for part in (str(now), caller()) if part),
                help="math.exp(x) and array[i] = x take a float of x; x.item() is the number alone",
            )
        return float(self._taken("float").item() if self.size == 1 else self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self.dtype.kind not in "iu":
            raise DTypeError(f"index: a Tensor of {self.dtype} is not an integer")
        return int(self.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if self._array.size == 1 else format(str(self), spec)

    def __repr__(self) -> str:
        body = np.array2string(self._array, separator=", ", prefix="tensor(", threshold=100)
        standard = np.array(self._array.item() if self.size == 1 else 0.0).dtype
        notes = [f"dtype={self.dtype}"] * (self.dtype != standard)
        if self.requires_grad:
            notes.append("requires_grad=True" if self.is_leaf else f"op={self.node.title}")
        return f"tensor({', '.join([body, *notes])})"

    # where it came from

    @property
    def node(self) -> Node:
        """What was recorded of this value; a leaf of its own where nothing was."""
        if self._node is None:
            self._node = self._leaf(requires_grad=False)
        return self._node

    def _leaf(self, requires_grad: bool) -> Leaf:
        return Leaf(self._array, CONTEXT.get(), requires_grad, self._version, weakref.ref(self))

    @property
    def name(self) -> str | None:
        """What messages and pictures call it; None where it has no name."""
        return self._node.label[1] if self._node is not None and self._node.label else None

    @property
    def role(self) -> str | None:
        """What `label` said that it is: "parameter", "hidden_state", …"""
        return self._node.label[0] if self._node is not None and self._node.label else None

    @property
    def is_leaf(self) -> bool:
        """True for a value that no recorded op made."""
        return self._node is None or self._node.op is None

    @property
    def requires_grad(self) -> bool:
        """Whether what is computed from it is recorded; on a leaf it may be set."""
        return self._node is not None and self._node.requires_grad

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        check_flags("tensor", requires_grad=wanted)
        if wanted == self.requires_grad:
            return  # and a graph that used this leaf still knows it
        if not self.is_leaf:
            raise GraphError(
                "requires_grad: it can only be set on a leaf", got=repr(self.node.title), help="use detach()"
            )
        if wanted and self._array.dtype.kind != "f":
            raise DTypeError(
                f"tensor: {self.dtype} values cannot require grad",
                expected="float16, float32, float64",
                got=f"{self.dtype}{self.shape}",
                help="write 3.0 for 3, or pass dtype=float",
            )
        before = self._node
        self._node = after = self._leaf(wanted)
        if isinstance(before, Leaf):
            after.label, after.cut, after.hooks = before.label, before.cut, before.hooks

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Set `requires_grad` of a leaf; returns self."""
        self.requires_grad = requires_grad
        return self

    @property
    def grad(self) -> Tensor | None:
        """∂loss/∂self, accumulated by every `backward()` since it was last set to None."""
        self._taken("grad")
        return self._grad

    @grad.setter
    def grad(self, value: Any) -> None:
        self._taken("grad =")
        if value is not None and not isinstance(value, Tensor):
            value = Tensor(value, dtype=self.dtype)
        if value is not None and value.shape != self.shape:
            raise ShapeError("grad: the gradient has another shape than the Tensor", expected=str(self.shape),
                             got=str(value.shape))  # fmt: skip
        self._grad = value

    def detach(self) -> Tensor:
        """The same values, cut from the graph: no gradient passes. The record knows what they were cut from."""
        now = CONTEXT.get()
        if now.frozen is not None:  # a node, as another value will stand there when the function runs again
            return from_array(self._array, Node(_DETACH, (self.node,), (self._array,), {}, self._array, now, False))
        return cut_from(self, self._array)

    def assign(self, values: Any) -> Tensor:
        """Replace the values; the shape and dtype stay. The one write to a Tensor.

        A graph that used the old values cannot be differentiated any more: its backward raises GraphError.

        Raises:
            ShapeError: `values` has another shape. GraphError: this Tensor is the result of an op.
        """
        if CONTEXT.get().frozen is not None:
            self._taken("assign")
        array = values._array if isinstance(values, Tensor) else as_plain(values, "assign")
        if array.shape != self.shape:
            raise ShapeError(
                "assign: the values have another shape than the Tensor", expected=str(self.shape), got=str(array.shape)
            )
        if not np.can_cast(array.dtype, self.dtype, "same_kind"):
            raise DTypeError(
                f"assign: {array.dtype} values do not fit into {self.dtype}", help="convert them with astype"
            )
        if not self.is_leaf:
            raise GraphError("assign: the Tensor is the result of an op", got=repr(self.node.title),
                             help="assign to a leaf, or detach() first")  # fmt: skip
        replace_array(self, np.array(array, dtype=self.dtype))
        return self

    # what Python asks of an object

    if not TYPE_CHECKING:  # by the types of NumPy, array ∘ what has an __array__ is an array; ours is a Tensor

        def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
            if self.requires_grad:
                raise GraphError(
                    "__array__: NumPy would lose the graph of a Tensor that requires grad",
                    got=repr(self.node.title),
                    help="use the op of this library, or call .numpy() for the values alone",
                )
            return np.array(self._taken("array"), dtype=dtype)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise GraphError(
            "x[…] = …: a Tensor's values are never written in place",
            help="index_add(x, index, v) or where(mask, v, x) make a new Tensor; assign() replaces a leaf's values",
        )

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        twin = self.__copy__()
        memo[id(self)] = twin
        return twin

    def __copy__(self) -> Tensor:
        if not self.is_leaf:
            raise GraphError("copy: the Tensor is the result of an op", got=repr(self.node.title),
                             help="copy x.detach(), or the leaf")  # fmt: skip
        twin = type(self).__new__(type(self))
        Tensor.__init__(twin, self._array, requires_grad=self.requires_grad)
        if self._node is not None:
            twin.node.label = self._node.label
        twin._grad = self._grad if self._grad is None else Tensor(self._grad)
        return twin

    def __reduce__(self) -> Any:
        label = self._node.label if self._node is not None else None
        return _restore, (type(self), self._array, self.requires_grad, label)

    __hash__ = object.__hash__  # by identity, although == compares values

    # what is computed with it: `define` fills these in

    def backward(self, gradient: Any = None, *, retain_graph: bool = False, create_graph: bool = False) -> None: ...
    def register_hook(self, hook: Callable[[Tensor], Any]) -> Handle: ...
    def graph(
        self, *, values: bool = False, gradients: bool = False, terms: bool = False, cut: Collection[Any] = ()
    ) -> Any: ...

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any: ...
    def __array_function__(
        self, function: Any, types: Sequence[type], args: Sequence[Any], options: dict[str, Any]
    ) -> Any: ...

    def __getitem__(self, index: Any) -> Tensor: ...
    def __add__(self, other: Operand) -> Tensor: ...
    def __radd__(self, other: Operand) -> Tensor: ...
    def __iadd__(self, other: Operand) -> Tensor: ...
    def __sub__(self, other: Operand) -> Tensor: ...
    def __rsub__(self, other: Operand) -> Tensor: ...
    def __isub__(self, other: Operand) -> Tensor: ...
    def __mul__(self, other: Operand) -> Tensor: ...
    def __rmul__(self, other: Operand) -> Tensor: ...
    def __imul__(self, other: Operand) -> Tensor: ...
    def __truediv__(self, other: Operand) -> Tensor: ...
    def __rtruediv__(self, other: Operand) -> Tensor: ...
    def __itruediv__(self, other: Operand) -> Tensor: ...
    def __pow__(self, other: Operand) -> Tensor: ...
    def __rpow__(self, other: Operand) -> Tensor: ...
    def __ipow__(self, other: Operand) -> Tensor: ...
    def __matmul__(self, other: Operand) -> Tensor: ...
    def __rmatmul__(self, other: Operand) -> Tensor: ...
    def __imatmul__(self, other: Operand) -> Tensor: ...
    def __floordiv__(self, other: Operand) -> Tensor: ...
    def __rfloordiv__(self, other: Operand) -> Tensor: ...
    def __ifloordiv__(self, other: Operand) -> Tensor: ...
    def __mod__(self, other: Operand) -> Tensor: ...
    def __rmod__(self, other: Operand) -> Tensor: ...
    def __imod__(self, other: Operand) -> Tensor: ...
    def __and__(self, other: Operand) -> Tensor: ...
    def __rand__(self, other: Operand) -> Tensor: ...
    def __iand__(self, other: Operand) -> Tensor: ...
    def __or__(self, other: Operand) -> Tensor: ...
    def __ror__(self, other: Operand) -> Tensor: ...
    def __ior__(self, other: Operand) -> Tensor: ...
    def __xor__(self, other: Operand) -> Tensor: ...
    def __rxor__(self, other: Operand) -> Tensor: ...
    def __ixor__(self, other: Operand) -> Tensor: ...
    def __divmod__(self, other: Operand) -> tuple[Tensor, Tensor]: ...
    def __rdivmod__(self, other: Operand) -> tuple[Tensor, Tensor]: ...
    def __round__(self, ndigits: int | None = None) -> Tensor: ...
    def __invert__(self) -> Tensor: ...
    def __neg__(self) -> Tensor: ...
    def __pos__(self) -> Tensor: ...
    def __abs__(self) -> Tensor: ...
    def __lt__(self, other: Operand) -> Tensor: ...
    def __le__(self, other: Operand) -> Tensor: ...
    def __gt__(self, other: Operand) -> Tensor: ...
    def __ge__(self, other: Operand) -> Tensor: ...
    def __eq__(self, other: object) -> Tensor: ...  # type: ignore[override]
    def __ne__(self, other: object) -> Tensor: ...  # type: ignore[override]

    @property
    def T(self) -> Tensor: ...
    @property
    def mT(self) -> Tensor: ...
    def sum(
        self, axis: Axis = None, keepdims: bool = False, *, dtype: DType | None = None, initial: Bound = None,
        where: Any = True,
    ) -> Tensor: ...  # fmt: skip
    def mean(
        self, axis: Axis = None, keepdims: bool = False, *, dtype: DType | None = None, where: Any = True
    ) -> Tensor: ...
    def prod(
        self, axis: Axis = None, keepdims: bool = False, *, dtype: DType | None = None, initial: Bound = None,
        where: Any = True,
    ) -> Tensor: ...  # fmt: skip
    def max(self, axis: Axis = None, keepdims: bool = False, *, initial: Bound = None, where: Any = True) -> Tensor: ...
    def min(self, axis: Axis = None, keepdims: bool = False, *, initial: Bound = None, where: Any = True) -> Tensor: ...
    def var(
        self, axis: Axis = None, ddof: float = 0, keepdims: bool = False, *, dtype: DType | None = None,
        where: Any = True, mean: Any = None, correction: float | None = None,
    ) -> Tensor: ...  # fmt: skip
    def std(
        self, axis: Axis = None, ddof: float = 0, keepdims: bool = False, *, dtype: DType | None = None,
        where: Any = True, mean: Any = None, correction: float | None = None,
    ) -> Tensor: ...  # fmt: skip
    def cumsum(self, axis: int | None = None, *, dtype: DType | None = None) -> Tensor: ...
    def cumprod(self, axis: int | None = None, *, dtype: DType | None = None) -> Tensor: ...
    def clip(self, a_min: Bound = None, a_max: Bound = None, *, min: Bound = None, max: Bound = None) -> Tensor: ...
    def dot(self, b: Operand) -> Tensor: ...
    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor: ...
    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor: ...
    def take(self, indices: Operand, axis: int | None = None) -> Tensor: ...
    def repeat(self, repeats: Counts, axis: int | None = None) -> Tensor: ...
    def reshape(self, *shape: Axes) -> Tensor: ...
    def ravel(self) -> Tensor: ...
    def flatten(self) -> Tensor: ...
    def transpose(self, *axes: Axis) -> Tensor: ...
    def squeeze(self, axis: Axis = None) -> Tensor: ...
    def swapaxes(self, axis1: int, axis2: int) -> Tensor: ...
    def astype(self, dtype: DType) -> Tensor: ...
    def sort(self, axis: int | None = -1, *, kind: str | None = None, stable: bool | None = None) -> Tensor: ...
    def argsort(self, axis: int | None = -1, *, kind: str | None = None, stable: bool | None = None) -> Tensor: ...
    def argmax(self, axis: int | None = None, keepdims: bool = False) -> Tensor: ...
    def argmin(self, axis: int | None = None, keepdims: bool = False) -> Tensor: ...

    def abs(self) -> Tensor: ...
    def all(self, axis: Axis = None, keepdims: bool = False, *, where: Any = True) -> Tensor: ...
    def any(self, axis: Axis = None, keepdims: bool = False, *, where: Any = True) -> Tensor: ...
    def arccos(self) -> Tensor: ...
    def arccosh(self) -> Tensor: ...
    def arcsin(self) -> Tensor: ...
    def arcsinh(self) -> Tensor: ...
    def arctan(self) -> Tensor: ...
    def arctanh(self) -> Tensor: ...
    def array_split(self, indices_or_sections: Counts, axis: int = 0) -> list[Tensor]: ...
    def broadcast_to(self, shape: Axes) -> Tensor: ...
    def cbrt(self) -> Tensor: ...
    def ceil(self) -> Tensor: ...
    def cos(self) -> Tensor: ...
    def cosh(self) -> Tensor: ...
    def deg2rad(self) -> Tensor: ...
    def diag(self, k: int = 0) -> Tensor: ...
    def elu(self, alpha: float = 1.0) -> Tensor: ...
    def exp(self) -> Tensor: ...
    def exp2(self) -> Tensor: ...
    def expand_dims(self, axis: Axes) -> Tensor: ...
    def expm1(self) -> Tensor: ...
    def flip(self, axis: Axis = None) -> Tensor: ...
    def floor(self) -> Tensor: ...
    def gather(self, axis: int, index: Operand) -> Tensor: ...
    def gelu(self, approximate: str = "none") -> Tensor: ...
    def invert(self) -> Tensor: ...
    def isfinite(self) -> Tensor: ...
    def isinf(self) -> Tensor: ...
    def isnan(self) -> Tensor: ...
    def leaky_relu(self, negative_slope: float = 0.01) -> Tensor: ...
    def log(self) -> Tensor: ...
    def log10(self) -> Tensor: ...
    def log1p(self) -> Tensor: ...
    def log2(self) -> Tensor: ...
    def log_sigmoid(self) -> Tensor: ...
    def log_softmax(self, axis: Axis = -1) -> Tensor: ...
    def logical_not(self) -> Tensor: ...
    def logsumexp(self, axis: Axis = None, keepdims: bool = False) -> Tensor: ...
    def median(
        self, axis: Axis = None, out: None = None, overwrite_input: bool = False, keepdims: bool = False
    ) -> Tensor: ...
    def moveaxis(self, source: Axes, destination: Axes) -> Tensor: ...
    def nan_to_num(self, copy: bool = True, nan: Bound = 0.0, posinf: Bound = None, neginf: Bound = None) -> Tensor: ...
    def negative(self) -> Tensor: ...
    def norm(self, ord: float | None = None, axis: Axis = None, keepdims: bool = False) -> Tensor: ...
    def one_hot(self, num_classes: int, dtype: DType = np.float64) -> Tensor: ...
    def pad(self, pad_width: Any, mode: str = "constant", constant_values: float = 0) -> Tensor: ...
    def percentile(
        self, q: Numbers, axis: Axis = None, out: None = None, overwrite_input: bool = False, method: str = "linear",
        keepdims: bool = False,
    ) -> Tensor: ...  # fmt: skip
    def positive(self) -> Tensor: ...
    def quantile(
        self, q: Numbers, axis: Axis = None, out: None = None, overwrite_input: bool = False, method: str = "linear",
        keepdims: bool = False,
    ) -> Tensor: ...  # fmt: skip
    def rad2deg(self) -> Tensor: ...
    def relu(self) -> Tensor: ...
    def roll(self, shift: Counts, axis: Axis = None) -> Tensor: ...
    def round(self, decimals: int = 0) -> Tensor: ...
    def sigmoid(self) -> Tensor: ...
    def sign(self) -> Tensor: ...
    def silu(self) -> Tensor: ...
    def sin(self) -> Tensor: ...
    def sinc(self) -> Tensor: ...
    def sinh(self) -> Tensor: ...
    def softmax(self, axis: Axis = -1) -> Tensor: ...
    def softplus(self) -> Tensor: ...
    def split(self, indices_or_sections: Counts, axis: int = 0) -> list[Tensor]: ...
    def sqrt(self) -> Tensor: ...
    def square(self) -> Tensor: ...
    def tan(self) -> Tensor: ...
    def tanh(self) -> Tensor: ...
    def tile(self, reps: Counts) -> Tensor: ...
    def topk(self, k: int, axis: int = -1, largest: bool = True) -> tuple[Tensor, Tensor]: ...
    def tril(self, k: int = 0) -> Tensor: ...
    def triu(self, k: int = 0) -> Tensor: ...
    def trunc(self) -> Tensor: ...


def define(name: str, function: Callable[..., Any], doc: str | None = None) -> None:
    """Put `function` where Tensor's body declares `name`: it runs, the declaration says how it is called.

    A twin of the function, with the same code, so that it may stand in several places under the name of each.
    """
    declared = vars(Tensor)[name]
    is_property = isinstance(declared, property)
    assert isinstance(function, FunctionType)
    twin = FunctionType(function.__code__, function.__globals__, name, function.__defaults__, function.__closure__)
    twin.__kwdefaults__ = function.__kwdefaults__
    update_wrapper(twin, declared.fget if is_property else declared)
    twin.__doc__ = doc or function.__doc__
    setattr(Tensor, name, property(twin) if is_property else twin)


def _restore(kind: type[Tensor], array: Array, requires_grad: bool, label: tuple[str | None, str | None] | None) -> Any:
    twin = kind.__new__(kind)
    Tensor.__init__(twin, array, requires_grad=requires_grad)
    if label is not None:
        twin.node.label = label
    return twin


def _detached(x: Array) -> Array:
    return x


_DETACH = Op(_detached, differentiable=False)
_new = object.__new__


def from_array(array: Array, node: Node | None) -> Tensor:
    """A Tensor around an array that nobody else will write to."""
    tensor = _new(Tensor)
    tensor._array = array
    tensor._node = node
    tensor._grad = None
    tensor._version = 0
    return tensor


def replace_array(leaf: Tensor, array: Array) -> None:
    """Give a leaf other values, in an array of its shape and dtype that nobody else will write to."""
    leaf._array = array
    leaf._version += 1
    old = leaf._node
    if isinstance(old, Leaf):
        old.stale = leaf._version
        leaf._node = Leaf(array, old.context, old.requires_grad, leaf._version, old.owner)
        leaf._node.label, leaf._node.hooks = old.label, old.hooks


def cut_from(source: Tensor, array: Array) -> Tensor:
    """An array of numbers of `source`, without its graph: where there was one, the record knows what was cut."""
    tensor, node = from_array(array, None), source._node
    before = node.cut if isinstance(node, Leaf) else None
    if node is not None and (node.requires_grad or before):
        tensor._node = leaf = Leaf(array, node.context, False, 0, weakref.ref(tensor))
        made = node.context if node.op else None  # a leaf was made in no step: it was used there first
        leaf.cut = before or Cut(node.title, made and made.passage, made and made.step)
    return tensor


def tensor(data: Any, *, dtype: DType | None = None, requires_grad: bool = False, name: str | None = None) -> Tensor:
    """A Tensor with a copy of `data`.

    Args:
        data: numbers, nested sequences, an array, or a Tensor (its values).
        dtype: NumPy's rules when None: 1.0 is float64, an array keeps its own.
        requires_grad: record what is computed from it; only for floats.
        name: for messages and pictures.
    Raises:
        ShapeError: ragged data. DTypeError: not numbers, or integers that require grad.

    >>> tensor([1.0, 2.0])
    tensor([1., 2.])
    >>> tensor([[1.5]], dtype="float32", requires_grad=True, name="w")
    tensor([[1.5]], dtype=float32, requires_grad=True)
    """
    return Tensor(data, dtype=dtype, requires_grad=requires_grad, name=name)


def label(tensor: Tensor, role: str | None, name: str | None = None) -> Tensor:
    """Tell what a value is, for messages and pictures; the value itself is returned unchanged.

    Args:
        tensor: the value.
        role: "parameter", "input", "initial_state", "hidden_state", "cell_state", "gate", "output", "target", "loss".
        name: what a person calls it: "h", "W_hh", "i".
    """
    if role is not None and (type(role) is not str or role not in ROLES):
        raise GraphError(f"label: there is no role {role!r:.60}", expected=", ".join(ROLES))
    if type(name) is not str:
        check_name("label", "name", name)
    given: Any = tensor
    if not isinstance(given, Tensor):  # an op gives arrays for arrays, and those have no node
        as_plain(given, "label", REAL + "c")
        return tensor
    now = CONTEXT.get()  # a parameter is named anywhere
    if now.recording or now.tracing or tensor.requires_grad:
        tensor.node.label = (role, name)
    return tensor
