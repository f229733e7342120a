"""Which scripts an edit of a plug-in touches: those, and no other job runs again."""

from pathlib import Path

import keepfaith
from keepfaith.artifacts.code_digest import code_files

SCRIPTS = Path(keepfaith.__file__).parents[1]
COMPUTING = {"compute_metrics", "compute_imported_metrics"}
SHOWING = {
    "draw_figures",
    "draw_imported_figures",
    "draw_summary_figures",
    "export_model",
    "write_imported_report",
    "write_report",
}
# A comparison computes the metrics of the examples that both studies have, and judges them.
EXPECTED = {
    # A page has the metrics' names.
    "keepfaith/calibration/metrics/ece.py": COMPUTING
    | {"compare", "write_imported_report", "write_report"},
    # The cautions of an imported task are sentences that name quantities.
    "keepfaith/statistics/quantities/brier.py": SHOWING
    | {"compare", "compute_imported_metrics", "judge", "pool"},
}


def test_a_plugin_is_run_by_these_scripts_alone():
    scripts = sorted(path.name for path in SCRIPTS.glob("*.py"))
    assert len(scripts) > 15
    files = {script: set(code_files([script], SCRIPTS)) for script in scripts}
    for plugin, expected in EXPECTED.items():
        found = {script.removesuffix(".py") for script in scripts if plugin in files[script]}
        assert found == expected, plugin
