"""Rule prepare_model: a model's source becomes a checked local folder, described by a manifest."""

from pathlib import Path

from keepfaith.artifacts.job import job
from keepfaith.models.prepare import prepare_model

with job(snakemake.log[0]):
    manifest = prepare_model(snakemake.wildcards.model, snakemake.params.model["source"])
    manifest.write(Path(snakemake.output.model))
