"""Rule score_coalitions: log-likelihoods of all options for every subset of every explained text's segments."""

import polars as pl

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance, joined
from keepfaith.artifacts.schemas import COALITIONS, EXAMPLES, ORDER
from keepfaith.artifacts.shards import Shards, key_of
from keepfaith.artifacts.tables import read_table, write_table
from keepfaith.coalitions.table import score_coalitions
from keepfaith.devices.lease import leased_gpus
from keepfaith.models.sources import ModelManifest
from keepfaith.orders.order import components_of
from keepfaith.scoring.left_out import without_left_out
from keepfaith.scoring.opening import Scoring, open_scorer

with job(snakemake.log[0]), leased_gpus(snakemake.resources.gpu):
    shards = Shards(
        snakemake.output.coalitions, key_of(dict(snakemake.params.items()), snakemake.input)
    )
    manifest = ModelManifest.read(snakemake.input.model)
    order = components_of(read_table(snakemake.input.order, ORDER))
    examples = without_left_out(
        read_table(snakemake.input.examples, EXAMPLES), snakemake.input.predictions
    )
    scorer, encoder = open_scorer(
        manifest.folder, order, Scoring(**snakemake.params.scoring, threads=snakemake.threads)
    )
    coalitions = score_coalitions(
        scorer,
        encoder,
        examples.filter(pl.col("explanation")),
        list(snakemake.params.levels),
        snakemake.params.segments,
        [snakemake.params.removal],
        keep=shards.get,
    )
    provenance = Provenance(
        settings=joined(
            snakemake.params.scoring,
            {
                "segments": snakemake.params.segments,
                "removal": snakemake.params.removal,
                "model": manifest.identity,
            },
        ),
        measured={"token_budget": scorer.budget_used},
    )
    write_table(coalitions, snakemake.output.coalitions, COALITIONS, provenance)
    shards.remove()
