"""Rule measure_stability: a criterion's orders from several draws of calibration text."""

import torch

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance, joined
from keepfaith.artifacts.schemas import STABILITY
from keepfaith.artifacts.tables import write_table
from keepfaith.config.schema import Order
from keepfaith.devices.lease import leased_gpus
from keepfaith.models.loading import load_model, load_tokenizer
from keepfaith.models.removal import PrunableModel
from keepfaith.models.sources import ModelManifest
from keepfaith.orders.stability import measure_stability
from keepfaith.tasks.text import calibration_text

with job(snakemake.log[0]), leased_gpus(snakemake.resources.gpu):
    torch.set_num_threads(snakemake.threads)
    manifest = ModelManifest.read(snakemake.input.model)
    scoring, stability = snakemake.params.scoring, snakemake.params.stability
    order = Order(**snakemake.params.order)
    table = measure_stability(
        order.criterion,
        PrunableModel(load_model(manifest.folder, scoring["dtype"], scoring["device"])),
        load_tokenizer(manifest.folder),
        lambda count, seed: calibration_text(order.calibration_text, count, seed),
        range(stability["seeds"]),
        stability["samples"] or [order.samples],
        order.sample_tokens,
        order.drop,
        order.reverse,
    )
    # The order's own number of samples is not that of the draws.
    settings = joined(
        snakemake.params.order, scoring, {"stability": stability, "model": manifest.identity}
    )
    write_table(table, snakemake.output.stability, STABILITY, Provenance(settings=settings))
