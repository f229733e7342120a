"""Rule measure_faithfulness: the effect of removing or keeping a method's top tokens, at every level."""

import polars as pl

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance, joined
from keepfaith.artifacts.schemas import ATTRIBUTIONS, EXAMPLES, FAITHFULNESS, PREDICTIONS
from keepfaith.artifacts.shards import Shards, key_of
from keepfaith.artifacts.tables import read_table, write_table
from keepfaith.devices.lease import leased_gpus
from keepfaith.faithfulness.measure import measure
from keepfaith.models.sources import ModelManifest
from keepfaith.orders.levels import read_levels
from keepfaith.scoring.opening import Scoring
from keepfaith.scoring.over_levels import over_levels

with job(snakemake.log[0]), leased_gpus(snakemake.resources.gpu):
    shards = Shards(
        snakemake.output.faithfulness, key_of(dict(snakemake.params.items()), snakemake.input)
    )
    manifest = ModelManifest.read(snakemake.input.model)
    levels = read_levels(snakemake.input.order, manifest.folder, snakemake.params.levels)
    settings = snakemake.params.faithfulness
    examples = read_table(snakemake.input.examples, EXAMPLES)
    attributions = pl.concat(
        read_table(path, ATTRIBUTIONS) for path in snakemake.input.attributions
    )
    predictions = read_table(snakemake.input.predictions, PREDICTIONS)
    found = over_levels(
        levels.groups,
        manifest.folder,
        Scoring(**snakemake.params.scoring, threads=snakemake.threads),
        lambda scorer, encoder, levels, keep: measure(
            scorer,
            encoder,
            examples,
            attributions,
            predictions,
            levels,
            settings["fractions"],
            settings["operators"],
            keep=keep,
        ),
        shards.get,
    )
    provenance = Provenance(
        settings=joined(
            snakemake.params.scoring, settings, levels.settings, {"model": manifest.identity}
        ),
        measured={"token_budget": found.token_budget},
    )
    write_table(found.table, snakemake.output.faithfulness, FAITHFULNESS, provenance)
    shards.remove()
