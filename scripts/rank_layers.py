"""Rule rank_layers: the order in which a criterion drops a model's components, from calibration text."""

import torch

from keepfaith.artifacts.job import job
from keepfaith.artifacts.provenance import Provenance, joined
from keepfaith.artifacts.schemas import ORDER, TEXTS
from keepfaith.artifacts.tables import read_table, write_table
from keepfaith.devices.lease import leased_gpus
from keepfaith.models.loading import load_model, load_tokenizer
from keepfaith.models.removal import PrunableModel
from keepfaith.models.sources import ModelManifest
from keepfaith.orders.rank import rank_layers

with job(snakemake.log[0]), leased_gpus(snakemake.resources.gpu):
    torch.set_num_threads(snakemake.threads)
    manifest = ModelManifest.read(snakemake.input.model)
    order, scoring = snakemake.params.order, snakemake.params.scoring
    text = snakemake.params.text
    ranked = rank_layers(
        order["criterion"],
        PrunableModel(load_model(manifest.folder, scoring["dtype"], scoring["device"])),
        load_tokenizer(manifest.folder),
        read_table(snakemake.input.text, TEXTS)["text"].to_list() if text else [],
        sample_tokens=text["sample_tokens"] if text else 0,
        drop=order["drop"],
        reverse=order["reverse"],
        seed=order["seed"],
    )
    provenance = Provenance(
        settings=joined(order, scoring, {"text": text, "model": manifest.identity})
    )
    write_table(ranked, snakemake.output.order, ORDER, provenance)
