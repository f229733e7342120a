"""The answer on checkpoints: each on its own, by its label, never "up to" a level."""

import re
from dataclasses import replace

import polars as pl
import pytest
from figures import synthetic
from figures.test_content import verdict_of

from keepfaith.artifacts.schemas import CHECKPOINTS, ORDER
from keepfaith.report.answer import finding
from keepfaith.report.page import ReportCell, render_page
from keepfaith.report.pooled_answer import pooled_findings
from keepfaith.report.tables import model_table
from keepfaith.statistics.verdict import summary
from report.test_page import study
from report.test_pooled_answer import pooled

LABELS = {0: "dense", 1: "8 bits", 2: "4 bits", 3: "merged", 4: "tuned"}


def both(accuracy: str, sufficiency: str) -> pl.DataFrame:
    return pl.concat([verdict_of(accuracy), verdict_of(sufficiency, "sufficiency", "lime")])


@pytest.mark.parametrize(
    ("verdict", "sentence", "kept", "clear"),
    [
        (
            both("kdkd", "kkkd"),
            "degradation shown by 4 bits (level 2): accuracy; degradation shown by tuned (level 4): accuracy and "
            "sufficiency (LIME); every judged quantity is shown to be kept by 8 bits (level 1) and merged (level 3).",
            "2 of 4: 8 bits (level 1) and merged (level 3)",
            "2 of 4: 8 bits (level 1) and merged (level 3)",
        ),
        (
            both("uhk", "kkk"),
            "no degradation shown by any of the 3 checkpoints; every judged quantity is shown to be kept by merged "
            "(level 3). Harm that may lie within the margin is shown by 4 bits (level 2).",
            "1 of 3: merged (level 3)",
            "3 of 3: 8 bits (level 1), 4 bits (level 2) and merged (level 3)",
        ),
        (
            both("d", "k"),
            "degradation shown by 8 bits (level 1): accuracy; no checkpoint is shown to keep every judged quantity.",
            "none of 1",
            "none of 1",
        ),
        (
            both("u", "k"),
            "no degradation shown by the one checkpoint; no checkpoint is shown to keep every judged quantity.",
            "none of 1",
            "1 of 1: 8 bits (level 1)",
        ),
    ],
)
def test_words(verdict: pl.DataFrame, sentence: str, kept: str, clear: str) -> None:
    found = finding(verdict, LABELS)
    assert found.sentence == sentence
    assert (found.kept, found.clear) == (kept, clear)


def test_a_level_after_a_gap_is_kept_by_itself_only() -> None:
    found = summary(both("kdkk", "kkkk"))
    assert found.safe == 1 and found.kept_at == (1, 3, 4)
    assert summary(both("dd", "kk")).kept_at == ()


def test_every_degraded_checkpoint_lists_what_it_loses() -> None:
    found = finding(both("dkd", "kkd"), LABELS)
    assert [each.name for each in found.breaks] == [
        "8 bits, accuracy",
        "merged, accuracy",
        "merged, sufficiency (LIME)",
    ]


def test_the_mean_over_tasks() -> None:
    table = pl.concat(
        [pooled("kdk"), pooled("kkk", "brier"), pooled("ddk", left_out="rte"), pooled("kkk", "brier", "rte")]
    )  # fmt: skip
    (found,) = pooled_findings({"m/made": table}, {"m/made": LABELS})
    assert found.finding.kept == "2 of 3: 8 bits (level 1) and merged (level 3)"
    assert found.everywhere == "3 of 3: 8 bits (level 1), 4 bits (level 2) and merged (level 3)"
    assert found.notes[0].startswith("At level 3 the largest harm of a single task")
    assert found.notes[1] == (
        "The answer rests on single tasks (levels): without rte all is kept at 3."
    )
    (ordinary,) = pooled_findings({"m/cosine": table})
    assert (
        ordinary.everywhere == "level 3 (deepest run: 3)"
        and ordinary.finding.kept == "level 1 (deepest run: 3)"
    )


def test_the_page_speaks_of_checkpoints() -> None:
    rows = [{"level": level, "label": label} for level, label in LABELS.items()]
    checkpoints = synthetic.table(rows, CHECKPOINTS)
    ordinary = synthetic.cell(levels=range(5))
    made = replace(ordinary, order=ordinary.order.clear(), checkpoints=checkpoints)
    assert [row[1].text for row in model_table(made).rows] == list(LABELS.values())
    assert "Checkpoint" in model_table(made).header
    cells = {
        "made": ReportCell("builtin", "made", "task", made, [], {}),
        "cosine": ReportCell("builtin", "cosine", "task", ordinary, [], {}),
        "random": ReportCell("builtin", "random", "task", ordinary, [], {}),
    }
    alone = render_page(study(), [cells["made"]], {})
    assert "All shown to be kept by</th>" in alone and "kept up to</th>" not in alone
    assert "Which checkpoints keep the accuracy" in alone
    assert "8 bits (level 1)" in alone and " of 4 (level" not in alone
    beside = render_page(study(), [cells["made"], cells["cosine"]], {})
    assert "All shown to be kept up to, or by checkpoints</th>" in beside
    assert "Orders compared" not in beside
    compared = render_page(study(), list(cells.values()), {})
    (table,) = re.findall(r"<caption>Orders compared.*?</table>", compared, re.DOTALL)
    assert "cosine" in table and "random" in table and "made" not in table
    assert "All shown to be kept up to</th>" in render_page(study(), [cells["cosine"]], {})


def test_published_values_are_not_those_of_checkpoints() -> None:
    published = synthetic.table([], ORDER)
    rows = [{"level": level, "label": label} for level, label in LABELS.items()]
    ordinary = replace(synthetic.cell(), published=published)
    assert ordinary.published is not None
    assert replace(ordinary, checkpoints=synthetic.table(rows, CHECKPOINTS)).published is None
