"""Rule summarise: one table of all models, orders and tasks, as Parquet and as CSV."""

from pathlib import Path

from keepfaith.artifacts.atomic import replacing, write_text
from keepfaith.artifacts.frames import write_parquet
from keepfaith.artifacts.job import job
from keepfaith.artifacts.schemas import ALL
from keepfaith.artifacts.summary import csv_text, stacked
from keepfaith.artifacts.tables import read_table

with job(snakemake.log[0]):
    schema = ALL[snakemake.wildcards.table]
    paths = zip(snakemake.params.places, snakemake.input.tables, strict=True)
    table = stacked(
        ((place, read_table(path, schema)) for place, path in paths), snakemake.params.columns
    )
    with replacing(Path(snakemake.output.parquet)) as temporary:
        write_parquet(table, temporary)
    write_text(Path(snakemake.output.csv), csv_text(table))
