"""Rule judge: the verdict (kept, degraded, harmed, undecided) on every quantity at every level."""

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance, joined
from keepfaith.artifacts.schemas import METRICS, VERDICT
from keepfaith.artifacts.tables import read_provenance, read_table, write_table
from keepfaith.statistics.verdict import verdict

with job(snakemake.log[0]):
    settings = snakemake.params.statistics
    probabilities = read_provenance(snakemake.input.metrics).settings["probabilities"]
    judged = verdict(
        read_table(snakemake.input.metrics, METRICS),
        settings["margins"],
        confidence=settings["confidence"],
        explained=snakemake.params.explained,
        probabilities=probabilities,
    )
    provenance = Provenance(settings=joined(settings, {"probabilities": probabilities}))
    write_table(judged, snakemake.output.verdict, VERDICT, provenance)
