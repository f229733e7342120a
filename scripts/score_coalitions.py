"""Rule score_coalitions: log-likelihoods of all options for every subset of every explained text's segments."""

import polars as pl

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance, joined
from keepfaith.artifacts.schemas import COALITIONS, EXAMPLES
from keepfaith.artifacts.shards import Shards, key_of
from keepfaith.artifacts.tables import read_table, write_table
from keepfaith.coalitions.table import score_coalitions
from keepfaith.devices.lease import leased_gpus
from keepfaith.models.sources import ModelManifest
from keepfaith.orders.levels import read_levels
from keepfaith.scoring.left_out import without_left_out
from keepfaith.scoring.opening import Scoring
from keepfaith.scoring.over_levels import over_levels

with job(snakemake.log[0]), leased_gpus(snakemake.resources.gpu):
    shards = Shards(
        snakemake.output.coalitions, key_of(dict(snakemake.params.items()), snakemake.input)
    )
    manifest = ModelManifest.read(snakemake.input.model)
    levels = read_levels(snakemake.input.order, manifest.folder, snakemake.params.levels)
    examples = without_left_out(
        read_table(snakemake.input.examples, EXAMPLES), snakemake.input.predictions
    )
    found = over_levels(
        levels.groups,
        manifest.folder,
        Scoring(**snakemake.params.scoring, threads=snakemake.threads),
        lambda scorer, encoder, levels, keep: score_coalitions(
            scorer,
            encoder,
            examples.filter(pl.col("explanation")),
            levels,
            snakemake.params.segments,
            [snakemake.params.removal],
            keep=keep,
        ),
        shards.get,
    )
    provenance = Provenance(
        settings=joined(
            snakemake.params.scoring,
            levels.settings,
            {
                "segments": snakemake.params.segments,
                "removal": snakemake.params.removal,
                "model": manifest.identity,
            },
        ),
        measured={"token_budget": found.token_budget},
    )
    write_table(found.table, snakemake.output.coalitions, COALITIONS, provenance)
    shards.remove()
