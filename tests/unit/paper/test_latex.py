"""Tables for a paper: the numbers of the verdict, and no command in what a user typed."""

import re
import shutil
import subprocess
from pathlib import Path

import polars as pl
import pytest

from keepfaith.artifacts.schemas import VERDICT
from keepfaith.paper.latex import escaped, paper_tables

HARMS = {
    ("accuracy", None): [(0.01, -0.005, 0.015, "kept"), (0.2, 0.1, 0.3, "degraded")],
    ("ece", None): [(-0.0001, None, None, "undecided"), (0.05, 0.001, 0.09, "harmed")],
    ("faithfulness", "lime"): [(0.5, 0.4, 0.6, "degraded"), (0.5, 0.4, 0.6, "degraded")],
    ("faithfulness", "shapley"): [(-0.1, -0.2, 0.05, "kept"), (None, None, None, "undecided")],
}
"""By quantity and method: harm, its interval and its status at levels 3 and 7."""


def verdict(model: str = "own_model") -> pl.DataFrame:
    rows = [
        {
            "level": level,
            "quantity": quantity,
            "method": method,
            "harm": harm,
            "harm_low": low,
            "harm_high": high,
            "margin": 0.02,
            "status": status,
        }
        for (quantity, method), levels in HARMS.items()
        for level, (harm, low, high, status) in zip((3, 7), levels, strict=True)
    ]
    table = pl.concat(
        [pl.DataFrame(schema=dict(VERDICT.columns)), pl.DataFrame(rows)], how="diagonal_relaxed"
    )
    cell = (
        pl.lit(value).alias(name)
        for name, value in (("model", model), ("order", "cosine"), ("task", "a & b"))
    )
    return table.select(*cell, pl.all())  # fmt: skip


def body(latex: str) -> list[list[str]]:
    """Cells of the rows below the heading."""
    (rows,) = re.findall(r"\\midrule\n(.*)\\bottomrule", latex, re.DOTALL)
    return [re.split(r" (?<!\\)& ", row.removesuffix(r" \\")) for row in rows.splitlines()]


def test_harms_have_their_intervals_and_statuses() -> None:
    harms, _ = paper_tables(verdict())
    first, second = body(harms.latex())
    assert first[:4] == [r"own\_model", "cosine", r"a \& b", "3"]
    kept = r"0.010 [-0.005, 0.015] \textbf{k}"
    assert first[4:] == [kept, "0.000 ?", r"-0.100 [-0.200, 0.050] \textbf{k}"]
    assert second[4:] == [r"0.200 [0.100, 0.300] \textbf{d}", "0.050 [0.001, 0.090] h", "-- ?"]
    assert harms.columns[4:] == ("Accuracy", "ECE", "Faithfulness (exact Shapley)")


def test_limits_are_those_of_the_verdict() -> None:
    _, limits = paper_tables(verdict())
    ((_, _, _, kept, clear, degraded, first),) = body(limits.latex())
    assert (kept, clear, degraded, first) == ("0", "0", "3", "faithfulness")
    table = verdict().filter(pl.col("method").is_null() | (pl.col("method") == "shapley"))
    ((*_, kept, clear, degraded, first),) = body(paper_tables(table)[1].latex())
    assert (kept, clear, degraded, first) == ("0", "3", "7", "accuracy")


HOSTILE = r"\input{/etc/passwd} $x^2$ ~ 50 % & #1 {a}_b"


def test_nothing_that_a_user_typed_is_a_command() -> None:
    assert "\\input" not in escaped(HOSTILE)
    for table in paper_tables(verdict(HOSTILE)):
        latex = table.latex()
        assert "\\input" not in latex
        plain = re.sub(r"\\[{}]", "", latex)
        assert plain.count("{") == plain.count("}")
        assert {len(row) for row in body(latex)} == {len(table.columns)}


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX on this machine")
def test_latex_compiles_them(tmp_path: Path) -> None:
    tables = "\n".join(table.latex() for table in paper_tables(verdict(HOSTILE)))
    page = rf"\documentclass{{article}}\usepackage{{booktabs}}\begin{{document}}{tables}\end{{document}}"
    (tmp_path / "page.tex").write_text(page, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
