"""Rule draw_imported_figures: the figures of one imported task that predictions alone give."""

from pathlib import Path

from keepfaith.artifacts.job import job
from keepfaith.artifacts.schemas import ALL
from keepfaith.artifacts.tables import empty_table, read_table
from keepfaith.figures.registry import draw_all
from keepfaith.figures.unit import UnitTables

with job(snakemake.log[0]):
    tables = {
        name: read_table(snakemake.input[name], ALL[name])
        for name in ("metrics", "reliability", "verdict")
    }
    absent = {name: empty_table(ALL[name]) for name in ("curves", "overlap", "order")}
    draw_all(
        UnitTables(**tables, **absent),
        Path(snakemake.output[0]).parent,
        names=snakemake.params.figures,
    )
