"""Large arrays of ``result.h5``, packed here and not by HDF5."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.runtime.memory import lay_aside

if TYPE_CHECKING:
    import h5py
    from numpy.typing import NDArray

CHUNK_BYTES = 1 << 19
LEVEL = 1


def packed(group: h5py.Group, name: str, values: NDArray[Any]) -> h5py.Dataset:
    """Dataset of chunks that are shuffled and deflated here.

    On noisy numbers zlib's run-length strategy is more than twice as fast as its search for repetitions, for files
    as large, and here it works without Python's lock. Readers meet HDF5's own shuffle and gzip filters.
    """
    row_bytes = values[0].nbytes
    count = min(max(CHUNK_BYTES // max(row_bytes, 1), 1), values.shape[0])
    chunks = (count, *values.shape[1:])
    options: Any = {"chunks": chunks, "compression": "gzip", "compression_opts": LEVEL, "shuffle": True}
    dataset = group.create_dataset(name, shape=values.shape, dtype=values.dtype, track_times=False, **options)
    for start in range(0, values.shape[0], count):
        block = np.ascontiguousarray(values[start : start + count])
        if block.shape[0] < count:
            filled = np.zeros(chunks, dtype=values.dtype)
            filled[: block.shape[0]] = block
            block = filled
        shuffled = np.ascontiguousarray(block.reshape(-1).view(np.uint8).reshape(block.size, -1).T)
        packer = zlib.compressobj(LEVEL, zlib.DEFLATED, zlib.MAX_WBITS, 8, zlib.Z_RLE)
        offset = (start, *(0 for _ in values.shape[1:]))
        dataset.id.write_direct_chunk(offset, packer.compress(shuffled.data) + packer.flush())
        lay_aside(values)
    return dataset
