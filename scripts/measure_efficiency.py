"""Rule measure_efficiency: the cost of every level of a pruning path on this machine."""

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance, joined
from keepfaith.artifacts.schemas import EFFICIENCY
from keepfaith.artifacts.tables import write_table
from keepfaith.devices.lease import leased_gpus
from keepfaith.efficiency.measure import measure_levels
from keepfaith.models.sources import ModelManifest
from keepfaith.orders.levels import read_levels

with job(snakemake.log[0]), leased_gpus(snakemake.resources.gpu):
    manifest = ModelManifest.read(snakemake.input.model)
    scoring, settings = snakemake.params.scoring, snakemake.params.efficiency
    levels = read_levels(snakemake.input.order, manifest.folder, snakemake.params.levels)
    table = measure_levels(
        levels.groups,
        settings["contexts"],
        settings["new_tokens"],
        manifest.context_length,
        scoring["dtype"],
        scoring["device"],
        snakemake.threads,
        settings["repeats"],
    )
    provenance = Provenance(
        settings=joined(scoring, settings, levels.settings, {"model": manifest.identity}),
        measured={"threads": snakemake.threads},
    )
    write_table(table, snakemake.output.efficiency, EFFICIENCY, provenance)
