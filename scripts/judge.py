"""Rule judge: the verdict on every quantity at every level, and where it goes another way than the accuracy."""

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance, joined
from keepfaith.artifacts.schemas import METRICS, MISALIGNMENT, VERDICT
from keepfaith.artifacts.tables import read_provenance, read_table, write_table
from keepfaith.statistics.misalignment import misalignment
from keepfaith.statistics.verdict import verdict

with job(snakemake.log[0]):
    settings, output = snakemake.params.statistics, snakemake.output
    probabilities = read_provenance(snakemake.input.metrics).settings["probabilities"]
    provenance = Provenance(settings=joined(settings, {"probabilities": probabilities}))
    metrics = read_table(snakemake.input.metrics, METRICS)
    margins, confidence = settings["margins"], settings["confidence"]
    explained = snakemake.params.explained
    for table, path, schema in (
        (
            verdict(
                metrics,
                margins,
                confidence=confidence,
                explained=explained,
                probabilities=probabilities,
            ),
            output.verdict,
            VERDICT,
        ),
        (
            misalignment(metrics, margins, confidence=confidence, explained=explained),
            output.misalignment,
            MISALIGNMENT,
        ),
    ):
        write_table(table, path, schema, provenance)
