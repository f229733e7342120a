"""Rule draw_summary_figures: the figures over the whole study."""

from pathlib import Path

from keepfaith.artifacts.frames import read_parquet
from keepfaith.artifacts.job import job
from keepfaith.figures.literature import read_literature, with_published_study
from keepfaith.figures.paper import Paper
from keepfaith.figures.published import published_harms, read_published
from keepfaith.figures.study_figures import draw_all_study

with job(snakemake.log[0]):
    tables = {
        name: read_parquet(path)
        for name, path in zip(snakemake.params.tables, snakemake.input.tables, strict=True)
    }
    published = read_published(Path(snakemake.input.published))
    tables["published"] = published_harms(published, snakemake.params.methods)
    literature = read_literature(Path(snakemake.input.literature))
    tables["literature"] = with_published_study(literature, published, snakemake.params.tasks)
    draw_all_study(tables, map(Path, snakemake.output), Paper(**snakemake.params.paper))
