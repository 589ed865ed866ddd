"""The innermost loops of the Kirchhoff sum in explicit vectors of eight depths.

A compiler that is left to itself turns the look-up in a trace into one load for each of four numbers. They lie
side by side, so that one load brings both samples of both parts, and a transposition of eight such loads gives
vectors again. That, and no more, is written here for LLVM, through Numba's public intrinsics; it does what
:func:`add_group` and :func:`add_one` say in plain Python.

Times and sums are loops of their own. In one loop each look-up waits for its time, a chain so long that the
processor's window holds hardly more than one; apart, times are streamed, and look-ups find their places ready.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from dualsense.runtime.jit import FASTMATH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WIDTH = 8
TAIL = 4
"""Depths of one step of the loops, and of the last one where no more than so many are left."""
PARTS = 4
"""What is summed: both parts, the weights, the weighted energy."""
GROUP = 4
"""Soundings that are added to a column of voxels while it is read and written once."""
TILE = 16
"""Cells of a line whose rows of the tables are known at a time."""
_FLAGS = tuple(sorted(FASTMATH))
_F32, _I32, _I64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_QUAD = ir.VectorType(_F32, 4)


class _Vectors:
    """The few operations that the loops are made of, on a builder, for a multiple of four depths."""

    def __init__(self, builder: ir.IRBuilder, width: int) -> None:
        self.b, self.width = builder, width
        self.real, self.whole = ir.VectorType(_F32, width), ir.VectorType(_I32, width)

    def splat(self, value: Any) -> Any:
        empty = ir.Constant(self.real, ir.Undefined)
        one = self.b.insert_element(empty, value, ir.Constant(_I32, 0))
        return self.b.shuffle_vector(one, empty, ir.Constant(self.whole, [0] * self.width))

    def load(self, pointer: Any, kind: Any = None) -> Any:
        value = self.b.load(self.b.bitcast(pointer, (kind or self.real).as_pointer()))
        value.align = 4
        return value

    def store(self, value: Any, pointer: Any) -> None:
        self.b.store(value, self.b.bitcast(pointer, value.type.as_pointer())).align = 4

    def add(self, a: Any, b: Any) -> Any:
        return self.b.fadd(a, b, flags=_FLAGS)

    def mul(self, a: Any, b: Any) -> Any:
        return self.b.fmul(a, b, flags=_FLAGS)

    def between(self, a: Any, b: Any, part: Any) -> Any:
        return self.add(a, self.mul(part, self.b.fsub(b, a, flags=_FLAGS)))

    def interleave(self, a: Any, b: Any, order: Sequence[int]) -> Any:
        """Two of each four entries of a and b: ``order`` counts those of a from 0 and those of b from 4."""
        fours = range(self.width // 4)
        which = [4 * four + k % 4 + (self.width if k > 3 else 0) for four in fours for k in order]
        return self.b.shuffle_vector(a, b, ir.Constant(self.whole, which))

    def samples(self, trace: Any, places: Any) -> tuple[Any, Any, Any, Any]:
        """Real and imaginary parts at the indices that lie at ``places``, and at those after them."""
        quads = []
        for entry in range(self.width):
            i = self.b.zext(self.b.load(self.b.gep(places, [ir.Constant(_I64, entry)])), _I64)
            quads.append(self.load(self.b.gep(trace, [self.b.shl(i, ir.Constant(_I64, 1))]), _QUAD))
        if self.width > TAIL:
            both = ir.Constant(self.whole, list(range(self.width)))
            quads = [self.b.shuffle_vector(quads[k], quads[k + 4], both) for k in range(4)]
        first = [self.interleave(quads[k], quads[k + 1], (0, 4, 1, 5)) for k in (0, 2)]
        after = [self.interleave(quads[k], quads[k + 1], (2, 6, 3, 7)) for k in (0, 2)]
        even, odd = (0, 1, 4, 5), (2, 3, 6, 7)
        parts = [self.interleave(a, b, order) for a, b in (first, after) for order in (even, odd)]
        return parts[0], parts[1], parts[2], parts[3]


def _steps(
    builder: ir.IRBuilder, start: Any, stop: Any, widths: Sequence[int], body: Callable[[_Vectors, Any], None]
) -> None:
    """Call ``body`` for steps of as many depths as the first width says, then at most one of each other width."""
    done = start
    for width in widths:
        step = ir.Constant(_I64, width)
        left = builder.and_(builder.sub(stop, done), ir.Constant(_I64, -width))
        end = builder.add(done, left)
        with cgutils.for_range_slice(builder, done, end, step, intp=_I64) as (k, _):
            body(_Vectors(builder, width), k)
        done = end


def _int(value: int) -> Any:
    return ir.Constant(_I64, value)


def _table_rows(
    builder: ir.IRBuilder, table: Any, places: Any, parts: Any, m: int, n: Any
) -> tuple[list[Any], list[Any]]:
    """Both rows between which each table of the m-th sounding is read, and the part of the way between them.

    table, places and parts are pointers: to the tables, and to the first sounding's entries of a cell.
    """
    rows, between = [], []
    for i in range(3):
        at = _int((3 * m + i) * TILE)
        row = builder.zext(builder.load(builder.gep(places, [at])), _I64)
        rows += [builder.gep(table, [row]), builder.gep(table, [builder.add(row, n)])]
        between.append(builder.load(builder.gep(parts, [at])))
    return rows, between


def _look_up(
    v: _Vectors, k: Any, *, rows: Sequence[Any], between: Sequence[Any], last: Any, room: Any, m: int
) -> None:
    """Keep for depths from k on where the m-th sounding is read: the sample, the part to the next, the weight."""
    b = v.b
    read = [v.load(b.gep(one, [k])) for one in rows]
    down = v.between(read[0], read[1], v.splat(between[0]))
    time = v.add(down, v.between(read[2], read[3], v.splat(between[1])))
    inside = b.fcmp_ordered("<", time, v.splat(last))
    zero = ir.Constant(v.real, [0.0] * v.width)
    time = b.select(inside, time, zero)
    index = b.fptosi(time, v.whole)
    w = v.between(read[4], read[5], v.splat(between[2]))
    rest = b.fsub(time, b.sitofp(index, v.real), flags=_FLAGS)
    at = b.add(b.mul(k, _int(3 * GROUP)), _int(m * WIDTH))
    for value in (index, rest, b.select(inside, w, zero)):
        v.store(value, b.gep(room, [at]))
        at = b.add(at, _int(GROUP * WIDTH))


def _add_up(v: _Vectors, k: Any, *, traces: Sequence[Any], room: Any, column: Any) -> None:
    """Add what the soundings hold at the kept places to the sums of depths from k on."""
    b = v.b
    into = b.gep(column, [b.mul(k, _int(PARTS))])
    pointers = [b.gep(into, [_int(i * WIDTH)]) for i in range(PARTS)]
    sums = [v.load(pointer) for pointer in pointers]
    kept = b.gep(room, [b.mul(k, _int(3 * GROUP))])
    for m, values in enumerate(traces):
        index, f, w = (b.gep(kept, [_int((i * GROUP + m) * WIDTH)]) for i in range(3))
        re0, im0, re1, im1 = v.samples(values, b.bitcast(index, _I32.as_pointer()))
        f, w = v.load(f), v.load(w)
        re, im = v.between(re0, re1, f), v.between(im0, im1, f)
        energy = v.add(v.mul(re, re), v.mul(im, im))
        more = v.mul(w, re), v.mul(w, im), w, v.mul(w, energy)
        sums = [v.add(total, one) for total, one in zip(sums, more, strict=True)]
    for total, pointer in zip(sums, pointers, strict=True):
        v.store(total, pointer)


def _adder(count: int) -> Callable[..., Any]:
    """Code generator for ``count`` soundings, the first of them being the ``g``-th of their group."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Sequence[Any]) -> Any:
        from numba.np.arrayobj import make_array  # noqa: PLC0415 - slow to import, and only compiling needs it

        table, trace, which, place, part, room, image = (
            make_array(kind)(context, builder, arg).data
            for kind, arg in zip(signature.args[:7], args, strict=False)
        )
        g, column, last, start, stop, offset, n = args[7:]
        room = builder.gep(room, [builder.mul(g, _int(WIDTH))])
        first = builder.add(builder.mul(g, _int(3 * TILE)), column)
        places, parts = builder.gep(place, [first]), builder.gep(part, [first])
        for m in range(count):
            rows, between = _table_rows(builder, table, places, parts, m, n)
            read = partial(_look_up, rows=rows, between=between, last=last, room=room, m=m)
            _steps(builder, start, stop, (WIDTH, TAIL), read)
        numbers = [builder.add(g, _int(m)) for m in range(count)]
        traces = [builder.gep(trace, [builder.load(builder.gep(which, [m]))]) for m in numbers]
        add = partial(_add_up, traces=traces, room=room, column=builder.gep(image, [offset]))
        _steps(builder, start, stop, (WIDTH, TAIL), add)
        return context.get_dummy_value()

    return generate


def _typed(count: int) -> Any:
    def typing(
        _context: Any,
        table: Any,
        trace: Any,
        which: Any,
        place: Any,
        part: Any,
        room: Any,
        image: Any,
        g: Any,  # noqa: ARG001
        column: Any,  # noqa: ARG001
        last: Any,  # noqa: ARG001
        start: Any,  # noqa: ARG001
        stop: Any,  # noqa: ARG001
        offset: Any,  # noqa: ARG001
        n: Any,  # noqa: ARG001
    ) -> Any:
        arrays = table, trace, which, place, part, room, image
        i = types.intp
        return types.void(*arrays, i, i, types.float32, i, i, i, i), _adder(count)

    return intrinsic(typing)


add_one: Any = _typed(1)
add_group: Any = _typed(GROUP)
