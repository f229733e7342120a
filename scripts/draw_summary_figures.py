"""Rule draw_summary_figures: the figures over the whole study."""

from pathlib import Path

from keepfaith.artifacts.frames import read_parquet
from keepfaith.artifacts.job import job
from keepfaith.figures.study_figures import draw_all_study

with job(snakemake.log[0]):
    tables = {
        name: read_parquet(path)
        for name, path in zip(snakemake.params.tables, snakemake.input, strict=True)
    }
    draw_all_study(tables, map(Path, snakemake.output))
