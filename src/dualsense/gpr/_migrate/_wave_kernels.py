"""Compiled loops of the wavenumber route: rays by their slowness, kernels over wavenumber.

No validation and no strings here; :func:`dualsense.gpr.wavenumber` does both.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from dualsense.gpr._rays._ray_kernels import ROWS, path_gains
from dualsense.runtime.jit import jit

prange = numba.prange
single = np.float32
RAYS = 160


@jit()
def trace_rays(height, thickness, index, c, max_rho, rho, time, slowness):
    """Lateral distance, one-way time and lateral slowness of rays that leave the antenna ever more obliquely.

    Snell: the sine in air is the ray parameter p, and a layer of index n adds d p / sqrt(n^2 - p^2) to the
    distance and d n^2 / sqrt(n^2 - p^2) to the time. The tangents in air are spaced by their area hyperbolic
    sine from the vertical to a ray that would reach max_rho within the air alone.

    height is the antenna's; thickness, index (layers,) the ground's down to the depth; c the speed of light. rho,
    time and slowness (rays,) are filled.
    """
    last = rho.size - 1
    span = math.asinh(max_rho / height)
    for i in range(rho.size):
        u = math.sinh(span * i / last)
        cos2 = 1.0 / (1.0 + u * u)
        p = u * math.sqrt(cos2)
        distance = height * u
        path = height * math.sqrt(1.0 + u * u)
        for k in range(index.size):
            if thickness[k] > 0.0:
                normal = math.sqrt(index[k] * index[k] - 1.0 + cos2)  # n cos, exact for n = 1 too
                distance += thickness[k] * p / normal
                path += thickness[k] * index[k] * index[k] / normal
        rho[i] = distance
        time[i] = path / c
        slowness[i] = p / c


@jit()
def ray_time(r, rho, time, slowness):
    """Time at lateral distance r: cubic between the traced rays, whose slope is their slowness.

    rho, time and slowness (rays,) as of :func:`trace_rays`.
    """
    lo = 0
    hi = rho.size - 1
    while hi - lo > 1:
        mid = (lo + hi) // 2
        if rho[mid] <= r:
            lo = mid
        else:
            hi = mid
    d = rho[hi] - rho[lo]
    f = (r - rho[lo]) / d
    g = 1.0 - f
    return (
        time[lo] * g * g * (1.0 + 2.0 * f)
        + time[hi] * f * f * (1.0 + 2.0 * g)
        + d * f * g * (slowness[lo] * g - slowness[hi] * f)
    )


@jit()
def two_way_times(x, y, count_x, count_y, offset, tx_rays, rx_rays, out):
    """Two-way times (4, y, x) of a point at (x, y), (-x, y), (x, -y) and (-x, -y) from the midpoint.

    x, y are the kernel's samples, of which the first count_x and count_y are meant; offset (3,) is that of the
    antennas; tx_rays, rx_rays (3, rays) are distance, time and slowness. out (4, y, x) is filled.
    """
    for q in range(4):
        sx = 1.0 - 2.0 * (q & 1)
        sy = 1.0 - 2.0 * (q >> 1)
        for j in range(count_y):
            ty = sy * y[j] + 0.5 * offset[1]
            ry = sy * y[j] - 0.5 * offset[1]
            for i in range(count_x):
                tx = sx * x[i] + 0.5 * offset[0]
                rx = sx * x[i] - 0.5 * offset[0]
                down = ray_time(math.sqrt(tx * tx + ty * ty), tx_rays[0], tx_rays[1], tx_rays[2])
                up = ray_time(math.sqrt(rx * rx + ry * ry), rx_rays[0], rx_rays[1], rx_rays[2])
                out[q, j, i] = down + up


@jit()
def ray_gains(height, thickness, index, loss, max_rho, gain):
    """Amplitude of the rays of :func:`trace_rays` over that straight down.

    height, thickness, index and max_rho as there; loss (layers,) in nepers per metre. gain (rays,) is filled.
    """
    last = gain.size - 1
    span = math.asinh(max_rho / height)
    x = np.empty(gain.size)
    layers = np.empty((index.size, gain.size))
    for i in range(gain.size):
        x[i] = height * math.sinh(span * i / last)
        layers[:, i] = thickness
    path_gains(x, np.full(gain.size, height), layers, index, loss, np.empty((ROWS, gain.size)), gain)


@jit()
def fill_weights(x, y, count_x, count_y, radius, reach, end, rho, gain, time, out):
    """Kirchhoff's weights (4, y, x): taper, cosine, both legs' gain; none after the end; 1/2 on the axes.

    x, y, count_x, count_y as for :func:`two_way_times`; radius of the aperture; reach is the height of the antenna
    above the apparent depth; end that of the traces; rho, gain (rays,) as of :func:`ray_gains`; time (4, y, x)
    two-way. out (4, y, x) is filled.
    """
    for j in range(count_y):
        for i in range(count_x):
            e2 = x[i] * x[i] + y[j] * y[j]
            e = math.sqrt(e2)
            lo = 0
            hi = rho.size - 1
            while hi - lo > 1:
                mid = (lo + hi) // 2
                if rho[mid] <= e:
                    lo = mid
                else:
                    hi = mid
            g = gain[lo] + (gain[hi] - gain[lo]) * (e - rho[lo]) / (rho[hi] - rho[lo])
            taper = max(1.0 - e2 / (radius * radius), 0.0)
            w = taper * taper * g * g * reach / math.sqrt(reach * reach + e2)
            w *= (0.5 if x[i] == 0.0 else 1.0) * (0.5 if y[j] == 0.0 else 1.0)
            for q in range(4):
                out[q, j, i] = w if time[q, j, i] < end else 0.0


@jit()
def fill_waves(omega, count_x, count_y, quadrants, time, out):
    """Fill out (4, 2, y, x) with the real and imaginary parts of exp(i omega t).

    omega in rad/s; the first count_x, count_y samples of so many quadrants of time (4, y, x).
    """
    for q in range(quadrants):
        for j in range(count_y):
            for i in range(count_x):
                out[q, 0, j, i] = math.cos(omega * time[q, j, i])
                out[q, 1, j, i] = math.sin(omega * time[q, j, i])


@jit()
def turn_waves(turn, count_x, count_y, quadrants, wave):
    """Multiply waves (4, 2, y, x) by others: from one frequency to the next.

    turn (4, 2, y, x) multiplies wave of the same shape, in place, in the first count_x, count_y samples of so many
    quadrants.
    """
    for q in range(quadrants):
        for j in range(count_y):
            for i in range(count_x):
                a, b = wave[q, 0, j, i], wave[q, 1, j, i]
                wave[q, 0, j, i] = a * turn[q, 0, j, i] - b * turn[q, 1, j, i]
                wave[q, 1, j, i] = a * turn[q, 1, j, i] + b * turn[q, 0, j, i]


@jit()
def fill_parities(count_x, count_y, wave, weight, even, out):
    """Kernel w exp(i omega t), split into parts even-even, odd-odd, odd-even and even-odd in x and y.

    wave (4, 2, y, x) is the exponential; out (4, 2, y, x) float32: part, real or imaginary. Of one that is
    ``even`` in both, one quadrant tells all.

    weight (4, y, x) is that of :func:`fill_weights`; count_x, count_y as for :func:`two_way_times`.
    """
    for j in range(count_y):
        for i in range(count_x):
            if even:
                out[0, 0, j, i] = 4.0 * weight[0, j, i] * wave[0, 0, j, i]
                out[0, 1, j, i] = 4.0 * weight[0, j, i] * wave[0, 1, j, i]
                continue
            for q in range(4):
                sx = 1.0 - 2.0 * (q & 1)
                sy = 1.0 - 2.0 * (q >> 1)
                a = weight[q, j, i] * wave[q, 0, j, i]
                b = weight[q, j, i] * wave[q, 1, j, i]
                if q == 0:
                    for p in range(4):
                        out[p, 0, j, i] = a
                        out[p, 1, j, i] = b
                else:
                    out[0, 0, j, i] += a
                    out[0, 1, j, i] += b
                    out[1, 0, j, i] += sx * sy * a
                    out[1, 1, j, i] += sx * sy * b
                    out[2, 0, j, i] += sx * a
                    out[2, 1, j, i] += sx * b
                    out[3, 0, j, i] += sy * a
                    out[3, 1, j, i] += sy * b


@jit()
def transform(part, over_y, over_x, count_x, count_y, columns, half, out):
    """Cosine or sine transform of one quadrant: out[l, m] = sum_ji over_y[j, l] part[j, i] over_x[i, m].

    half (x, l) is scratch; columns (l,) tells how many m are wanted in row l.

    count_x, count_y of the samples of part (y, x) count; over_y (y, l) and over_x (x, m) are the waves.
    """
    rows = columns.size
    for i in range(count_x):
        for l in range(rows):  # noqa: E741
            half[i, l] = single(0.0)
        for j in range(0, count_y - 1, 2):  # two at a time: half as many sums are read and written
            p = part[j, i]
            q = part[j + 1, i]
            for l in range(rows):  # noqa: E741
                half[i, l] += p * over_y[j, l] + q * over_y[j + 1, l]
        if count_y % 2:
            p = part[count_y - 1, i]
            for l in range(rows):  # noqa: E741
                half[i, l] += p * over_y[count_y - 1, l]
    for l in range(rows):  # noqa: E741
        n = columns[l]
        for m in range(n):
            out[l, m] = single(0.0)
        for i in range(0, count_x - 1, 2):
            h = half[i, l]
            g = half[i + 1, l]
            for m in range(n):
                out[l, m] += h * over_x[i, m] + g * over_x[i + 1, m]
        if count_x % 2:
            h = half[count_x - 1, l]
            for m in range(n):
                out[l, m] += h * over_x[count_x - 1, m]


@jit()
def multiply_add(data, kernel, even, sx, sy, columns, out):
    """Add data times kernel to out, in one quadrant of wavenumbers.

    The kernel there is cc - sx sy ss - i (sx sc + sy cs), of the transforms (4, 2, l, m) cc, ss, sc and cs, of
    which ``even`` says that only cc is not zero. data and out are (2, l, m).

    sx and sy are the signs of kx and ky in the quadrant; columns (l,) as for :func:`transform`.
    """
    both = sx * sy
    for l in range(columns.size):  # noqa: E741
        n = columns[l]
        if even:
            for m in range(n):
                out[0, l, m] += kernel[0, 0, l, m] * data[0, l, m] - kernel[0, 1, l, m] * data[1, l, m]
                out[1, l, m] += kernel[0, 0, l, m] * data[1, l, m] + kernel[0, 1, l, m] * data[0, l, m]
        else:
            for m in range(n):
                re = (
                    kernel[0, 0, l, m]
                    - both * kernel[1, 0, l, m]
                    + sx * kernel[2, 1, l, m]
                    + sy * kernel[3, 1, l, m]
                )
                im = (
                    kernel[0, 1, l, m]
                    - both * kernel[1, 1, l, m]
                    - sx * kernel[2, 0, l, m]
                    - sy * kernel[3, 0, l, m]
                )
                out[0, l, m] += re * data[0, l, m] - im * data[1, l, m]
                out[1, l, m] += re * data[1, l, m] + im * data[0, l, m]


@jit()
def transform_parities(
    parts, turned, odd_x, odd_y, cos_x, sin_x, cos_y, sin_y, count_x, count_y, columns, half, out
):
    """Transform the parities (4, 2, y, x) of :func:`fill_parities` that are not zero, into out (4, 2, l, m).

    turned, odd_x and odd_y say whether the kernel has a part that is odd in x and y, in x, in y; parts (4, 2, y,
    x); cos_x, sin_x (x, m) and cos_y, sin_y (y, l) the waves; count_x, count_y, columns and half as for
    :func:`transform`.
    """
    for i in range(2):
        transform(parts[0, i], cos_y, cos_x, count_x, count_y, columns, half, out[0, i])
        if turned:
            transform(parts[1, i], sin_y, sin_x, count_x, count_y, columns, half, out[1, i])
        if odd_x:
            transform(parts[2, i], cos_y, sin_x, count_x, count_y, columns, half, out[2, i])
        if odd_y:
            transform(parts[3, i], sin_y, cos_x, count_x, count_y, columns, half, out[3, i])


@jit()
def extrapolate_plane(
    data, kind, omega, field, columns, x, y, cos_x, sin_x, cos_y, sin_y, thickness, index, loss, reach, radius, c,
    end, out,
):  # fmt: skip
    """One depth of :func:`extrapolate`, with its arguments.

    thickness (layers,), reach and radius are those of this depth; data, kind, omega, field, columns, x, y, cos_x,
    sin_x, cos_y, sin_y, index, loss, c and end as there. out (fields, 4, 2, ny, nx) is added to.
    """
    count_x = min(x.size, int(radius / (x[1] - x[0])) + 1) if x.size > 1 else 1
    count_y = min(y.size, int(radius / (y[1] - y[0])) + 1) if y.size > 1 else 1
    tx_rays = np.empty((3, RAYS))
    rx_rays = np.empty((3, RAYS))
    time = np.empty((4, y.size, x.size))
    weight = np.empty((4, y.size, x.size))
    wave = np.empty((4, 2, y.size, x.size))
    turn = np.empty((4, 2, y.size, x.size))
    parts = np.empty((4, 2, y.size, x.size), np.float32)
    half = np.empty((x.size, cos_y.shape[1]), np.float32)
    kernel = np.empty((4, 2, cos_y.shape[1], cos_x.shape[1]), np.float32)
    apart = max(x[1] if x.size > 1 else 0.0, y[1] if y.size > 1 else 0.0)
    for g in range(kind.shape[0]):
        offset = kind[g, :3]
        h = kind[g, 3]
        turned = offset[0] != 0.0 and offset[1] != 0.0
        odd_x = offset[0] != 0.0 and offset[2] != 0.0
        odd_y = offset[1] != 0.0 and offset[2] != 0.0
        even = not (turned or odd_x or odd_y)
        farthest = radius * 1.5 + 0.5 * math.sqrt(offset[0] * offset[0] + offset[1] * offset[1])
        tilt = 0.5 * offset[2]
        trace_rays(h - tilt, thickness, index, c, farthest, tx_rays[0], tx_rays[1], tx_rays[2])
        trace_rays(h + tilt, thickness, index, c, farthest, rx_rays[0], rx_rays[1], rx_rays[2])
        two_way_times(x, y, count_x, count_y, offset, tx_rays, rx_rays, time)
        # nearer the ground than the kernel's samples are apart, a weight would fall between them
        above = max(h, apart - reach)
        trace_rays(above, thickness, index, c, farthest, tx_rays[0], tx_rays[1], tx_rays[2])
        ray_gains(above, thickness, index, loss, farthest, tx_rays[1])
        rho, gain = tx_rays[0], tx_rays[1]
        fill_weights(x, y, count_x, count_y, radius, above + reach, end, rho, gain, time, weight)
        kernel[:] = single(0.0)
        quadrants = 1 if even else 4
        step = 0.0
        for f in range(omega.size):
            if step > 0.0 and abs(omega[f] - omega[f - 1] - step) < 1e-9 * step:
                turn_waves(turn, count_x, count_y, quadrants, wave)
            else:  # a new row of evenly spaced frequencies
                fill_waves(omega[f], count_x, count_y, quadrants, time, wave)
                step = omega[min(f + 1, omega.size - 1)] - omega[f]
                fill_waves(step, count_x, count_y, quadrants, time, turn)
            fill_parities(count_x, count_y, wave, weight, even, parts)
            n = columns[f]
            transform_parities(
                parts, turned, odd_x, odd_y, cos_x, sin_x, cos_y, sin_y, count_x, count_y, n, half, kernel
            )
            for q in range(4):
                sx = single(1.0 - 2.0 * (q & 1))
                sy = single(1.0 - 2.0 * (q >> 1))
                multiply_add(data[g, f, q], kernel, even, sx, sy, n, out[field[f], q])


@jit(parallel=True)
def extrapolate(
    data, kind, omega, field, columns, x, y, cos_x, sin_x, cos_y, sin_y, thickness, index, loss, reach, radius, c,
    end, out,
):  # fmt: skip
    """Multiply the soundings' wavenumber spectra with the migration kernel of every depth and sum over frequency.

    Each iteration of the parallel loop owns one depth. data (kinds, frequencies, 4, 2, ny, nx) float32 holds the
    quadrants (+,+), (-,+), (+,-), (-,-) of (kx, ky); kind (kinds, 4) the antennas' offset in x, y, z and
    their mean height; field (frequencies,) what a frequency belongs to, columns (frequencies, ny) how many kx
    count in a row. x, y are the kernel's samples from 0 on, cos_x, sin_x (x, nx), cos_y, sin_y (y, ny) their
    transforms; thickness (depths, layers), index and loss (layers,), the loss in nepers per metre; reach (depths,)
    the depth as seen from air, radius (depths,) the aperture. out (depths, fields, 4, 2, ny, nx) float32 comes
    zeroed.

    omega (frequencies,) is in rad/s, c the speed of light, end the end of the traces in seconds.
    """
    for iz in prange(radius.size):
        extrapolate_plane(
            data, kind, omega, field, columns, x, y, cos_x, sin_x, cos_y, sin_y,
            thickness[iz], index, loss, reach[iz], radius[iz], c, end, out[iz],
        )  # fmt: skip
