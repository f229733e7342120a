"""Rule judge: the verdict on every quantity at every level, and where it goes another way than the accuracy."""

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance
from keepfaith.artifacts.schemas import METRICS, MISALIGNMENT, VERDICT
from keepfaith.artifacts.tables import read_table, write_table
from keepfaith.statistics.misalignment import misalignment
from keepfaith.statistics.verdict import verdict

with job(snakemake.log[0]):
    settings, output = snakemake.params.statistics, snakemake.output
    metrics = read_table(snakemake.input.metrics, METRICS)
    for judge, path, schema in (
        (verdict, output.verdict, VERDICT),
        (misalignment, output.misalignment, MISALIGNMENT),
    ):
        judged = judge(
            metrics,
            settings["margins"],
            confidence=settings["confidence"],
            explained=snakemake.params.explained,
        )
        write_table(judged, path, schema, Provenance(settings=settings))
