"""Tasks of lm-evaluation-harness, word for word: requests, labels and accuracy are those of the harness itself."""

import json
from pathlib import Path
from typing import Any

import lm_eval
import numpy as np
import polars as pl
import pytest
from harness_runs import evaluate, write_rows
from small_models import byte_level_tokenizer, tiny_llama

pytest.importorskip("lm_eval.models.huggingface", reason="lm-evaluation-harness is not installed")

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
from keepfaith.tasks.harness_blank import filled_blank
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
    {"sentence": f"Sarah paid Samantha {n} coins because _ {end}.", "option1": "Sarah", "option2": "Samantha",
     "answer": str(1 + (n + k) % 2)}
    for n in range(4) for k, end in enumerate(("was rich", "'s {house} was small"))
]  # fmt: skip
SUBJECTS = {
    "abstract_algebra": [
        {"question": f" Find the order of {n} in Z_{n + 3}. ", "subject": "abstract_algebra",
         "choices": [str(n), str(n + 1), "{8}", "0"], "answer": n % 4}
        for n in range(7)
    ],
    "anatomy": [
        {"question": f"Which of these is bone {n}?", "subject": "anatomy",
         "choices": ["the femur", "the liver", "the heart", f"nerve {n}"], "answer": (3 * n + 1) % 4}
        for n in range(6)
    ],
}  # fmt: skip


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
    "winogrande": lambda: WINOGRANDE,
    "mmlu_abstract_algebra": lambda: SUBJECTS["abstract_algebra"],
    "mmlu_anatomy": lambda: SUBJECTS["anatomy"],
}


FILES = {
    "piqa": "piqa/piqa",
    "hellaswag": "hellaswag/hellaswag",
    "copa": "super_glue/copa/default",
    "arc_easy": "arc/arc_easy",
    "boolq": "super_glue/boolq/default",
    "winogrande": "winogrande/default",
    "mmlu_abstract_algebra": "mmlu/default/mmlu_abstract_algebra",
    "mmlu_anatomy": "mmlu/default/mmlu_anatomy",
}
"""Their definitions in the harness, without `.yaml`: its index of thousands of files takes it seconds."""


def local(folder: Path, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Keys of a task's YAML that give it these rows."""
    files = {
        split: str(write_rows(folder / f"{split}.jsonl", rows))
        for split in ("train", "validation", "test", "dev")
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
    return prepare_task(of_harness(name, **source), Examples(explanation=0)).examples


def requests(row: dict[str, Any]) -> list[tuple[str, str]]:
    """What a model is asked for one row of EXAMPLES."""
    if row["contexts"] is None:
        return [(row["prompt"], option) for option in row["options"]]
    return [(context, row["continuation"]) for context in row["contexts"]]


def log_likelihoods(model: Any, tokenizer: Any, examples: pl.DataFrame) -> list[Any]:
    """Of every choice, by example."""
    scorer = OptionScorer(PrunableModel(model), (), 8192)
    table = predict(scorer, PromptEncoder(tokenizer), examples, [0])
    return [
        group["log_likelihood"].to_numpy()
        for _, group in table.group_by("example_id", maintain_order=True)
    ]


FIVE_SHOT = ("boolq", "winogrande", "mmlu_anatomy")


@pytest.mark.parametrize(
    ("name", "shots"),
    [*((name, shots) for name in TASKS for shots in (None, 2)), *((name, 5) for name in FIVE_SHOT)],
)
def test_requests_and_accuracy_are_those_of_the_harness(
    name: str, shots: int | None, tmp_path: Path
) -> None:
    overrides = local(tmp_path, TASKS[name]())
    tokenizer = byte_level_tokenizer()
    model = tiny_llama(len(tokenizer))
    definition = load_yaml(Path(lm_eval.__file__).parent / "tasks" / f"{FILES[name]}.yaml")
    assert definition["task"] == name
    results = evaluate(
        HFLM(pretrained=model, tokenizer=tokenizer, batch_size=8, backend="causal", max_length=4096),
        [{**definition, **overrides, "task": name}],
        task_manager=TaskManager(include_defaults=False),
        num_fewshot=shots,
    )  # fmt: skip
    samples = sorted(results["samples"][name], key=lambda sample: sample["doc_id"])
    examples = prepared(name, overrides=overrides, num_fewshot=shots)
    found = list(map(requests, examples.iter_rows(named=True)))
    expected = [[tuple(arguments) for arguments in sample["arguments"]] for sample in samples]
    assert found == expected
    assert len(found) == len(TASKS[name]())

    sums = log_likelihoods(model, tokenizer, examples)
    for values, sample in zip(sums, samples, strict=True):
        peer = [answer[0] for answer in sample["filtered_resps"]]
        np.testing.assert_allclose(values, peer, rtol=1e-4)
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


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("mine copy.yaml", "task: mine\n", r"mine.yaml and .*mine copy.yaml both define 'mine'; rename one"),
        ("broken.yaml", "task: [\n", "broken.yaml cannot be read"),
        ("based.yaml", "include: nowhere.yaml\ntask: other\n", "based.yaml cannot be read"),
    ],
)  # fmt: skip
def test_files_of_the_user_are_not_left_out(
    name: str, content: str, words: str, tmp_path: Path
) -> None:
    source = own(tmp_path)
    (tmp_path / name).write_text(content)
    with pytest.raises(SourceError, match=words):
        prepared("mine", **source)


def test_a_task_of_the_harness_does_not_stand_in_for_one_of_the_user(tmp_path: Path) -> None:
    own(tmp_path)
    (tmp_path / "arc_easy.yml").write_text("task: arc_easy\n")  # the harness reads *.yaml alone
    with pytest.raises(
        SourceError, match=r"no file \*.yaml in .* defines 'arc_easy'.*leave include_path out"
    ):
        prepared("arc_easy", include_path=str(tmp_path))


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
        ("pqa", PIQA, "there is no task 'pqa'; did you mean 'piqa'"),
        (
            "mmlu",
            PIQA,
            r"mmlu is a group of 57 tasks; name those .*: subtasks: \[abstract_algebra, anatomy, ",
        ),
        (
            "ai2_arc",
            PIQA,
            r"ai2_arc is a group of 2 tasks; .*: subtasks: \[arc_challenge, arc_easy\]",
        ),
    ],
)
def test_a_task_that_cannot_be_asked(
    name: str, rows: list[dict[str, Any]], words: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match=words):
        prepared(name, overrides=local(tmp_path, rows))


BLANKS = [
    ("Sarah", "Samantha", "Sarah paid Samantha 0 coins because _ was rich."),
    ("Sarah", "Samantha", "Sarah paid Samantha 0 coins because _ 's {house} was small."),
]


@pytest.mark.parametrize("shots", [0, 2])
def test_a_prompt_for_each_choice_is_one_prompt_with_a_blank(shots: int, tmp_path: Path) -> None:
    """For readers, and for the search of passages; solved examples are no part of the field."""
    examples = prepared("winogrande", overrides=local(tmp_path, WINOGRANDE), num_fewshot=shots)
    for row, (first, second, text) in zip(examples.iter_rows(named=True), BLANKS, strict=False):
        assert row["options"] == [first, second]
        assert row["prompt"].endswith(text) and (row["prompt"] == text) == (shots == 0)
        (field,) = row["fields"]
        assert row["prompt"][field["start"] : field["end"]] == text
        assert row["contexts"][0].endswith("Sarah paid Samantha 0 coins because Sarah")
    assert examples["label"].to_list() == [int(row["answer"]) - 1 for row in WINOGRANDE]


@pytest.mark.parametrize(
    ("own_texts", "options", "text"),
    [
        (["A, so Ann", "A, so Ann Lee"], ("Ann", "Ann Lee"), "A, so _ is."),
        (["Ann", "Eve"], ("Ann", "Eve"), "_ is."),
        (["the red car", "the old car"], ("red car", "old car"), "the _ is."),
        (["so he ", "so she "], ("he ", "she "), "so _ is."),
        (["so a ", "so  "], ("so a ", "so  "), "_ is."),
    ],
)
def test_where_the_blank_is(own_texts: list[str], options: tuple[str, ...], text: str) -> None:
    contexts = [f"Solved {{1}}. {each}" for each in own_texts]
    found = filled_blank(own_texts, contexts, " is.")
    assert (found.options, found.fields) == (options, {"context": text})
    assert found.template == "Solved {{1}}. {context}"


def test_prompts_that_do_not_differ(tmp_path: Path) -> None:
    rows = [WINOGRANDE[0] | {"option2": "Sarah"}]
    with pytest.raises(SourceError, match="document 0: its prompts are fewer than two or equal"):
        prepared("winogrande", overrides=local(tmp_path, rows))


def test_such_a_task_is_not_explained(tmp_path: Path) -> None:
    task = of_harness("winogrande", overrides=local(tmp_path, WINOGRANDE))
    with pytest.raises(
        SourceError,
        match=r"task mine: has a prompt for each choice.*type examples: \{explanation: 0\}",
    ):
        prepare_task(task, Examples(explanation=1))


def subjects(folder: Path) -> dict[str, Any]:
    """MMLU as a folder of local files: the subject is a configuration of the data set, as on the hub."""
    data = folder / "mmlu"
    lines = ["---", "configs:"]
    for name, rows in SUBJECTS.items():
        lines += [f"- config_name: {name}", "  data_files:"]
        (data / name).mkdir(parents=True)
        for split in ("test", "dev"):
            write_rows(data / name / f"{split}.jsonl", rows)
            lines += [f"  - split: {split}", f"    path: {name}/{split}.jsonl"]
    (data / "README.md").write_text("\n".join([*lines, "---", ""]))
    kwargs = {"cache_dir": str(folder / "cache")}
    return {"dataset_path": str(data), "dataset_kwargs": kwargs}


@pytest.mark.parametrize("spelling", ["anatomy", "mmlu_anatomy"])
def test_a_subtask_of_a_group_is_the_task_itself(spelling: str, tmp_path: Path) -> None:
    overrides = subjects(tmp_path)
    found = prepared("mmlu", subtasks=[spelling], overrides=overrides, num_fewshot=1)
    assert found.height == len(SUBJECTS["anatomy"])
    assert "about anatomy" in found["prompt"][0]
    alone = prepared("mmlu_anatomy", overrides=overrides, num_fewshot=1)
    assert found.equals(alone)


def test_a_subtask_that_does_not_exist(tmp_path: Path) -> None:
    overrides = subjects(tmp_path)
    with pytest.raises(SourceError, match="subtasks: mmlu has no 'antomy'; did you mean 'anatomy'"):
        prepared("mmlu", subtasks=["antomy"], overrides=overrides)
    with pytest.raises(SourceError, match="piqa is a single task; leave subtasks out"):
        prepared("piqa", subtasks=["x"])


def test_what_a_group_changes_in_its_tasks(tmp_path: Path) -> None:
    """The group's own keys, and those of the line that names a task: requests are those of the harness."""
    own(tmp_path)
    line = {"task": "mine", "target_delimiter": "~"}
    inner = {"group": "inner", "task": [line], "fewshot_delimiter": "#"}
    outer = {"group": "outer", "task": ["inner"], "description": "Outer.", "fewshot_delimiter": "%"}
    for group in (inner, outer):
        (tmp_path / f"{group['group']}.yaml").write_text(json.dumps(group))
    manager = TaskManager(include_path=str(tmp_path), include_defaults=False)
    (made,) = manager.load("outer")["tasks"].values()
    made.set_config(key="num_fewshot", value=1)
    made.set_fewshot_seed(seed=1234)
    made.build_all_requests(rank=0, world_size=1)
    expected = [tuple(instance.args[:2]) for instance in made.instances]
    examples = prepared("outer", subtasks=["mine"], include_path=str(tmp_path), num_fewshot=1)
    found = [pair for row in examples.iter_rows(named=True) for pair in requests(row)]
    assert found == expected
    assert "~" in expected[0][1] and "Outer." in expected[0][0] and "%" in expected[0][0]


def test_code_in_a_group_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "mine_code.py").write_text(CODE)
    own(tmp_path)
    group = "group: ours\ntask: [mine]\ndoc_to_text: !function mine_code.text\n"
    (tmp_path / "ours.yaml").write_text(group)
    source = {"include_path": str(tmp_path), "subtasks": ["mine"]}
    with pytest.raises(SourceError, match=r"ours.yaml runs code of its own"):
        prepared("ours", **source)
    assert prepared("ours", allow_code=True, **source)["prompt"][0] == "Open jar 0.!"


def test_solved_examples_where_the_task_has_none(tmp_path: Path) -> None:
    source = own(tmp_path, num_fewshot=0)
    with pytest.raises(SourceError, match="num_fewshot: mine says 0"):
        prepared("mine", num_fewshot=2, **source)
    with pytest.raises(SourceError, match="document 0 has no 'gaol'; did you mean 'goal'"):
        prepare_task(of_harness("mine", passage="gaol", **source), Examples(explanation=1))
