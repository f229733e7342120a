"""Rule train_model: trains a small Llama on the training splits of the selected tasks, without evaluated texts."""

import dataclasses
import json
from pathlib import Path

import torch

from keepfaith.artifacts.atomic import write_text
from keepfaith.artifacts.job import job
from keepfaith.artifacts.schemas import EXAMPLES
from keepfaith.artifacts.tables import read_table
from keepfaith.config.schema import Examples, TrainModel
from keepfaith.config.settings import ResolvedTask
from keepfaith.devices.lease import leased_gpus
from keepfaith.models.sources import prepare_folder
from keepfaith.tasks.prepare import training_examples
from keepfaith.training.examples import evaluation_texts, examples_from
from keepfaith.training.saving import save_model
from keepfaith.training.train_on_tasks import train_on_tasks

with job(snakemake.log[0]), leased_gpus(snakemake.resources.gpu):
    torch.set_num_threads(snakemake.threads)
    source = TrainModel(**snakemake.params.model["source"])
    tasks = {name: ResolvedTask(**task) for name, task in snakemake.params.tasks.items()}
    counts = {name: Examples(**each) for name, each in snakemake.params.examples.items()}
    trained = train_on_tasks(
        {
            name: examples_from(training_examples(task, counts[name]))
            for name, task in tasks.items()
        },
        evaluation_texts(read_table(path, EXAMPLES) for path in snakemake.input.examples),
        source,
    )
    checkpoint = Path(snakemake.output.checkpoint)
    save_model(trained.model, trained.tokenizer, checkpoint)
    report = {
        "counts": {name: dataclasses.asdict(count) for name, count in trained.counts.items()},
        "steps": trained.steps,
        "held_out_accuracy": trained.held_out_accuracy,
        "history": trained.history,
    }
    write_text(Path(snakemake.output.report), json.dumps(report, indent=2) + "\n")
    prepare_folder(snakemake.wildcards.model, checkpoint, source="train").write(
        Path(snakemake.output.model)
    )
