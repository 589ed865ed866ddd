"""What is done most often in the simulated radar's sums, in explicit vectors: an echo's share of nodes of delay.

All numbers of one node lie side by side, but a compiler that cannot tell what overlaps adds them one by one. What
:func:`add_pair` and :func:`add_twice` say in plain Python is written here for LLVM, through Numba's public
intrinsics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic, overload
from numba.np.arrayobj import make_array

from dualsense.runtime.jit import FASTMATH
from dualsense.simulate._radar._kernels import LINES, WIDTH

if TYPE_CHECKING:
    from collections.abc import Sequence

ROW = 2 * LINES
"""Numbers of a row of fields: all lines across the dipole, then all along it."""
_FLAGS = tuple(sorted(FASTMATH))
_F64, _I32, _I64 = ir.DoubleType(), ir.IntType(32), ir.IntType(64)


def add_pair(rows, tx, c0, c1, d0, d1, rx, e0, e1, f0, f1, weights, w, part, series, at):
    """Add the product of both legs' fields to six nodes.

    A leg's field lies between two rows, each of which is across the dipole and along it.

    Parameters
    ----------
    rows : (r,)
        Rows of `ROW` numbers.
    tx, rx
        Where the first of a leg's rows begins.
    c0, c1, d0, d1
        Weights of the transmitter's rows: across in the first and in the second, along in the first and second.
    e0, e1, f0, f1
        The same for the receiver's.
    weights : (8 (s + 1),)
        Of the nodes, padded to eight, at even parts of the way from one node to the next.
    w, part
        Where the weights before the place begin, and the part of the way to those after it.
    series : (LINES g,)
        Output, added to.
    at
        Where the first node begins.
    """
    half = LINES // 2
    for m in range(half):
        i, j = tx + m, rx + m
        a = c0 * rows[i] + c1 * rows[i + 16] + d0 * rows[i + 8] + d1 * rows[i + 24]
        c = e0 * rows[j] + e1 * rows[j + 16] + f0 * rows[j + 8] + f1 * rows[j + 24]
        i, j = i + half, j + half
        b = c0 * rows[i] + c1 * rows[i + 16] + d0 * rows[i + 8] + d1 * rows[i + 24]
        d = e0 * rows[j] + e1 * rows[j + 16] + f0 * rows[j + 8] + f1 * rows[j + 24]
        for node in range(WIDTH):
            weight = (1.0 - part) * weights[w + node] + part * weights[w + 8 + node]
            series[at + LINES * node + m] += weight * (a * c - b * d)
            series[at + LINES * node + half + m] += weight * (a * d + b * c)


def add_twice(one, two, weights, w, part, series, at):
    """Add two real values to six nodes of a series of two numbers each: arguments as for :func:`add_pair`."""
    for node in range(WIDTH):
        weight = (1.0 - part) * weights[w + node] + part * weights[w + 8 + node]
        series[at + 2 * node] += weight * one
        series[at + 2 * node + 1] += weight * two


class _Vectors:
    """The few operations that the sums are made of, on a builder."""

    def __init__(self, builder: ir.IRBuilder) -> None:
        self.b = builder

    def splat(self, value: Any, width: int = LINES) -> Any:
        empty = ir.Constant(ir.VectorType(_F64, width), ir.Undefined)
        one = self.b.insert_element(empty, value, ir.Constant(_I32, 0))
        return self.pick(one, [0] * width)

    def pick(self, value: Any, order: Sequence[int], other: Any = None) -> Any:
        """Entries of one vector, or of two after each other, by their numbers."""
        kind = ir.VectorType(_I32, len(order))
        return self.b.shuffle_vector(value, value if other is None else other, ir.Constant(kind, list(order)))

    def load(self, data: Any, at: Any, more: int = 0, width: int = LINES) -> Any:
        place = self.b.gep(data, [self.b.add(at, ir.Constant(_I64, more))])
        value = self.b.load(self.b.bitcast(place, ir.VectorType(_F64, width).as_pointer()))
        value.align = 8
        return value

    def add_to(self, data: Any, at: Any, more: int, value: Any) -> None:
        place = self.b.gep(data, [self.b.add(at, ir.Constant(_I64, more))])
        place = self.b.bitcast(place, value.type.as_pointer())
        before = self.b.load(place)
        before.align = 8
        self.b.store(self.add(before, value), place).align = 8

    def add(self, a: Any, b: Any) -> Any:
        return self.b.fadd(a, b, flags=_FLAGS)

    def less(self, a: Any, b: Any) -> Any:
        return self.b.fsub(a, b, flags=_FLAGS)

    def mul(self, a: Any, b: Any) -> Any:
        return self.b.fmul(a, b, flags=_FLAGS)

    def weights(self, data: Any, w: Any, part: Any) -> Any:
        low, high = self.load(data, w), self.load(data, w, LINES)
        return self.add(low, self.mul(self.splat(part), self.less(high, low)))

    def field(self, rows: Any, at: Any, parts: Sequence[Any]) -> Any:
        """Field of a leg: rows times weights, in the order of `add_pair`."""
        out = None
        for part, more in zip(parts, (0, ROW, LINES, ROW + LINES), strict=True):
            one = self.mul(self.splat(part), self.load(rows, at, more))
            out = one if out is None else self.add(out, one)
        return out


def _data(context: Any, builder: ir.IRBuilder, kind: Any, value: Any) -> Any:
    return make_array(kind)(context, builder, value).data


def _generate_pair(context: Any, builder: ir.IRBuilder, signature: Any, args: Sequence[Any]) -> Any:
    v, half = _Vectors(builder), list(range(LINES // 2))
    rows, weights, series = (_data(context, builder, signature.args[i], args[i]) for i in (0, 11, 14))
    one, two = v.field(rows, args[1], args[2:6]), v.field(rows, args[6], args[7:11])
    rest = [LINES // 2 + i for i in half]
    (a, b), (c, d) = ([v.pick(f, half), v.pick(f, rest)] for f in (one, two))
    real, imaginary = v.less(v.mul(a, c), v.mul(b, d)), v.add(v.mul(a, d), v.mul(b, c))
    product = v.pick(real, range(LINES), imaginary)
    weight = v.weights(weights, args[12], args[13])
    for node in range(WIDTH):
        v.add_to(series, args[15], LINES * node, v.mul(v.pick(weight, [node] * LINES), product))
    return context.get_dummy_value()


def _generate_twice(context: Any, builder: ir.IRBuilder, signature: Any, args: Sequence[Any]) -> Any:
    v = _Vectors(builder)
    weights, series = (_data(context, builder, signature.args[i], args[i]) for i in (2, 5))
    both = builder.insert_element(v.splat(args[0], 2), args[1], ir.Constant(_I32, 1))
    weight = v.weights(weights, args[3], args[4])
    for first, nodes in ((0, 4), (4, WIDTH - 4)):
        twice = v.pick(weight, [first + n // 2 for n in range(2 * nodes)])
        v.add_to(series, args[6], 2 * first, v.mul(twice, v.pick(both, [0, 1] * nodes)))
    return context.get_dummy_value()


def _type_pair(
    _context: Any, rows: Any, tx: Any, c0: Any, c1: Any, d0: Any, d1: Any, rx: Any, e0: Any, e1: Any, f0: Any,
    f1: Any, weights: Any, w: Any, part: Any, series: Any, at: Any,
) -> Any:  # fmt: skip
    f, i = types.float64, types.intp
    del tx, c0, c1, d0, d1, rx, e0, e1, f0, f1, w, part, at
    return types.void(rows, i, f, f, f, f, i, f, f, f, f, weights, i, f, series, i), _generate_pair


def _type_twice(_context: Any, one: Any, two: Any, weights: Any, w: Any, part: Any, series: Any, at: Any) -> Any:
    f, i = types.float64, types.intp
    del one, two, w, part, at
    return types.void(f, f, weights, i, f, series, i), _generate_twice


_add_pair: Any = intrinsic(_type_pair)
_add_twice: Any = intrinsic(_type_twice)


@overload(add_pair, inline="always")
def _pair(rows, tx, c0, c1, d0, d1, rx, e0, e1, f0, f1, weights, w, part, series, at):
    return lambda rows, tx, c0, c1, d0, d1, rx, e0, e1, f0, f1, weights, w, part, series, at: _add_pair(
        rows, tx, c0, c1, d0, d1, rx, e0, e1, f0, f1, weights, w, part, series, at
    )


@overload(add_twice, inline="always")
def _twice(one, two, weights, w, part, series, at):
    return lambda one, two, weights, w, part, series, at: _add_twice(one, two, weights, w, part, series, at)
