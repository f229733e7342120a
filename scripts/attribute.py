"""Rule attribute: one method's token scores with one seed, for all explained examples at every level."""

import polars as pl

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance, joined
from keepfaith.artifacts.schemas import ATTRIBUTIONS, EXAMPLES, PREDICTIONS
from keepfaith.artifacts.shards import Shards, key_of
from keepfaith.artifacts.tables import read_table, write_table
from keepfaith.attribution.explain import explain
from keepfaith.attribution.problem import ExplainedValue
from keepfaith.devices.lease import leased_gpus
from keepfaith.models.sources import ModelManifest
from keepfaith.orders.levels import read_levels
from keepfaith.plugins.method import METHODS
from keepfaith.scoring.left_out import without_left_out
from keepfaith.scoring.opening import Scoring
from keepfaith.scoring.over_levels import over_levels

with job(snakemake.log[0]), leased_gpus(snakemake.resources.gpu):
    shards = Shards(
        snakemake.output.attributions, key_of(dict(snakemake.params.items()), snakemake.input)
    )
    manifest = ModelManifest.read(snakemake.input.model)
    levels = read_levels(snakemake.input.order, manifest.folder, snakemake.params.levels)
    examples = without_left_out(
        read_table(snakemake.input.examples, EXAMPLES), snakemake.input.predictions
    )
    method, seed = snakemake.params.method, int(snakemake.wildcards.seed)
    declared = METHODS.load(method["method"])
    predictions = read_table(snakemake.input.predictions, PREDICTIONS)
    found = over_levels(
        levels.groups,
        manifest.folder,
        Scoring(**snakemake.params.scoring, threads=snakemake.threads),
        lambda scorer, encoder, levels, keep: explain(
            method["method"],
            declared.settings.model_validate(method["settings"]),
            seed,
            scorer,
            encoder,
            examples.filter(pl.col("explanation")),
            levels,
            predictions,
            name=snakemake.wildcards.method,
            keep=keep,
            explained=ExplainedValue(**snakemake.params.explained),
        ),
        shards.get,
        needs_model=declared.needs_model,
    )
    provenance = Provenance(
        settings=joined(
            snakemake.params.scoring,
            snakemake.params.explained,
            levels.settings,
            {"model": manifest.identity, "method": method, "seed": seed},
        ),
        measured={"token_budget": found.token_budget} if declared.needs_model else {},
    )
    write_table(found.table, snakemake.output.attributions, ATTRIBUTIONS, provenance)
    shards.remove()
