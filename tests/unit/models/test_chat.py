"""Prompts in a chat template equal those of lm-evaluation-harness, and their spans hold the same texts."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from harness_runs import multiple_choice, write_rows
from small_models import byte_level_tokenizer, tiny_llama

from keepfaith.config.schema import Examples as Numbers
from keepfaith.config.schema import LocalTaskSource, Task
from keepfaith.config.settings import ResolvedTask
from keepfaith.models.chat import ChatTemplateError, with_chat_template
from keepfaith.tasks.prepare import prepare_task

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TRIMMED = CHATML.replace("message.content", "message.content | trim")
ROWS = [
    {"text": " Not good.", "label": 0, "options": ["bad", "good"], "why": [[1, 4]]},
    {
        "text": "A good user film.",
        "label": 1,
        "options": ["bad", "good"],
        "why": [[2, 6], [12, 16]],
    },
]
ROWS = [row | {"prompt": f"{row['text']}\nQuestion: good or bad?\nAnswer:"} for row in ROWS]


def prepared(tmp_path: Path, delimiter: str = " ") -> pl.DataFrame:
    path = str(write_rows(tmp_path / "t.jsonl", ROWS))
    source = LocalTaskSource(splits={"evaluation": path}, rationale={"text": "why"})
    definition = Task(
        version=1, description="Tiny.", prompt="{text}\nQuestion: good or bad?\nAnswer:", fields=("text",),
        options=("bad", "good"), delimiter=delimiter, sources={"local": source.model_dump()},
    )  # fmt: skip
    task = ResolvedTask(name="tiny", task=definition, source=source)
    return prepare_task(task, Numbers(explanation=1)).examples


def tokenizer_with(template: str | None) -> Any:
    tokenizer = byte_level_tokenizer()
    tokenizer.chat_template = template
    return tokenizer


@pytest.mark.parametrize("template", [CHATML, TRIMMED], ids=["whole", "trimmed"])
@pytest.mark.parametrize("delimiter", [" ", "\n", ""])
def test_requests_are_those_of_the_harness(template: str, delimiter: str, tmp_path: Path) -> None:
    pytest.importorskip(
        "lm_eval.models.huggingface", reason="lm-evaluation-harness is not installed"
    )
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    tokenizer = tokenizer_with(template)
    model = HFLM(pretrained=tiny_llama(len(tokenizer)), tokenizer=tokenizer, backend="causal")
    file = write_rows(tmp_path / "harness.jsonl", ROWS)
    config = multiple_choice("tiny", file, target_delimiter=delimiter)
    task = TaskManager(include_defaults=False).load(config)["tasks"]["tiny"]
    task.build_all_requests(
        limit=None, rank=0, world_size=1, apply_chat_template=True, chat_template=model.apply_chat_template,
        tokenizer_name="tiny",
    )  # fmt: skip
    expected = [instance.args for instance in task.instances]
    examples = with_chat_template(prepared(tmp_path, delimiter), tokenizer, delimiter)
    found = [
        (row["prompt"], option)
        for row in examples.iter_rows(named=True)
        for option in row["options"]
    ]
    assert found == expected


@pytest.mark.parametrize("template", [CHATML, TRIMMED])
def test_spans_move_with_their_texts(template: str, tmp_path: Path) -> None:
    plain = prepared(tmp_path)
    moved = with_chat_template(plain, tokenizer_with(template), " ")
    assert moved.drop("prompt", "fields", "rationale", "options").equals(
        plain.drop("prompt", "fields", "rationale", "options")
    )
    for before, after in zip(plain.iter_rows(named=True), moved.iter_rows(named=True), strict=True):
        for key in ("fields", "rationale"):
            texts = [
                [row["prompt"][span["start"] : span["end"]] for span in row[key]]
                for row in (before, after)
            ]
            # A trimmed message loses the white space that a field begins with.
            assert [text.strip() for text in texts[0]] == [text.strip() for text in texts[1]]


def test_solved_examples_are_in_the_same_message(tmp_path: Path) -> None:
    source = LocalTaskSource(
        splits={
            "evaluation": str(write_rows(tmp_path / "e.jsonl", ROWS[1:])),
            "training": str(write_rows(tmp_path / "f.jsonl", ROWS[:1])),
        }
    )
    definition = Task(
        version=1, description="Tiny.", prompt="{text} Answer:", fields=("text",), options=("bad", "good"),
        few_shot=1, sources={"local": source.model_dump()},
    )  # fmt: skip
    task = ResolvedTask(name="tiny", task=definition, source=source)
    table = prepare_task(task, Numbers(explanation=1)).examples
    row = with_chat_template(table, tokenizer_with(CHATML), " ").row(0, named=True)
    assert row["prompt"] == (
        "<|im_start|>user\n Not good. Answer: bad\n\nA good user film. Answer:<|im_end|>\n<|im_start|>assistant\n"
    )
    (field,) = row["fields"]
    assert row["prompt"][field["start"] : field["end"]] == "A good user film."
    assert row["options"] == ["bad", "good"]


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (None, "the tokenizer has no chat template"),
        ("{{ messages[0].role }}", "does not contain the message of a user exactly once"),
        (CHATML.replace("message.content", "message.content * 2"), "does not contain the message"),
        (CHATML.replace("message.content", "message.content | replace('good', 'bad')"), "changes the text"),
        ("{{ raise_exception('no users') }}", r"cannot be applied \(TemplateError: no users\)"),
    ],
)  # fmt: skip
def test_a_template_that_cannot_be_used(template: str | None, words: str, tmp_path: Path) -> None:
    with pytest.raises(ChatTemplateError, match=words) as caught:
        with_chat_template(prepared(tmp_path), tokenizer_with(template), " ")
    assert "leave chat_template out" in str(caught.value)


DATED = "Today Date: {{ strftime_now('%d %b %Y') }}\n" + CHATML


def test_prompts_of_every_day_are_the_same(tmp_path: Path) -> None:
    """Some templates, such as those of Llama 3, write the date into every prompt."""
    found = with_chat_template(prepared(tmp_path), tokenizer_with(DATED), " ")
    assert found["prompt"].str.starts_with("Today Date: 26 Jul 2024\n").all()
