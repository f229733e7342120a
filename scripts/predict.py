"""Rule predict: log-likelihoods of the choices of all examples at every level; tuning examples in their own table."""

import polars as pl

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance, joined
from keepfaith.artifacts.schemas import EXAMPLES, PREDICTIONS, TUNING_PREDICTIONS
from keepfaith.artifacts.shards import Shards, key_of
from keepfaith.artifacts.tables import read_table, write_table
from keepfaith.devices.lease import leased_gpus
from keepfaith.models.sources import ModelManifest
from keepfaith.orders.levels import read_levels
from keepfaith.scoring.cut_counts import cut_counts
from keepfaith.scoring.opening import Scoring
from keepfaith.scoring.over_levels import over_levels
from keepfaith.scoring.predict import predict

with job(snakemake.log[0]), leased_gpus(snakemake.resources.gpu):
    shards = Shards(
        snakemake.output.predictions, key_of(dict(snakemake.params.items()), snakemake.input)
    )
    manifest = ModelManifest.read(snakemake.input.model)
    levels = read_levels(snakemake.input.order, manifest.folder, snakemake.params.levels)
    examples = read_table(snakemake.input.examples, EXAMPLES)
    scoring = Scoring(**snakemake.params.scoring, threads=snakemake.threads)
    wanted = examples.filter(pl.col("evaluation") | pl.col("tuning"))
    found = over_levels(
        levels.groups,
        manifest.folder,
        scoring,
        lambda scorer, encoder, levels, keep: predict(
            scorer,
            encoder,
            wanted,
            levels,
            keep=keep,
            leave_out=scoring.unscorable == "leave_out",
        ),
        shards.get,
        by_example=False,
    )
    predictions = found.table
    left_out = wanted.join(predictions, on="example_id", how="anti")["example_id"].to_list()
    scored = wanted.join(predictions, on="example_id", how="semi", maintain_order="left")
    provenance = Provenance(
        settings=joined(snakemake.params.scoring, levels.settings, {"model": manifest.identity}),
        measured={
            "token_budget": found.token_budget,
            "prompts_cut": cut_counts(found.encoder, scored),
            "options_apart": len(found.encoder.apart),
            "left_out": left_out,
        },
    )
    # What reads predictions evaluates them: examples that temperatures are fitted on are not among them.
    evaluated = examples.filter(pl.col("evaluation")).select("example_id")
    for how, path, schema in (
        ("semi", snakemake.output.predictions, PREDICTIONS),
        ("anti", snakemake.output.tuning, TUNING_PREDICTIONS),
    ):
        table = predictions.join(evaluated, on="example_id", how=how, maintain_order="left")
        write_table(table, path, schema, provenance)
    shards.remove()
