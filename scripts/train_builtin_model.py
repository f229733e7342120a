"""Rule builtin_model: trains the model that ships with keepfaith, from its seed."""

import dataclasses
import json
from pathlib import Path

import torch

from keepfaith.artifacts.atomic import write_text
from keepfaith.artifacts.job import job
from keepfaith.training.builtin import train_builtin

with job(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    measures = train_builtin(Path(snakemake.output.checkpoint))
    report = {task: dataclasses.asdict(measure) for task, measure in measures.items()}
    write_text(Path(snakemake.output.report), json.dumps(report, indent=2) + "\n")
