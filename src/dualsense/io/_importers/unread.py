"""Formats that are known by name and not read: who meets one is told its name, and what to do."""

from __future__ import annotations

MAGIC: tuple[tuple[bytes, str], ...] = (
    (
        b"MATLAB 5.0 MAT-file",
        "a MATLAB file: write the samples as HDF5 with /A-Scan, /Frequency or /Time, and /Position",
    ),
    (b"PK\x03\x04", "a ZIP archive: unpack it first"),
    (b"\x1f\x8b", "a gzip archive: unpack it first"),
    (b"CDF\x01", "a NetCDF file: write the samples as HDF5 with /A-Scan, /Frequency or /Time, and /Position"),
    (b"\x93NUMPY", "a NumPy array: write the samples as HDF5 with /A-Scan, /Frequency or /Time, and /Position"),
    (b"LASF", "a LAS point cloud, which holds no soundings"),
)
SUFFIXES = {
    ".iprb": "ImpulseRadar's traces: export them as SEG-Y",
    ".iprh": "ImpulseRadar's header: export its traces as SEG-Y",
    ".vol": "a volume of 3D-Radar: export it as SEG-Y",
    ".3dra": "a recording of 3D-Radar: export it as SEG-Y",
    ".gsf": "a recording of Geoscanners: export it as SEG-Y",
    ".zon": "a recording of Zond: export it as SEG-Y",
    ".active": "a ROS bag that its recorder never closed: `rosbag reindex` mends it",
    ".zstd": "a packed file: `zstd -d` unpacks it",
    ".dzx": "GSSI's marks: give the DZT file",
    ".dzg": "GSSI's positions: give the DZT file with --option gnss=THIS",
    ".gps": "a log of positions: give the traces with --option gnss=THIS",
    ".gp2": "a log of positions: give the traces with --option gnss=THIS",
    ".s1p": "one sweep of a network analyser: give a CSV with the columns file, x_m, y_m that lists them",
    ".s2p": "one sweep of a network analyser: give a CSV with the columns file, x_m, y_m that lists them",
}


def known_by_name(head: bytes, suffix: str) -> str:
    """Say what a file is that is known and not read; empty for others.

    Parameters
    ----------
    head
        First bytes.
    suffix
        End of its name.
    """
    by_magic = next((told for magic, told in MAGIC if head.startswith(magic)), "")
    return by_magic or SUFFIXES.get(suffix.lower(), "")
