"""Rule export_model: a pruned checkpoint of one level, with its model card."""

from pathlib import Path

from keepfaith.artifacts.job import job
from keepfaith.artifacts.schemas import METRICS, ORDER, POOLED, VERDICT
from keepfaith.artifacts.tables import read_table
from keepfaith.models.export import export
from keepfaith.models.sources import ModelManifest
from keepfaith.orders.order import components_of
from keepfaith.report.card import TaskResult, model_card

with job(snakemake.log[0]):
    manifest = ModelManifest.read(snakemake.input.model)
    level, format = int(snakemake.wildcards.level), snakemake.wildcards.format
    dropped = components_of(read_table(snakemake.input.order, ORDER))[:level]
    results = [
        TaskResult(task, read_table(metrics, METRICS), read_table(verdict, VERDICT))
        for task, metrics, verdict in zip(
            snakemake.params.tasks, snakemake.input.metrics, snakemake.input.verdicts, strict=True
        )
    ]
    card = model_card(
        manifest.name,
        manifest.source,
        manifest.revision,
        format,
        level,
        [str(component) for component in dropped],
        snakemake.params.order,
        snakemake.params.text,
        results,
        read_table(snakemake.input.pooled, POOLED),
    )
    export(
        manifest.folder,
        dropped,
        Path(snakemake.output.checkpoint),
        format,
        card=card,
    )
