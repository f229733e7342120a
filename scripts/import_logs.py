"""Rule import_logs: examples and predictions of one task from one log per level."""

from pathlib import Path

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance
from keepfaith.artifacts.schemas import EXAMPLES, PREDICTIONS
from keepfaith.artifacts.tables import write_table
from keepfaith.imports.levels import read_task
from keepfaith.imports.tables import examples_table, predictions_table

with job(snakemake.log[0]):
    logs = dict(zip(snakemake.params.levels, map(Path, snakemake.input.logs), strict=True))
    task = read_task(logs, snakemake.params.passage)
    levels = task.levels
    provenance = Provenance(
        settings={"logs": {str(k): str(path) for k, path in logs.items()}},
        measured={"notes": task.notes},
    )
    examples = examples_table(next(iter(levels.values())))
    write_table(examples, snakemake.output.examples, EXAMPLES, provenance)
    write_table(predictions_table(levels), snakemake.output.predictions, PREDICTIONS, provenance)
