"""Rule prepare_checkpoints: the levels of an order of checkpoints, each a checked folder of its own."""

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance
from keepfaith.artifacts.schemas import CHECKPOINTS
from keepfaith.artifacts.tables import write_table
from keepfaith.config.schema import Checkpoint
from keepfaith.models.prepare_levels import prepare_checkpoints
from keepfaith.models.sources import ModelManifest

with job(snakemake.log[0]):
    manifest = ModelManifest.read(snakemake.input.model)
    levels = {
        int(level): Checkpoint.model_validate(source)
        for level, source in snakemake.params.levels.items()
    }
    write_table(
        prepare_checkpoints(snakemake.wildcards.order, manifest, levels),
        snakemake.output.checkpoints,
        CHECKPOINTS,
        Provenance(settings={"model": manifest.identity, "levels": snakemake.params.levels}),
    )
