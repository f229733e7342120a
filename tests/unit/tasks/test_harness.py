"""Tasks of lm-evaluation-harness, word for word: requests, labels and accuracy are those of the harness itself."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from harness_runs import write_rows
from small_models import byte_level_tokenizer, tiny_llama

pytest.importorskip("lm_eval.models.huggingface", reason="lm-evaluation-harness is not installed")

from lm_eval.evaluator import simple_evaluate
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from lm_eval.tasks._yaml_loader import load_yaml

from keepfaith.config.schema import Examples, HarnessTaskSource, Task
from keepfaith.config.settings import ResolvedTask
from keepfaith.models.removal import PrunableModel
from keepfaith.scoring.encoding import PromptEncoder
from keepfaith.scoring.predict import predict
from keepfaith.scoring.scorer import OptionScorer
from keepfaith.statistics.clusters import group_examples
from keepfaith.tasks.prepare import prepare_task
from keepfaith.tasks.sources import SourceError

SHARED = Path(__file__).parents[4] / "shared" / "data"

PIQA = [
    {"goal": f"Open jar {n}.", "sol1": "Twist the lid.", "sol2": "Paint the {lid} blue.", "label": n % 2}
    for n in range(6)
]  # fmt: skip
HELLASWAG = [
    {"ind": n, "activity_label": "Cooking", "ctx_a": f"A man cuts {n} onions.", "ctx_b": "he",
     "endings": ["puts them in a pan.", "throws a ball.", "[title] sleeps.", "paints a door."],
     "source_id": "x", "split": "val", "split_type": "indomain", "label": str(n % 4)}
    for n in range(6)
]  # fmt: skip
COPA = [
    {"premise": f"The man broke toe {n}.", "choice1": "He got a hole in his sock.", "choice2": "He dropped a hammer.",
     "question": ("cause", "effect")[n % 2], "idx": n, "label": n % 2}
    for n in range(6)
]  # fmt: skip
WINOGRANDE = [
    {"sentence": "Ann paid Eve because _ was rich.", "option1": "Ann", "option2": "Eve", "answer": "1"}
]  # fmt: skip


@cache
def installed() -> TaskManager:
    return TaskManager()


def shared(name: str, count: int = 30) -> list[dict[str, Any]]:
    path = SHARED / name / "test.jsonl"
    if not path.is_file():
        pytest.skip(f"{path.parent} is not beside the repository")
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for _, line in zip(range(count), lines, strict=False)]


def arc_easy() -> list[dict[str, Any]]:
    """Local rows in the form of the data set on the hub."""
    return [
        {
            "question": row["question"],
            "choices": {"text": row["choices"], "label": list("ABCDE"[: len(row["choices"])])},
            "answerKey": "ABCDE"[row["answer"]],
        }
        for row in shared("arc_easy")
    ]


def boolq() -> list[dict[str, Any]]:
    return [
        {"passage": row["passage"][:300], "question": row["question"], "label": int(row["label"])}
        for row in shared("boolq")
    ]


TASKS = {
    "piqa": lambda: PIQA,
    "hellaswag": lambda: HELLASWAG,
    "copa": lambda: COPA,
    "arc_easy": arc_easy,
    "boolq": boolq,
}


def local(folder: Path, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Keys of a task's YAML that give it these rows."""
    files = {
        split: str(write_rows(folder / f"{split}.jsonl", rows))
        for split in ("train", "validation", "test")
    }
    kwargs = {"data_files": files, "cache_dir": str(folder / "cache")}
    return {"dataset_path": "json", "dataset_name": None, "dataset_kwargs": kwargs}


def of_harness(name: str, passage: str | None = None, **source: Any) -> ResolvedTask:
    chosen = HarnessTaskSource(task=name, **source)
    task = Task(
        version=1, description="Harness.", passage=passage, sources={"harness": chosen.model_dump()}
    )
    return ResolvedTask(name="mine", task=task, source=chosen)


def prepared(name: str, **source: Any) -> Any:
    return prepare_task(of_harness(name, **source), Examples(explanation=1)).examples


@pytest.mark.parametrize("shots", [None, 2])
@pytest.mark.parametrize("name", TASKS)
def test_requests_and_accuracy_are_those_of_the_harness(
    name: str, shots: int | None, tmp_path: Path
) -> None:
    overrides = local(tmp_path, TASKS[name]())
    tokenizer = byte_level_tokenizer()
    model = tiny_llama(len(tokenizer))
    path = installed().task_index[name].yaml_path
    assert path is not None
    results = simple_evaluate(
        model=HFLM(pretrained=model, tokenizer=tokenizer, batch_size=8, backend="causal", max_length=4096),
        tasks=[{**load_yaml(path), **overrides, "task": name}],
        task_manager=installed(),
        num_fewshot=shots,
        log_samples=True,
        bootstrap_iters=0,
    )  # fmt: skip
    assert results is not None
    samples = sorted(results["samples"][name], key=lambda sample: sample["doc_id"])
    examples = prepared(name, overrides=overrides, num_fewshot=shots)
    found = [
        [(row["prompt"], option) for option in row["options"]]
        for row in examples.iter_rows(named=True)
    ]
    expected = [[tuple(arguments) for arguments in sample["arguments"]] for sample in samples]
    assert found == expected
    assert len(found) == len(TASKS[name]())

    scorer = OptionScorer(PrunableModel(model), (), 8192)
    table = predict(scorer, PromptEncoder(tokenizer), examples, [0])
    sums = [
        group["log_likelihood"].to_numpy()
        for _, group in table.group_by("example_id", maintain_order=True)
    ]
    right: dict[str, list[bool]] = {"acc": [], "acc_norm": []}
    for values, row in zip(sums, examples.iter_rows(named=True), strict=True):
        lengths = [len(option.strip()) for option in row["options"]]
        right["acc"].append(values.argmax() == row["label"])
        right["acc_norm"].append((values / lengths).argmax() == row["label"])
    for metric, hits in right.items():
        key = f"{metric},none"
        if key in results["results"][name]:
            assert sum(hits) / len(hits) == pytest.approx(results["results"][name][key])
            assert hits == [bool(sample[metric]) for sample in samples]
    assert "acc,none" in results["results"][name]


FIELDS = {
    "piqa": [("goal", "Open jar 0.")],
    "hellaswag": [("query", "Cooking: A man cuts 0 onions. He")],
    "copa": [("context", "The man broke toe 0 because")],
}


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("shots", [0, 1])
def test_fields_are_texts_of_the_document(name: str, shots: int, tmp_path: Path) -> None:
    """Without solved examples and description; a function that changes its text gives one field."""
    source = {"overrides": local(tmp_path, TASKS[name]()), "num_fewshot": shots}
    row = prepared(name, **source).row(0, named=True)
    found = [(f["name"], row["prompt"][f["start"] : f["end"]]) for f in row["fields"]]
    assert found == FIELDS[name]


def test_several_fields_and_a_shared_passage(tmp_path: Path) -> None:
    rows = [
        {"passage": f"Passage {n // 2}.", "question": f"is it {{{n}}}", "label": n % 2}
        for n in range(4)
    ]
    task = of_harness("boolq", passage="passage", overrides=local(tmp_path, rows))
    frame = prepare_task(task, Examples(explanation=1)).examples
    row = frame.row(1, named=True)
    assert row["prompt"] == "Passage 0.\nQuestion: is it {1}?\nAnswer:"
    found = [(f["name"], row["prompt"][f["start"] : f["end"]]) for f in row["fields"]]
    assert found == [("passage", "Passage 0."), ("question", "is it {1}")]
    assert group_examples(frame, "passage").clusters == 2


MINE = {
    "task": "mine",
    "output_type": "multiple_choice",
    "test_split": "test",
    "doc_to_text": "{{goal}}",
    "doc_to_target": "label",
    "doc_to_choice": ["a", "b"],
}


def own(folder: Path, *lines: str, **changes: Any) -> dict[str, Any]:
    """A YAML file of the user, and the settings that read it."""
    settings = MINE | local(folder, PIQA) | changes
    text = "".join(f"{key}: {json.dumps(value)}\n" for key, value in settings.items() if value is not None)  # fmt: skip
    (folder / "mine.yaml").write_text(text + "".join(f"{line}\n" for line in lines))
    return {"include_path": str(folder)}


def test_a_task_of_the_user(tmp_path: Path) -> None:
    """With a description, a delimiter and braces, as plain text of the template."""
    source = own(tmp_path, description="Say {a} or b.\n", target_delimiter="\n")
    row = prepared("mine", **source).row(0, named=True)
    assert row["prompt"] == "Say {a} or b.\nOpen jar 0."
    assert [(f["start"], f["end"]) for f in row["fields"]] == [(14, 25)]
    assert row["options"] == ["\na", "\nb"]


CODE = "def text(doc):\n    return doc['goal'] + '!'\n"


@pytest.mark.parametrize("included", [False, True])
def test_code_of_the_user_runs_only_where_it_is_allowed(included: bool, tmp_path: Path) -> None:
    (tmp_path / "mine_code.py").write_text(CODE)
    line = "doc_to_text: !function mine_code.text"
    if included:
        (tmp_path / "base").write_text(line + "\n")
        source = own(tmp_path, "include: base", doc_to_text=None)
    else:
        source = own(tmp_path, line, doc_to_text=None)
    with pytest.raises(SourceError, match=r"runs code of its own \(!function\).*allow_code: true"):
        prepared("mine", **source)
    assert prepared("mine", allow_code=True, **source)["prompt"][0] == "Open jar 0.!"


def test_a_template_does_not_reach_python(tmp_path: Path) -> None:
    secret = "{{ goal.__class__.__mro__[1].__subclasses__() | length }}"
    source = own(tmp_path, f'doc_to_text: "{secret}"', doc_to_text=None)
    with pytest.raises(SourceError, match="__class__"):
        prepared("mine", **source)


def test_the_word_in_a_text_is_no_code(tmp_path: Path) -> None:
    source = own(tmp_path, "# !function mine_code.text", description="!function x ")
    assert prepared("mine", **source)["prompt"][0] == "!function x Open jar 0."


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"output_type": "generate_until"}, "mine is a task of kind generate_until; only multiple_choice"),
        ({"doc_to_target": "goal"}, "document 0: its target 'Open jar 0.' is not one of its 2 choices"),
        ({"doc_to_target": [0, 1]}, r"document 0: its target \[0, 1\] is not one of its 2 choices"),
        ({"doc_to_choice": ["a", "a"]}, "document 0: its choices are fewer than two or equal"),
        ({"doc_to_choice": ["a"]}, "document 0: its choices are fewer than two or equal"),
        ({"test_split": "tst"}, "cannot be loaded"),
        ({"doc_to_text": "{{gaol}}"}, "cannot be loaded .*gaol"),
    ],
)  # fmt: skip
def test_a_task_that_does_not_fit(changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=f"task mine: sources.harness: .*{words}") as caught:
        prepared("mine", **own(tmp_path, **changes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "rows", "words"),
    [
        ("winogrande", WINOGRANDE, "winogrande has a prompt for each choice"),
        ("pqa", PIQA, "there is no task 'pqa'; did you mean 'piqa'"),
        ("mmlu", PIQA, "mmlu is a group of tasks; name one of them"),
    ],
)
def test_a_task_that_cannot_be_asked(
    name: str, rows: list[dict[str, Any]], words: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match=words):
        prepared(name, overrides=local(tmp_path, rows))


def test_solved_examples_where_the_task_has_none(tmp_path: Path) -> None:
    source = own(tmp_path, num_fewshot=0)
    with pytest.raises(SourceError, match="num_fewshot: mine says 0"):
        prepared("mine", num_fewshot=2, **source)
    with pytest.raises(SourceError, match="document 0 has no 'gaol'; did you mean 'goal'"):
        prepare_task(of_harness("mine", passage="gaol", **source), Examples(explanation=1))
