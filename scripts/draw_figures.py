"""Rule draw_figures: the figures of one cell."""

from pathlib import Path

from keepfaith.artifacts.job import job
from keepfaith.artifacts.schemas import ALL
from keepfaith.artifacts.tables import read_table
from keepfaith.figures.cell_figures import draw_all
from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.paper import Paper
from keepfaith.figures.published import match_published, read_published

with job(snakemake.log[0]):
    published = match_published(
        read_published(Path(snakemake.input.published)),
        snakemake.params.repository,
        snakemake.wildcards.task,
        snakemake.params.methods,
    )
    tables = {
        name: read_table(path, ALL[name])
        for name, path in zip(snakemake.params.tables, snakemake.input.tables, strict=True)
    }
    # ORDER or CHECKPOINTS
    made = Path(snakemake.input.order).stem
    tables[made] = read_table(snakemake.input.order, ALL[made])
    draw_all(
        CellTables(**tables, published=published),
        map(Path, snakemake.output),
        Paper(**snakemake.params.paper),
    )
