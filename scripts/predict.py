"""Rule predict: log-likelihoods of the choices of all examples at every level; tuning examples in their own table."""

import polars as pl

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance, joined
from keepfaith.artifacts.schemas import EXAMPLES, ORDER, PREDICTIONS, TUNING_PREDICTIONS
from keepfaith.artifacts.shards import Shards, key_of
from keepfaith.artifacts.tables import read_table, write_table
from keepfaith.devices.lease import leased_gpus
from keepfaith.models.sources import ModelManifest
from keepfaith.orders.order import components_of
from keepfaith.scoring.cut_counts import cut_counts
from keepfaith.scoring.opening import Scoring, open_scorer
from keepfaith.scoring.predict import predict

with job(snakemake.log[0]), leased_gpus(snakemake.resources.gpu):
    shards = Shards(
        snakemake.output.predictions, key_of(dict(snakemake.params.items()), snakemake.input)
    )
    manifest = ModelManifest.read(snakemake.input.model)
    order = components_of(read_table(snakemake.input.order, ORDER))
    examples = read_table(snakemake.input.examples, EXAMPLES)
    scoring = Scoring(**snakemake.params.scoring, threads=snakemake.threads)
    scorer, encoder = open_scorer(manifest.folder, order, scoring)
    wanted = examples.filter(pl.col("evaluation") | pl.col("tuning"))
    predictions = predict(
        scorer,
        encoder,
        wanted,
        list(snakemake.params.levels),
        keep=shards.get,
        leave_out=scoring.unscorable == "leave_out",
    )
    left_out = wanted.join(predictions, on="example_id", how="anti")["example_id"].to_list()
    provenance = Provenance(
        settings=joined(snakemake.params.scoring, {"model": manifest.identity}),
        measured={
            "token_budget": scorer.budget_used,
            "prompts_cut": cut_counts(encoder, wanted),
            "options_apart": len(encoder.apart),
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
