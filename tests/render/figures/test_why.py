"""What a picture says of a recording that failed checks, and where it says that nothing was measured."""

from __future__ import annotations

from dataclasses import replace

from dualsense.faults import fault
from dualsense.render._figures import notes, panels
from dualsense.result import Doubt


def test_failed_checks_are_said_in_short_lines(make_result):
    result = make_result()
    assert notes.why_lines(result) == []
    usual_in = notes.list_height_in(result, 1)
    said = (
        fault("track-offset", offset_mm=31.0),
        fault("metal-unvouched", sensor="emi", path="/emi"),
        fault("emi-only-noise"),
    )
    doubts = tuple(Doubt(code, "pose", 0.0, 9.0, "ground") for code in ("metal-unvouched", "track-offset"))
    result = replace(result, faults=said, doubts=doubts)
    lines = notes.why_lines(result)
    assert lines[0] == "\u26a0 all tracked heights are off by +31 mm"
    assert any("metal detector" in line for line in lines)
    assert len(lines) <= 3 * notes.WHY
    assert not any("…" in line for line in lines)
    assert max(len(line) for line in lines) <= notes.WHY_LETTERS
    assert "noise" not in " ".join(lines)
    assert notes.list_height_in(result, 1) > usual_in


def test_ground_that_metal_or_a_stuck_sensor_took_is_said_without_a_check(make_result):
    result = make_result()
    hidden, stuck = (
        fault("emi-metal-hidden", part=0.94),
        fault("soundings-stuck", sensor="gpr", path="/gpr", count=46),
    )
    little = replace(result, faults=(hidden,), sensor_coverage={"gpr": 1.0, "emi": 0.97})
    assert notes.why_lines(little) == []
    much = replace(little, sensor_coverage={"gpr": 1.0, "emi": 0.05})
    assert "94%" in " ".join(notes.why_lines(much))
    assert "stuck" in " ".join(notes.why_lines(replace(result, faults=(stuck,))))


def test_that_nothing_was_measured_covers_no_target():
    class Panel:
        limits = (0.0, 40.0, 0.0, 40.0)
        at = ()

        def write(self, x, y, _text, **_look):
            self.at = x, y

    for beside, height in (((), 20.0), ([(5.0, 20.0)], 33.6), ([(5.0, 34.0), (9.0, 21.0)], 6.4)):
        panel = Panel()
        panels.draw_message(panel, "NOTHING MEASURED", beside=beside)
        assert panel.at == (20.0, height)
