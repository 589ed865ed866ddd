"""Every check in one table, its limits worded from the numbers that it is made with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dualsense.integrity import _agree as agree
from dualsense.integrity import _alike as alike
from dualsense.integrity import _inspect as inspect
from dualsense.integrity import _metal as metal
from dualsense.integrity import _places as places
from dualsense.integrity import _stream as stream
from dualsense.integrity import _track as track
from dualsense.integrity._doubt import takes_away

if TYPE_CHECKING:
    from dualsense.result import Taken


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what it is called, what it measures, its limit, and what a failure takes away.

    Attributes
    ----------
    code
        Of the fault that it tells, one of `dualsense.faults.KINDS`.
    measures
        What is measured, in one line.
    limit
        From where on it fails.
    """

    code: str
    measures: str
    limit: str

    @property
    def takes_away(self) -> Taken:
        """What is lost.

        "samples": they are left out and their ground is not covered; "ground": they are used, and their ground is
        not covered.
        """
        return takes_away(self.code)


def _mm(length_m: float) -> str:
    return f"{1e3 * length_m:g} mm"


(_SHORT, _SHORT_LIMIT), (_LONG, _LONG_LIMIT) = stream.WINDOWS

# fmt: off
CHECKS: Final = (
    Check("samples-repeated", "samples equal to an earlier one in every column", "one"),
    Check("stretch-only-noise",
        f"variation from sounding to sounding over that within {_SHORT} and {_LONG} of them",
        f"{_SHORT_LIMIT}, and {_LONG_LIMIT}: 1 is white noise"),
    Check("stretch-noisy", "third differences of metal samples, where they are white, over the scan's middle",
        f"{stream.LOUD ** 0.5:g}"),
    Check("gain-stepped", "step of the logarithm of what soundings have in common, and of its phase",
        f"{stream.STEP} from sounding to sounding, {stream.APART} between stretches"),
    Check("samples-clipped", "samples that share the largest or smallest value of a column", f"{stream.TIES}"),
    Check("tones-noisy", "variation of a tone from sounding to sounding over that within the scan",
        f"{stream.TONE}, and {stream.TONE_OVER:g} times the middle tone's"),
    Check("noise-unlike", "radar: tones that are noise for a while, beside the others and their usual variation; "
        "metal: third differences of a column, where they are white, over the scan's, by medians",
        f"{alike.DISTURBED} tones within {alike.TONES_WINDOW} soundings; {alike.METAL_LOUD ** 0.5:g} within "
        f"{alike.METAL_WINDOW} samples"),
    Check("coupling-unlike", "what a stretch's soundings have in common, less what goes with height and what all "
        "have, over the latter; where the scan has a reference in free air, less that, over the smaller of both",
        f"{alike.OTHERWISE} of the middle tone, or {alike.TONE_OTHERWISE} of {alike.TONES_OTHERWISE} tones, in "
        f"{alike.COUPLING_WINDOW} soundings; {alike.FROM_PROFILE}"),
    Check("record-short", "depth from which the radar's record has echoes", f"{100.0 * inspect.DEPTH_M:g} cm"),
    Check("track-stuck", "poses in a row that repeat a place, of a tracker that otherwise trembles",
        f"{track.STUCK_S} s, or {track.STUCK_AXIS_S} s along one axis"),
    Check("track-jumps", "step of the track beyond its speed and its noise", _mm(track.JUMP_M)),
    Check("track-jitters", "noise of the poses, by their second differences", _mm(track.JITTER_M)),
    Check("track-uneven", "noise of the poses along x over that along y, each over what the file states of it",
        f"{track.UNEVEN}, either way, of noise of {_mm(track.UNEVEN_M)}; the same of both over that along z"),
    Check("track-too-fast", "speed of the head",
        f"{track.FAST_M_S} m/s on the middle over a patch, {track.FASTEST_M_S:g} m/s anywhere"),
    Check("patch-narrow", "least width of the swept patch, of all directions",
        _mm(track.NARROW_M)),
    Check("track-level", "spread of the heights of a head that trembles sideways", "0"),
    Check("clock-disagrees", "lag at which the tracked heights follow those that the ground's echo tells",
        f"{agree.LAG_LIMIT_S} s, where passes are less alike than {agree.IN_STEP}"),
    Check("passes-disagree",
        "likeness of the radar's louder traces on neighbouring passes, over that along a pass",
        f"{agree.CLOSE}, and {agree.DEEP_CLOSE} of what lies deeper than the ground's echo; {agree.FAR} and "
        f"{agree.DEEP_FAR} where none come nearer than {_mm(agree.CLOSE_M)}"),
    Check("scale-disagrees", "way along the track within which the radar's traces stay alike",
        f"less than {agree.SHORT} at {_mm(sum(agree.SHORT_M) / 2.0)}, or than {agree.ALL_SIDES} of what it is "
        f"nearby at {sum(agree.WAVES) / 2.0:.2g} of a wave's length, {agree.WITHIN} with a head slower than "
        f"{agree.SLOW_M_S} m/s; more than {agree.BEYOND} at "
        f"{sum(agree.FAR_WAVES) / 2.0:.2g} of it with a head quicker than {agree.QUICK_M_S} m/s"),
    Check("metal-disagrees", "energy of the difference of metal samples of neighbouring passes over half of both, "
        "by most pairs and by all their energy", f"{metal.METAL_DIFFERS} by both: 1 has nothing in common"),
    Check("metal-unvouched", "what the course of the ground explains of metal samples, over the most that it does "
        "shifted in time, where passes do not agree on metal", f"less than {metal.ALIVE}"),
    Check("track-offset", "tracked heights over those that the delay of the ground's echo behind the direct wave "
        "tells", f"{_mm(agree.OFFSET_M)}; {_mm(agree.UNKNOWN_OFFSET_M)} for antennas that are not known"),
    Check("places-disagree", "offset between metal and the radar's echoes that all objects share, by how much "
        "likelier it is than none", f"{places.SIGMAS} standard deviations, and {_mm(places.OFFSET_M)}"),
    Check("ways-disagree", "lag of the radar's clock by how far the clearest echoes lie apart by passes to and by "
        "passes fro", f"{places.WAYS_SIGMAS:g} standard deviations, and {places.LATE_S} s"),
)
# fmt: on
"""Every check, in the order in which a scan meets them."""
