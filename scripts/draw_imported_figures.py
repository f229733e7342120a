"""Rule draw_imported_figures: the figures of one imported task that need only predictions."""

from pathlib import Path

from keepfaith.artifacts.job import job
from keepfaith.artifacts.schemas import ALL
from keepfaith.artifacts.tables import empty_table, read_table
from keepfaith.figures.cell_figures import draw_all
from keepfaith.figures.cell_tables import CellTables

with job(snakemake.log[0]):
    tables = {
        name: read_table(snakemake.input[name], ALL[name])
        for name in ("metrics", "reliability", "verdict")
    }
    absent = {name: empty_table(ALL[name]) for name in ("curves", "overlap", "order")}
    draw_all(CellTables(**tables, **absent), map(Path, snakemake.output))
