"""Rule compare_studies: the levels of two studies side by side, as tables and a page."""

from pathlib import Path

import polars as pl

from keepfaith.artifacts.atomic import write_text
from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance, joined
from keepfaith.artifacts.schemas import COMPARISON
from keepfaith.artifacts.summary import csv_text
from keepfaith.artifacts.tables import read_provenance, write_table
from keepfaith.comparison.cells import StudyCell, cells_of, paired_cells
from keepfaith.comparison.levels import Judging, compare_levels
from keepfaith.report.comparison_page import ComparedStudies, render_comparison
from keepfaith.report.study import facts
from keepfaith.statistics.settings import Analysis


def settings_of(cell: StudyCell) -> dict[str, object]:
    """What one cell's tables were made with."""
    tables = ("predictions", "explanations", "metrics", "verdict")
    files = [("examples", cell.examples), *((name, cell.table(name)) for name in tables)]
    return facts({name: read_provenance(file).settings for name, file in files if file.is_file()})


with job(snakemake.log[0]) as logger:
    params, output = snakemake.params, snakemake.output
    first, second = (
        cells_of(Path(params.compare[side]), f"config: compare.{side}")
        for side in ("first", "second")
    )
    pairs, notes = paired_cells(first, second, params.compare["pairs"])
    statistics = params.statistics
    judging = Judging(statistics["margins"], Analysis.of(params.calibration, statistics))
    tables = []
    for pair in pairs:
        table, found = compare_levels(pair, judging)
        tables.append(table)
        notes += found
    for note in notes:
        logger.warning("%s", note)
    comparison = pl.concat(tables)
    provenance = Provenance(
        settings=joined(
            params.calibration,
            statistics,
            {"compare": {key: params.compare[key] for key in ("first", "second", "pairs")}},
        ),
        measured={"notes": notes},
    )
    write_table(comparison, Path(output.parquet), COMPARISON, provenance)
    write_text(Path(output.csv), csv_text(comparison))
    shown = (pairs[0].first, pairs[0].second)
    packages = [read_provenance(cell.table("metrics")).packages for cell in shown]
    studies = ComparedStudies(
        (params.compare["first"], params.compare["second"]),
        (settings_of(shown[0]), settings_of(shown[1])),
        (packages[0], packages[1]),
        facts({"calibration": params.calibration, "statistics": statistics}),
        notes,
    )
    write_text(Path(output.page), render_comparison(studies, comparison))
