"""Which scripts an edit of a plug-in touches: those, and no other job runs again."""

from pathlib import Path

import keepfaith
from keepfaith.artifacts.code_digest import code_files

SCRIPTS = Path(keepfaith.__file__).parents[1]
COMPUTING = {"compute_metrics", "compute_imported_metrics"}
SHOWING = {"draw_figures", "draw_imported_figures", "draw_summary_figures", "export_model", "write_report"}  # fmt: skip

PLUGINS = {
    "keepfaith/calibration/metrics/ece.py": COMPUTING | {"write_report"},
    # The cautions of an imported task are sentences that name quantities.
    "keepfaith/statistics/quantities/brier.py": {"judge", "pool", "compute_imported_metrics"}
    | SHOWING,
}


def test_a_plugin_is_run_by_these_scripts_alone():
    scripts = sorted(path.name for path in SCRIPTS.glob("*.py"))
    assert len(scripts) > 15
    files = {script: set(code_files([script], SCRIPTS)) for script in scripts}
    for plugin, expected in PLUGINS.items():
        found = {script.removesuffix(".py") for script in scripts if plugin in files[script]}
        assert found == expected, plugin
