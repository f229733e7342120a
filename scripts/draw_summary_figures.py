"""Rule draw_summary_figures: the figures over the whole study."""

from pathlib import Path

import polars as pl

from keepfaith.artifacts.job import job
from keepfaith.figures.summary.registry import draw_all_summary

with job(snakemake.log[0]):
    tables = {name: pl.read_parquet(snakemake.input[name]) for name in ("metrics", "verdict")}
    draw_all_summary(tables, Path(snakemake.output[0]).parent)
