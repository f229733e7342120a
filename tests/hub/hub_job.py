"""What a job does with the hub, in a process of its own: the client reads its environment once, at import."""

import json
import logging
import sys

from forked import serve


def model(repository: str, revision: str, layers: int = 4) -> object:
    from keepfaith.models.prepare import prepare_model

    source = {"kind": "hub", "repository": repository, "revision": revision, "layers": layers}
    return prepare_model("mine", source).model_dump()


def checkpoint(dense: str, repository: str, revision: str) -> object:
    from keepfaith.config.schema import Checkpoint
    from keepfaith.models.prepare import prepare_hub
    from keepfaith.models.prepare_levels import prepare_checkpoints

    model = prepare_hub("mine", dense, "main", 4)
    level = Checkpoint(repository=repository, revision=revision)
    return prepare_checkpoints("made", model, {3: level}).rows(named=True)


def task(
    repository: str, config: str | None, revision: str, split: str, skip: tuple[str, ...] = ()
) -> object:
    from keepfaith.config.schema import HubTaskSource, Task
    from keepfaith.config.schema.task_source import Sources
    from keepfaith.config.settings import ResolvedTask
    from keepfaith.tasks.sources import task_rows

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
    from keepfaith.config.schema import HubText
    from keepfaith.tasks.text import calibration_text

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
    # What takes longest to import and knows nothing of a hub is imported once.
    import scipy.optimize  # noqa: F401
    import torch._dynamo
    import torch.distributed.tensor  # noqa: F401

    clients = {"huggingface_hub", "transformers", "datasets", "keepfaith"}
    assert not clients & sys.modules.keys(), "read their environment at import"
    serve(do)
