"""Rule draw_summary_figures: the figures over the whole study."""

from pathlib import Path

from keepfaith.artifacts.frames import read_parquet
from keepfaith.artifacts.job import job
from keepfaith.figures.summary.registry import draw_all_summary

with job(snakemake.log[0]):
    tables = {Path(path).stem: read_parquet(path) for path in snakemake.input}
    draw_all_summary(tables, Path(snakemake.output[0]).parent)
