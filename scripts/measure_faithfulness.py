"""Rule measure_faithfulness: the effect of removing or keeping a method's top tokens, at every level."""

import polars as pl

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance, joined
from keepfaith.artifacts.schemas import ATTRIBUTIONS, EXAMPLES, FAITHFULNESS, ORDER, PREDICTIONS
from keepfaith.artifacts.shards import Shards, key_of
from keepfaith.artifacts.tables import read_table, write_table
from keepfaith.devices.lease import leased_gpus
from keepfaith.faithfulness.measure import measure
from keepfaith.models.sources import ModelManifest
from keepfaith.orders.order import components_of
from keepfaith.scoring.opening import Scoring, open_scorer

with job(snakemake.log[0]), leased_gpus(snakemake.resources.gpu):
    shards = Shards(
        snakemake.output.faithfulness, key_of(dict(snakemake.params.items()), snakemake.input)
    )
    manifest = ModelManifest.read(snakemake.input.model)
    order = components_of(read_table(snakemake.input.order, ORDER))
    scorer, encoder = open_scorer(
        manifest.folder, order, Scoring(**snakemake.params.scoring, threads=snakemake.threads)
    )
    settings = snakemake.params.faithfulness
    faithfulness = measure(
        scorer,
        encoder,
        read_table(snakemake.input.examples, EXAMPLES),
        pl.concat(read_table(path, ATTRIBUTIONS) for path in snakemake.input.attributions),
        read_table(snakemake.input.predictions, PREDICTIONS),
        list(snakemake.params.levels),
        settings["fractions"],
        settings["operators"],
        keep=shards.get,
    )
    provenance = Provenance(
        settings=joined(snakemake.params.scoring, settings, {"model": manifest.identity}),
        measured={"token_budget": scorer.budget_used},
    )
    write_table(faithfulness, snakemake.output.faithfulness, FAITHFULNESS, provenance)
    shards.remove()
