"""Rule verify_removal: the self-test of removal on a model, before any of its levels is used."""

import dataclasses
import json
from pathlib import Path

import torch

from keepfaith.artifacts.atomic import write_text
from keepfaith.artifacts.job import job
from keepfaith.devices.lease import leased_gpus
from keepfaith.models.loading import load_model
from keepfaith.models.removal import PrunableModel
from keepfaith.models.sources import ModelManifest
from keepfaith.models.verification import refuse_failures, verify

with job(snakemake.log[0]), leased_gpus(snakemake.resources.gpu):
    torch.set_num_threads(snakemake.threads)
    manifest = ModelManifest.read(snakemake.input.model)
    scoring = snakemake.params.scoring
    model = PrunableModel(load_model(manifest.folder, scoring["dtype"], scoring["device"]))
    checks = verify(model, snakemake.params.drop)
    refuse_failures(manifest.name, checks, model.dtype)
    rows = [dataclasses.asdict(check) for check in checks]
    write_text(
        Path(snakemake.output.checks),
        json.dumps({"dtype": scoring["dtype"], "checks": rows}, indent=2) + "\n",
    )
