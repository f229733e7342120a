"""Rule write_report: the page that says what was run, what came out, and how to read it."""

from pathlib import Path

import polars as pl

from keepfaith.artifacts.job import job
from keepfaith.artifacts.schemas import ALL
from keepfaith.artifacts.tables import read_provenance, read_table
from keepfaith.figures.published import match_published, read_published
from keepfaith.figures.unit import UnitTables
from keepfaith.report.examples import explained_examples
from keepfaith.report.page import ReportUnit, write_report
from keepfaith.report.study import StudyDescription, with_skipped

with job(snakemake.log[0]):
    params = snakemake.params
    results = Path(snakemake.output[0]).parents[1]
    published = read_published(Path(snakemake.input.published))
    units = []
    skipped = {}
    for place in params.units:
        model, order, task = place.split("/")
        folder = results / place
        names = ("metrics", "reliability", "curves", "overlap", "verdict")
        examples = results / "tasks" / task / "examples.parquet"
        skipped[task] = read_provenance(examples).measured.get("skipped", {})
        tables = {name: read_table(folder / f"{name}.parquet", ALL[name]) for name in names}
        explained = explained_examples(
            read_table(examples, ALL["examples"]),
            read_table(folder / "predictions.parquet", ALL["predictions"]),
            pl.concat(
                read_table(
                    folder / "attributions" / f"{method}-seed{seed}.parquet", ALL["attributions"]
                )
                for method, seeds in params.methods.items()
                for seed in seeds
            ),
            tables["verdict"],
            params.explained_examples,
        )
        unit_tables = UnitTables(
            **tables,
            order=read_table(folder.parent / "order.parquet", ALL["order"]),
            published=match_published(published, params.repositories[model], task, params.modules),
        )
        notes = read_provenance(folder / "metrics.parquet").measured.get("notes", ())
        units.append(
            ReportUnit(
                model, order, task, unit_tables, explained, results / "figures" / place, notes
            )
        )
    write_report(
        Path(snakemake.output[0]),
        with_skipped(StudyDescription(**params.study), skipped),
        units,
        results / "figures" / "study",
    )
