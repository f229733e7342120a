"""Rule draw_imported_figures: the figures of one imported task that need only predictions."""

from pathlib import Path

from keepfaith.artifacts.job import job
from keepfaith.artifacts.schemas import ALL
from keepfaith.artifacts.tables import read_table
from keepfaith.figures.cell_figures import draw_all
from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.paper import Paper

with job(snakemake.log[0]):
    tables = {
        name: read_table(snakemake.input[name], ALL[name])
        for name in ("metrics", "reliability", "verdict")
    }
    draw_all(CellTables(**tables), map(Path, snakemake.output), Paper(**snakemake.params.paper))
