"""Rule attribute: one method's token scores with one seed, for all explained examples at every level."""

import polars as pl

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance, joined
from keepfaith.artifacts.schemas import ATTRIBUTIONS, EXAMPLES, ORDER, PREDICTIONS
from keepfaith.artifacts.shards import Shards, key_of
from keepfaith.artifacts.tables import read_table, write_table
from keepfaith.attribution.explain import explain
from keepfaith.attribution.problem import ExplainedValue
from keepfaith.devices.lease import leased_gpus
from keepfaith.models.sources import ModelManifest
from keepfaith.orders.order import components_of
from keepfaith.plugins.method import METHODS
from keepfaith.scoring.left_out import without_left_out
from keepfaith.scoring.opening import Scoring, open_for

with job(snakemake.log[0]), leased_gpus(snakemake.resources.gpu):
    shards = Shards(
        snakemake.output.attributions, key_of(dict(snakemake.params.items()), snakemake.input)
    )
    manifest = ModelManifest.read(snakemake.input.model)
    order = components_of(read_table(snakemake.input.order, ORDER))
    examples = without_left_out(
        read_table(snakemake.input.examples, EXAMPLES), snakemake.input.predictions
    )
    method, seed = snakemake.params.method, int(snakemake.wildcards.seed)
    declared = METHODS.load(method["method"])
    scorer, encoder = open_for(
        declared.needs_model,
        manifest.folder,
        order,
        Scoring(**snakemake.params.scoring, threads=snakemake.threads),
    )
    attributions = explain(
        method["method"],
        declared.settings.model_validate(method["settings"]),
        seed,
        scorer,
        encoder,
        examples.filter(pl.col("explanation")),
        list(snakemake.params.levels),
        read_table(snakemake.input.predictions, PREDICTIONS),
        name=snakemake.wildcards.method,
        keep=shards.get,
        explained=ExplainedValue(**snakemake.params.explained),
    )
    provenance = Provenance(
        settings=joined(
            snakemake.params.scoring,
            snakemake.params.explained,
            {"model": manifest.identity, "method": method, "seed": seed},
        ),
        measured={"token_budget": scorer.budget_used} if scorer else {},
    )
    write_table(attributions, snakemake.output.attributions, ATTRIBUTIONS, provenance)
    shards.remove()
