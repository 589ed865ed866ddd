"""The innermost loop of the Kirchhoff sum in explicit vectors of eight depths.

A compiler that is left to itself turns the look-up in a trace into one load for each of four numbers. They lie
side by side, so that one load brings both samples of both parts, and a transposition of eight such loads gives
vectors again. That, and no more, is written here for LLVM, through Numba's public intrinsics; it does what
:func:`dualsense.gpr._kernels.add_two` says in plain Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from dualsense._numba import FASTMATH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LANES = 8
PARTS = 4
_FLAGS = tuple(sorted(FASTMATH))
_F32, _I32, _I64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_VECTOR, _QUAD = ir.VectorType(_F32, LANES), ir.VectorType(_F32, 4)
_INDICES = ir.VectorType(_I32, LANES)


class _Vectors:
    """The few operations that the loop is made of, on a builder."""

    def __init__(self, builder: ir.IRBuilder) -> None:
        self.b = builder

    def splat(self, value: Any) -> Any:
        empty = ir.Constant(_VECTOR, ir.Undefined)
        one = self.b.insert_element(empty, value, ir.Constant(_I32, 0))
        return self.b.shuffle_vector(one, empty, ir.Constant(_INDICES, [0] * LANES))

    def pick(self, a: Any, b: Any, order: Sequence[int]) -> Any:
        kind = ir.VectorType(_I32, len(order))
        return self.b.shuffle_vector(a, b, ir.Constant(kind, list(order)))

    def load(self, pointer: Any, kind: Any = _VECTOR) -> Any:
        value = self.b.load(self.b.bitcast(pointer, kind.as_pointer()))
        value.align = 4
        return value

    def store(self, value: Any, pointer: Any) -> None:
        self.b.store(value, self.b.bitcast(pointer, _VECTOR.as_pointer())).align = 4

    def add(self, a: Any, b: Any) -> Any:
        return self.b.fadd(a, b, flags=_FLAGS)

    def mul(self, a: Any, b: Any) -> Any:
        return self.b.fmul(a, b, flags=_FLAGS)

    def between(self, a: Any, b: Any, part: Any) -> Any:
        return self.add(a, self.mul(part, self.b.fsub(b, a, flags=_FLAGS)))

    def samples(self, trace: Any, index: Any) -> tuple[Any, Any, Any, Any]:
        """Real and imaginary parts at eight indices, and at those after them."""
        quads = []
        for lane in range(LANES):
            i = self.b.zext(self.b.extract_element(index, ir.Constant(_I32, lane)), _I64)
            quads.append(self.load(self.b.gep(trace, [self.b.shl(i, ir.Constant(_I64, 1))]), _QUAD))
        wide = [self.pick(quads[lane], quads[lane + 4], range(LANES)) for lane in range(4)]
        low, high = (0, 8, 1, 9, 4, 12, 5, 13), (2, 10, 3, 11, 6, 14, 7, 15)
        first = [self.pick(wide[i], wide[i + 1], low) for i in (0, 2)]
        after = [self.pick(wide[i], wide[i + 1], high) for i in (0, 2)]
        even, odd = (0, 1, 8, 9, 4, 5, 12, 13), (2, 3, 10, 11, 6, 7, 14, 15)
        halves = [self.pick(a, b, order) for a, b in (first, after) for order in (even, odd)]
        return halves[0], halves[1], halves[2], halves[3]


def _adder(count: int) -> Callable[..., Any]:
    """Code generator for ``count`` soundings at once, whose sums are loaded and stored once."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Sequence[Any]) -> Any:
        def array(i: int) -> Any:
            return make_array(signature.args[i])(context, builder, args[i])

        v = _Vectors(builder)
        leg, weight, trace, place, part, image = (array(i) for i in (0, 1, 2, 5, 6, 10))
        column, last, start, offset, n = args[7], v.splat(args[8]), args[9], args[11], args[12]
        row = builder.extract_value(place.shape, 2)
        samples = builder.shl(builder.extract_value(trace.shape, 1), ir.Constant(_I64, 1))
        soundings = []
        for m in range(count):
            at = builder.add(builder.mul(ir.Constant(_I64, 3 * m), row), column)
            rows, parts = [], []
            for data in (leg.data, leg.data, weight.data):
                first = builder.zext(builder.load(builder.gep(place.data, [at])), _I64)
                rows += [builder.gep(data, [first]), builder.gep(data, [builder.add(first, n)])]
                parts.append(v.splat(builder.load(builder.gep(part.data, [at]))))
                at = builder.add(at, row)
            soundings.append((rows, parts, builder.gep(trace.data, [builder.mul(args[3 + m], samples)])))
        zero = ir.Constant(_VECTOR, [0.0] * LANES)
        with cgutils.for_range_slice(builder, start, n, ir.Constant(_I64, LANES), intp=_I64) as (k, _):
            sums = []
            for rows, parts, values in soundings:
                column_of = [v.load(builder.gep(one, [k])) for one in rows]
                down = v.between(column_of[0], column_of[1], parts[0])
                time = v.add(down, v.between(column_of[2], column_of[3], parts[1]))
                heard = builder.fcmp_ordered("<", time, last)
                time = builder.select(heard, time, zero)
                index = builder.fptosi(time, _INDICES)
                f = builder.fsub(time, builder.sitofp(index, _VECTOR), flags=_FLAGS)
                w = builder.select(heard, v.between(column_of[4], column_of[5], parts[2]), zero)
                re0, im0, re1, im1 = v.samples(values, index)
                re, im = v.between(re0, re1, f), v.between(im0, im1, f)
                energy = v.add(v.mul(re, re), v.mul(im, im))
                sums.append((v.mul(w, re), v.mul(w, im), w, v.mul(w, energy)))
            at = builder.add(offset, k)
            for i in range(PARTS):
                pointer = builder.gep(image.data, [at])
                total = v.load(pointer)
                for one in sums:
                    total = v.add(total, one[i])
                v.store(total, pointer)
                at = builder.add(at, n)
        return context.get_dummy_value()

    return generate


@intrinsic
def _one(
    _context: Any,
    leg: Any,
    weight: Any,
    trace: Any,
    a: Any,  # noqa: ARG001
    b: Any,  # noqa: ARG001
    place: Any,
    part: Any,
    column: Any,  # noqa: ARG001
    last: Any,  # noqa: ARG001
    start: Any,  # noqa: ARG001
    image: Any,
    offset: Any,  # noqa: ARG001
    n: Any,  # noqa: ARG001
) -> Any:
    """:func:`dualsense.gpr._kernels.add_one` for float32."""
    return _signature(leg, weight, trace, place, part, image), _adder(1)


@intrinsic
def _two(
    _context: Any,
    leg: Any,
    weight: Any,
    trace: Any,
    a: Any,  # noqa: ARG001
    b: Any,  # noqa: ARG001
    place: Any,
    part: Any,
    column: Any,  # noqa: ARG001
    last: Any,  # noqa: ARG001
    start: Any,  # noqa: ARG001
    image: Any,
    offset: Any,  # noqa: ARG001
    n: Any,  # noqa: ARG001
) -> Any:
    """:func:`dualsense.gpr._kernels.add_two` for float32."""
    return _signature(leg, weight, trace, place, part, image), _adder(2)


add_one: Any = _one
add_two: Any = _two


def _signature(leg: Any, weight: Any, trace: Any, place: Any, part: Any, image: Any) -> Any:
    i = types.intp
    return types.void(leg, weight, trace, i, i, place, part, i, types.float32, i, image, i, i)
