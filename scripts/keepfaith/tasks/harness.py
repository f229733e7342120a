"""Rows of a multiple-choice task of lm-evaluation-harness, word for word as it asks a model."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import lm_eval
import yaml
from jinja2.sandbox import SandboxedEnvironment
from lm_eval import utils as harness_utils
from lm_eval.api.task import ConfigurableTask
from lm_eval.defaults import DEFAULT_OTHER_SEED
from lm_eval.tasks import TaskManager
from lm_eval.tasks._index import Entry, Kind
from lm_eval.tasks._yaml_loader import load_yaml

from keepfaith.config.errors import nearest, shown
from keepfaith.config.rows import TaskRow
from keepfaith.config.schema import HarnessTaskSource, Task
from keepfaith.tasks.harness_blank import filled_blank
from keepfaith.tasks.harness_fields import row_template
from keepfaith.tasks.harness_folder import tasks_of_folder
from keepfaith.tasks.harness_groups import HarnessError, chosen_member, group_members

INSTALLED = Path(lm_eval.__file__).parent.resolve()
"""Folder of the harness, whose own functions are trusted."""


def harness_rows(source: HarnessTaskSource, task: Task) -> list[TaskRow]:
    """The evaluated documents of a task (its test split, else its validation split), in their order.

    Choices begin with the task's own delimiter. The prompt holds description and solved examples; a field is a text
    of the document that the template shows as it stands, else the whole prompt of the document. A task with a prompt
    for each choice has these as `contexts`.

    Raises:
        HarnessError: there is no such task, it is no multiple-choice task with one right choice, its data cannot be
            read, or it would run code that nobody allowed.
    """
    made = _loaded(source)
    if made.OUTPUT_TYPE != "multiple_choice":
        raise HarnessError(
            f"{source.task} is a task of kind {made.OUTPUT_TYPE}; only multiple_choice tasks have choices to compare"
        )
    read = _row_of_contexts if made.multiple_input else _row
    return [
        read(made, task, number, doc, requests) for number, doc, requests in _requests(made, source)
    ]


def _loaded(source: HarnessTaskSource) -> ConfigurableTask:
    """The task object, with its data."""
    _contain_templates()
    manager, entry = _entry(source, source.task)
    group_says: Mapping[str, Any] = {}
    if entry.kind in (Kind.GROUP, Kind.TAG):
        members = group_members(entry, lambda name: _entry(source, name)[1])
        chosen = chosen_member(source.task, source.subtasks, members)
        manager, entry = _entry(source, chosen)
        group_says = members[chosen]
    elif source.subtasks:
        raise HarnessError(f"{source.task} is a single task; leave subtasks out")
    try:
        config = load_yaml(entry.yaml_path) if entry.yaml_path else dict(entry.cfg or {})
        spec = {**config, **group_says, **source.overrides, "task": entry.name}
        (made,) = manager.load(spec)["tasks"].values()
    except Exception as error:  # functions and data of the task may raise anything
        raise HarnessError(f"cannot be loaded ({_one_line(error)})") from error
    if not isinstance(made, ConfigurableTask):
        raise HarnessError(
            f"{source.task} is a program of its own; name a task that a YAML file defines"
        )
    return made


def _entry(source: HarnessTaskSource, name: str) -> tuple[TaskManager, Entry]:
    """A task, group or tag of the user, else of the harness, without code that nobody allowed; and its manager."""
    folder = source.include_path
    manager = tasks_of_folder(folder, source.task) if folder else installed_tasks()
    if name not in manager.task_index:
        manager = installed_tasks()
    entry = manager.task_index.get(name)
    if entry is None:
        raise HarnessError(
            f"there is no task {name!r}{nearest(name, manager.all_subtasks)}; "
            "lm-eval ls tasks lists all"
        )
    if entry.yaml_path and not source.allow_code:
        _refuse_code(Path(entry.yaml_path))
    return manager, entry


@cache
def _contain_templates() -> None:
    """From here on the harness renders all templates in Jinja's sandbox.

    Its own environment lets a template reach Python through attributes, so that a YAML file without any function could
    run code all the same.
    """
    plain = harness_utils.env
    contained = SandboxedEnvironment(
        loader=plain.loader,
        undefined=plain.undefined,
        keep_trailing_newline=plain.keep_trailing_newline,
    )
    contained.filters.update(plain.filters)
    harness_utils.env = contained


@cache
def installed_tasks() -> TaskManager:
    """The tasks of the installed harness: to index its thousands of files takes seconds, once in a process."""
    return TaskManager()


def _refuse_code(path: Path) -> None:
    """Refuse functions in YAML files outside of the harness, also in those that they include."""
    path = path.resolve()
    if INSTALLED in path.parents:
        return
    text = path.read_text(encoding="utf-8")
    # The parser's own events: a tag in a comment or a text is none.
    tags = [getattr(event, "tag", None) for event in yaml.parse(text)]
    if "!function" in tags:
        raise HarnessError(
            f"{path} runs code of its own (!function); read it, and type allow_code: true if you trust it"
        )
    for included in _includes(text):
        _refuse_code(path.parent / included)


def _includes(text: str) -> Sequence[str]:
    node = yaml.compose(text)
    for key, value in getattr(node, "value", ()):
        if key.value == "include":
            values = value.value if isinstance(value, yaml.SequenceNode) else [value]
            return [str(each.value) for each in values]
    return ()


def _requests(
    made: ConfigurableTask, source: HarnessTaskSource
) -> Iterator[tuple[int, Mapping[str, Any], list[tuple[str, str]]]]:
    """Number, document, and (context, continuation) of each choice."""
    shots = source.num_fewshot
    # As its evaluator does: a task that forbids solved examples keeps its 0.
    if made.get_config("num_fewshot") is None or (
        shots is not None and made.get_config("num_fewshot")
    ):
        made.set_config(key="num_fewshot", value=shots or 0)
    elif shots:
        raise HarnessError(
            f"num_fewshot: {source.task} says 0, which the harness keeps; leave it out"
        )
    made.set_fewshot_seed(seed=DEFAULT_OTHER_SEED)
    try:
        made.build_all_requests(rank=0, world_size=1)
    except Exception as error:  # functions and templates of the task may raise anything
        raise HarnessError(f"its requests cannot be made ({_one_line(error)})") from error
    for number, group in groupby(made.instances, key=lambda instance: instance.doc_id):
        asked = list(group)
        choices = len(made.doc_to_choice(asked[0].doc))
        yield number, asked[0].doc, [instance.args[:2] for instance in asked[:choices]]


def _row(
    made: ConfigurableTask,
    task: Task,
    number: int,
    doc: Mapping[str, Any],
    requests: list[tuple[str, str]],
) -> TaskRow:
    context, *others = dict.fromkeys(context for context, _ in requests)
    options = tuple(continuation for _, continuation in requests)
    if others or len(set(options)) < len(options) or len(options) < 2:
        raise HarnessError(
            f"document {number}: its choices are fewer than two or equal, so that no label tells them apart; leave the "
            "task out, or correct its data"
        )
    template, fields = row_template(made, doc, context)
    return TaskRow(
        id=str(number),
        fields=fields,
        options=options,
        label=_label(made, number, doc, len(options), made.doc_to_target(doc)),
        number=number,
        passage=None if task.passage_in_prompt else _passage(str(task.passage), number, doc),
        template=template,
    )


def _row_of_contexts(
    made: ConfigurableTask,
    task: Task,
    number: int,
    doc: Mapping[str, Any],
    requests: list[tuple[str, str]],
) -> TaskRow:
    """A row with a prompt for each choice, after which the same continuation is scored."""
    contexts = tuple(context for context, _ in requests)
    continuation, *others = dict.fromkeys(continuation for _, continuation in requests)
    if others or len(set(contexts)) < len(contexts) or len(contexts) < 2:
        raise HarnessError(
            f"document {number}: its prompts are fewer than two or equal, or not followed by the same text; leave the "
            "task out, or correct its data"
        )
    filled = filled_blank(made.doc_to_choice(doc), contexts, continuation)
    return TaskRow(
        id=str(number),
        fields=filled.fields,
        options=filled.options,
        label=_label(made, number, doc, len(contexts), made.doc_to_text(doc)),
        number=number,
        passage=None if task.passage_in_prompt else _passage(str(task.passage), number, doc),
        template=filled.template,
        contexts=contexts,
        continuation=continuation,
    )


def _label(
    made: ConfigurableTask, number: int, doc: Mapping[str, Any], count: int, target: Any
) -> int:
    choices = made.doc_to_choice(doc)
    if isinstance(target, str):
        target = choices.index(target) if target in choices else target
    if isinstance(target, bool) or not isinstance(target, int) or not 0 <= target < count:
        raise HarnessError(
            f"document {number}: its target {shown(target)} is not one of its {count} choices, or is several; name a "
            "split with labels by overrides, or leave the task out"
        )
    return target


def _passage(key: str, number: int, doc: Mapping[str, Any]) -> str:
    if doc.get(key) is None:
        raise HarnessError(
            f"document {number} has no {key!r}{nearest(key, map(str, doc))}; correct the passage"
        )
    return str(doc[key])


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
