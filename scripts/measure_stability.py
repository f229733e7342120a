"""Rule measure_stability: a criterion's orders from several draws of calibration text, or of random numbers."""

import torch

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance, joined
from keepfaith.artifacts.schemas import STABILITY
from keepfaith.artifacts.tables import write_table
from keepfaith.config.settings import OrderText
from keepfaith.devices.lease import leased_gpus
from keepfaith.models.loading import load_model, load_tokenizer
from keepfaith.models.removal import PrunableModel
from keepfaith.models.sources import ModelManifest
from keepfaith.orders.stability import TextDraws, measure_stability
from keepfaith.tasks.text import calibration_text

with job(snakemake.log[0]), leased_gpus(snakemake.resources.gpu):
    torch.set_num_threads(snakemake.threads)
    manifest = ModelManifest.read(snakemake.input.model)
    scoring, stability = snakemake.params.scoring, snakemake.params.stability
    order = snakemake.params.order
    text = OrderText(**snakemake.params.text) if snakemake.params.text else None
    table = measure_stability(
        order["criterion"],
        PrunableModel(load_model(manifest.folder, scoring["dtype"], scoring["device"])),
        load_tokenizer(manifest.folder),
        range(stability["seeds"]),
        text
        and TextDraws(
            lambda count, seed: calibration_text(text.source, count, seed),
            stability["samples"] or [text.samples],
            text.sample_tokens,
        ),
        order["drop"],
        order["reverse"],
    )
    # The number of samples of the order's text is not that of the draws.
    settings = joined(
        order,
        scoring,
        {"text": snakemake.params.text, "stability": stability, "model": manifest.identity},
    )
    write_table(table, snakemake.output.stability, STABILITY, Provenance(settings=settings))
