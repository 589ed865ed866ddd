"""What soundings have in common, taken away: layers, ringing, antenna imperfections.

Every method works on spectra aligned at the ground surface, and on each channel by itself. Each also takes part of
a target away; :func:`dualsense.gpr.target_loss` tells how much.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from dualsense.errors import ScanError
from dualsense.gpr._clean.line_background import remove_line_background
from dualsense.gpr._clean.moving import RADIUS_M, Moving, alignment
from dualsense.gpr._clean.robust_pca import robust_pca

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._clean.surface import Surface
    from dualsense.gpr._soundings import Soundings
    from dualsense.recipe.gpr import BackgroundMethod

    Complex = NDArray[np.complex128]

MIN_EXTENT = 0.6
"""Part of the track over which a component must extend to be background; random ones extend over a half."""
MAX_AUTO_RANK = 8
PCA_TOLERANCE = 1e-4
"""80 dB under the data: more steps would change the background by less than a recording's noise."""
PCA_STEPS = 100
ROUNDING = 1e-24
"""Part of a channel's energy that may change by rounding alone, in double precision."""


def remove_background(
    soundings: Soundings,
    surface: Surface,
    *,
    method: BackgroundMethod = "auto",
    radius_m: float = RADIUS_M,
    line_radius_m: float = 1.0,
    rank: int | Literal["auto"] = "auto",
    sparse_weight: float = 1.4,
    reference_start_s: float | None = None,
    reference_stop_s: float | None = None,
    along_m: NDArray[np.float64] | None = None,
) -> Soundings:
    """Subtract what the soundings of a channel have in common once they are aligned at the surface.

    ============= =========================================================================================
    auto          line-median on a line where no surface was fitted, moving-median elsewhere
    moving-median distance-weighted median of each real and imaginary part over the neighbours: ignores bodies
                  narrower than the radius, whatever their strength
    moving-mean   the same with a mean: faster, and leaves a shadow around strong bodies
    median, mean  over all soundings: least loss of small bodies, but follows neither drift nor changing soil
    svd           the leading singular components
    robust-pca    the low-rank part beside sparse outliers (:func:`dualsense.gpr.robust_pca`)
    reference     mean of the soundings of a stretch of the scan that is known to hold no target
    line-median   median over time along a line (:func:`dualsense.gpr.remove_line_background`), unaligned
    none          nothing
    ============= =========================================================================================

    Parameters
    ----------
    soundings, surface
        n soundings over k frequencies, and the surface that was fitted to them.
    method
        As in the table above.
    radius_m
        Moving: standard deviation of the weights exp(-d^2 / 2 radius^2), which end at 2.5 radii; of many
        neighbours, 120 evenly along the track are enough. It must be well above the size of what is
        looked for.
    line_radius_m
        line-median: half-width of its window.
    rank
        svd: how many components. "auto" takes them from the strongest on, at most ``MAX_AUTO_RANK``, while they
        rise above noise (2.858 medians of the singular values at most; Gavish and Donoho 2014) and their effective
        extent, (sum |u|^2)^2 / n sum |u|^4 over the soundings, is at least 0.6 of the track: what one place alone
        has is not background, however strong.
    sparse_weight
        robust-pca: weight of the sparse part, relative to 1/sqrt(max(m, n)). With less than 1 a layer, which lies
        in a few samples of time, counts as sparse and stays; more explains more by the background, and takes
        more of a target along.
    reference_start_s, reference_stop_s
        reference: from and to, seconds since the start of the scan.
    along_m : (n,), optional
        Position along the line that the soundings lie on; None for a patch.

    Returns
    -------
    Soundings
        What is left; :func:`unchanged_channels` names the channels from which nothing was taken.

    Raises
    ------
    ScanError
        When a channel has no sounding in the reference's stretch, or no stretch is given, and for a median along a
        line where there is none.

    References
    ----------
    Gavish, M. and Donoho, D. L. (2014). The optimal hard threshold for singular values is 4/sqrt(3). IEEE
    Transactions on Information Theory 60, 5040-5053.
    """
    method = settled(method, surface, along_m)
    if method == "none" or soundings.time_s.size == 0:
        return soundings
    if method == "line-median":
        return _along_line(soundings, along_m, line_radius_m)
    if method in ("moving-median", "moving-mean"):
        return Moving.of(soundings, surface, method, radius_m).removed()
    phase = alignment(soundings, surface)
    aligned = soundings.spectrum * phase
    out = np.empty_like(aligned)
    for c in np.unique(soundings.channel):
        rows = np.flatnonzero(soundings.channel == c)
        one = aligned[rows]
        if method == "svd":
            common = _leading(one, rank)
        elif method == "robust-pca":
            common = _low_rank(one, sparse_weight)
        elif method == "reference":
            inside = _within(soundings.time_s[rows], reference_start_s, reference_stop_s, int(c))
            common = one[inside].mean(axis=0)
        elif method == "median":
            common = np.median(one.real, axis=0) + 1j * np.median(one.imag, axis=0)
        elif method == "mean":
            common = one.mean(axis=0)
        else:
            msg = f"unknown method of background removal: {method!r}"
            raise ValueError(msg)
        out[rows] = one - common
    return replace(soundings, spectrum=out * phase.conj())


def removed_energy(before: Soundings, after: Soundings) -> dict[int, float]:
    """Part of each channel's energy that a step took away: that of the difference over that of ``before``.

    Parameters
    ----------
    before, after
        n soundings over k frequencies, and what a step has made of them: the same soundings and frequencies.

    Returns
    -------
    dict of int to float
        By channel. Channels in which there was no energy are left out.

    Raises
    ------
    ValueError
        When the two do not have the same soundings and frequencies.
    """
    if before.spectrum.shape != after.spectrum.shape:
        shapes = f"{before.spectrum.shape} and {after.spectrum.shape}"
        msg = f"energies before and after need the same soundings and frequencies, got {shapes}"
        raise ValueError(msg)
    shares = {}
    for c in np.unique(before.channel):
        rows = before.channel == c
        whole = float((np.abs(before.spectrum[rows]) ** 2).sum())
        if whole > 0.0:
            taken = float((np.abs(before.spectrum[rows] - after.spectrum[rows]) ** 2).sum())
            shares[int(c)] = taken / whole
    return shares


def unchanged_channels(before: Soundings, after: Soundings) -> tuple[int, ...]:
    """Channels from which a step removed nothing, but for rounding.

    Of the background removal that happens with "svd" and the rank "auto" where no component extends over the
    track, and with "robust-pca" where the low-rank part is empty: all that the soundings have in common is still
    there.

    Parameters
    ----------
    before, after
        As for :func:`removed_energy`.

    Returns
    -------
    tuple of int
        In ascending order; channels in which there was no energy are not among them.

    Raises
    ------
    ValueError
        When the two do not have the same soundings and frequencies.
    """
    return tuple(c for c, share in removed_energy(before, after).items() if share <= ROUNDING)


def reference_spectra(soundings: Soundings, surface: Surface) -> dict[int, Complex]:
    """Mean spectrum (k,) of each channel, aligned at the surface: a recording over ground without targets.

    Parameters
    ----------
    soundings, surface
        n soundings over k frequencies, and the surface that was fitted to them.

    Returns
    -------
    dict of int to (k,) complex128
        By channel.
    """
    aligned = soundings.spectrum * alignment(soundings, surface)
    return {int(c): aligned[soundings.channel == c].mean(axis=0) for c in np.unique(soundings.channel)}


def subtract_reference(soundings: Soundings, surface: Surface, reference: dict[int, Complex]) -> Soundings:
    """Subtract another scan's :func:`reference_spectra`, moved to the surface of each sounding.

    Parameters
    ----------
    soundings, surface
        n soundings over k frequencies, and the surface that was fitted to them.
    reference
        By channel, spectra over the same k frequencies.

    Returns
    -------
    Soundings

    Raises
    ------
    ScanError
        When the reference lacks a channel or has other frequencies.
    """
    phase = alignment(soundings, surface)
    out = soundings.spectrum.copy()
    for c in np.unique(soundings.channel):
        spectrum = reference.get(int(c))
        if spectrum is None or spectrum.shape != soundings.frequency_hz.shape:
            found = "none" if spectrum is None else f"one of {spectrum.size} tones"
            msg = f"channel {c} needs a reference of {soundings.frequency_hz.size} tones, got {found}"
            raise ScanError(msg)
        rows = soundings.channel == c
        out[rows] -= spectrum * phase[rows].conj()
    return replace(soundings, spectrum=out)


def settled(method: BackgroundMethod, surface: Surface, along_m: NDArray[np.float64] | None) -> BackgroundMethod:
    """Give what "auto" stands for: to antennas on the ground coupling and surface are one, alike along a line."""
    if method != "auto":
        return method
    return "moving-median" if along_m is None or surface.fitted else "line-median"


def _along_line(soundings: Soundings, along_m: NDArray[np.float64] | None, radius_m: float) -> Soundings:
    if along_m is None:
        msg = "gpr.background.method is line-median, and the soundings lie on no line"
        raise ScanError(msg)
    return remove_line_background(soundings, along_m, radius_m=radius_m)


def _within(
    time_s: NDArray[np.float64], start_s: float | None, stop_s: float | None, channel: int
) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = np.zeros(time_s.shape, dtype=bool)
    if start_s is not None and stop_s is not None:
        inside = (time_s >= start_s) & (time_s <= stop_s)
    if not inside.any():
        msg = (
            f"background reference from {start_s} s to {stop_s} s: channel {channel} has no sounding in it, "
            f"its soundings are from {time_s.min():.3f} s to {time_s.max():.3f} s"
        )
        raise ScanError(msg)
    return inside


def _leading(values: Complex, rank: int | Literal["auto"]) -> Complex:
    """Sum of the leading singular components."""
    u, s, vh = np.linalg.svd(values, full_matrices=False)
    count = _extended(u, s, values.shape) if rank == "auto" else rank
    common: Complex = (u[:, :count] * s[:count]) @ vh[:count]
    return common


def _extended(u: Complex, s: NDArray[np.float64], shape: tuple[int, ...]) -> int:
    """How many of the leading components rise above noise and extend over the track."""
    beta = min(shape) / max(shape)
    noise = (0.56 * beta**3 - 0.95 * beta**2 + 1.82 * beta + 1.43) * float(np.median(s)) if s.size > 1 else 0.0
    floor = max(noise, 1e-10 * float(s[0]))
    count = 0
    for column, value in zip(u.T[:MAX_AUTO_RANK], s, strict=False):
        extent = 1.0 / (column.size * float((np.abs(column) ** 4).sum()))
        if value <= floor or extent < MIN_EXTENT:
            break
        count += 1
    return count


def _low_rank(values: Complex, sparse_weight: float) -> Complex:
    """Low-rank part over time, where a target's echo is short: sparse, as it is not over frequency.

    The transform is unitary, so that it changes neither rank nor noise. Unevenly spaced tones are taken as they
    are numbered; that blurs time, and less of an echo is sparse.
    """
    traces = np.fft.ifft(values, axis=1, norm="ortho")
    weight = sparse_weight / np.sqrt(max(values.shape))
    found = robust_pca(traces, weight=weight, tolerance=PCA_TOLERANCE, max_steps=PCA_STEPS)
    low: Complex = np.fft.fft(found.low, axis=1, norm="ortho")
    return low
