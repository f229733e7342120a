"""Text that would run in a page stays text: the report of hostile data, opened in a real browser."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import polars as pl
import pytest
import yaml
from workflow_copy import Workflow

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
RUNS = "document.title='owned'"
PAYLOADS = [
    f"<script>{RUNS}</script>",
    f'"><img src=x onerror="{RUNS}">',
    f"</span></p></details></style></script><svg onload={RUNS}>",
    f'<iframe srcdoc="<script>parent.{RUNS}</script>"></iframe>',
    f'<a href="javascript:{RUNS}" autofocus onfocus="{RUNS}">x</a>',
    "{{ 7 * 7 }} {% include 'page.css' %} ${7*7}",
    '=HYPERLINK("http://evil.example") <!-- ]]> -->',
    "\u202egnp.exe \u0000"[:-1],
]
HOSTILE = f"Hostile {PAYLOADS[0]} {PAYLOADS[1]} {PAYLOADS[5]}"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a study whose every text tries to run."""
    from workflow_copy import copy_workflow

    workflow: Workflow = copy_workflow(tmp_path_factory.mktemp("hostile") / "study")
    folder = workflow.folder
    rows = [
        {
            "id": f"=1+1{payload}{n}",
            "text": f"film {payload} good",
            "label": n % 2,
            "spans": [[0, 4]],
        }
        for n in range(3)
        for payload in PAYLOADS
    ]
    (folder / "data").mkdir()
    (folder / "data/rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = {
        "version": 1,
        "description": HOSTILE,
        "citation": HOSTILE,
        "prompt": f"{PAYLOADS[1]} {{text}} {PAYLOADS[2]}\nAnswer:",
        "fields": ["text"],
        "options": ["no", PAYLOADS[0]],
        "sources": {
            "local": {
                "id": "id",
                "rationale": {"text": "spans"},
                "splits": {"evaluation": "rows.jsonl"},
            }
        },
    }
    (folder / "config/catalog/tasks/hostile.yaml").write_text(yaml.safe_dump(task))
    for kind, name in (("models", "builtin"), ("orders", "cosine")):
        path = folder / f"config/catalog/{kind}/{name}.yaml"
        path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"description": HOSTILE}))
    result = workflow.run(
        "--configfile", "mini.yaml", "--config",
        "tasks=[hostile]", "folders={data: data}", "task_source=auto", "levels={maximum: 1}",
        "methods=[input_x_gradient]", "examples={evaluation: 16, explanation: 8, tuning: 0}",
        "report={explained_examples: 8}", "scoring={over_long: cut_left}", "stability={seeds: 0}",
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-4000:]
    return folder / "results"


def test_no_cell_of_a_csv_file_is_a_formula(report: Path) -> None:
    for path in report.glob("summary/*.csv"):
        for column in pl.read_csv(path, infer_schema_length=0).iter_columns():
            cells = column.drop_nulls()
            numbers = cells.cast(pl.Float64, strict=False).is_not_null()
            assert not cells.filter(~numbers).str.contains(r"^[=+\-@\t\r]").any(), path


def test_the_page_holds_no_live_markup_of_the_data(report: Path) -> None:
    page = (report / "report/index.html").read_text(encoding="utf-8")
    visible = html.unescape(re.sub(r"<[^>]*>", "", page))
    assert PAYLOADS[0] in visible and "{{ 7 * 7 }}" in visible
    assert f"<script>{RUNS}" not in page and "<iframe" not in page and "<img src=x" not in page


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_nothing_of_it_runs_in_a_browser(report: Path, tmp_path: Path) -> None:
    def opened(page: Path) -> str:
        command = [
            str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", f"--user-data-dir={tmp_path / page.stem}",
            "--virtual-time-budget=3000", "--dump-dom", page.as_uri(),
        ]  # fmt: skip
        return subprocess.run(command, capture_output=True, text=True, timeout=120).stdout

    trap = tmp_path / "trap.html"
    trap.write_text(f"<title>trap</title>{PAYLOADS[1]}{PAYLOADS[2]}", encoding="utf-8")
    assert "<title>owned</title>" in opened(trap), "the payloads must be able to run at all"
    shown = opened(report / "report/index.html")
    assert "&lt;script&gt;" in shown
    assert "<title>owned</title>" not in shown
