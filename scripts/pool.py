"""Rule pool: the verdict on every quantity at every level, in the mean over the tasks of one model and order."""

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance
from keepfaith.artifacts.schemas import METRICS, POOLED
from keepfaith.artifacts.tables import read_table, write_table
from keepfaith.statistics.pooled import pooled_verdict

with job(snakemake.log[0]):
    settings = snakemake.params.statistics
    tasks = zip(snakemake.params.tasks, snakemake.input.metrics, strict=True)
    pooled = pooled_verdict(
        {task: read_table(path, METRICS) for task, path in tasks},
        settings["margins"],
        confidence=settings["confidence"],
    )
    write_table(pooled, snakemake.output.pooled, POOLED, Provenance(settings=settings))
