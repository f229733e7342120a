"""What a job does with the hub, in a process of its own, forked from one whose environment is the same for the hub."""

import json
import logging

import transformers
from forked import serve

from keepfaith.config.schema import Checkpoint, HubTaskSource, HubText, Task
from keepfaith.config.schema.task_source import Sources
from keepfaith.config.settings import ResolvedTask
from keepfaith.models.prepare import prepare_hub, prepare_model
from keepfaith.models.prepare_levels import prepare_checkpoints
from keepfaith.tasks.sources import task_rows
from keepfaith.tasks.text import calibration_text


def model(repository: str, revision: str, layers: int = 4) -> object:
    source = {"kind": "hub", "repository": repository, "revision": revision, "layers": layers}
    return prepare_model("mine", source).model_dump()


def checkpoint(dense: str, repository: str, revision: str) -> object:
    model = prepare_hub("mine", dense, "main", 4)
    level = Checkpoint(repository=repository, revision=revision)
    return prepare_checkpoints("made", model, {3: level}).rows(named=True)


def task(
    repository: str, config: str | None, revision: str, split: str, skip: tuple[str, ...] = ()
) -> object:
    source = HubTaskSource(
        repository=repository,
        config=config,
        revision=revision,
        splits={"evaluation": split},
        skip=skip,
    )
    definition = Task(
        version=1,
        description="A test.",
        prompt="{text}",
        fields=("text",),
        options=("negative", "positive"),
        sources=Sources(hub=source),
    )
    rows, _ = task_rows(ResolvedTask(name="mine", task=definition, source=source), "evaluation")
    return [[row.fields["text"], row.label] for row in rows]


def text(
    repository: str,
    config: str | None,
    revision: str,
    column: str,
    buffer: int,
    split: str = "train",
) -> object:
    source = HubText(
        kind="hub",
        repository=repository,
        config=config,
        revision=revision,
        column=column,
        split=split,
        buffer=buffer,
    )
    return calibration_text(source, 2, 0)


def do(what: str, arguments: list[object]) -> None:
    """Print what was made, or the class and sentence of the error."""
    logging.basicConfig(level=logging.DEBUG)
    made = {"model": model, "checkpoint": checkpoint, "task": task, "text": text}
    try:
        result = {"made": made[what](*arguments)}
    except Exception as error:
        logging.exception("failed")
        result = {"error": type(error).__name__, "sentence": str(error)}
    print(json.dumps(result))


if __name__ == "__main__":
    transformers.LlamaForCausalLM  # noqa: B018  # imported when it is asked for
    serve(do)
