"""What stands between prompt and option is the task's own, and nothing else is changed for it."""

from pathlib import Path

import pytest
from small_models import byte_level_tokenizer, metaspace_tokenizer
from tables import examples, resolved, rows, write_rows

from keepfaith.config.schema import LocalTaskSource, Task
from keepfaith.config.settings import ResolvedTask
from keepfaith.scoring.encoding import PromptEncoder
from keepfaith.tasks.prepare import prepare_task
from keepfaith.training.pairs import encode_pairs
from keepfaith.training.tokenizer import train_tokenizer

CHATML = "<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n"


def task(path: str, **changes: object) -> ResolvedTask:
    made = resolved({"evaluation": path}, id="id")
    definition = made.task.model_dump() | changes
    return ResolvedTask(name="tiny", task=Task(**definition), source=made.source)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return write_rows(tmp_path / "t.jsonl", rows(2))


def test_chinese_options_follow_at_once(path: str) -> None:
    chinese = task(
        path,
        prompt="{text}\n这是正面还是负面\n答案",
        options=("负面", "正面"),
        delimiter="",
    )
    frame = prepare_task(chinese, examples()).examples
    assert frame["options"].to_list() == [["负面", "正面"]] * 2
    assert frame["prompt"][0].endswith("答案")


def test_a_chat_template_keeps_its_last_line_end(path: str) -> None:
    chat = task(path, prompt=CHATML, options=("negative", "positive"), delimiter="")
    row = prepare_task(chat, examples()).examples.row(0, named=True)
    assert row["prompt"] == CHATML.replace("{text}", "Text number 0.")
    assert row["options"] == ["negative", "positive"]
    for tokenizer in (byte_level_tokenizer(), metaspace_tokenizer()):
        encoded = PromptEncoder(tokenizer).encode(row["prompt"], row["options"])
        for option, ids in zip(row["options"], encoded.option_ids, strict=True):
            assert list(encoded.prompt_ids + ids) == tokenizer(row["prompt"] + option)["input_ids"]
            # As in the harness, the white space that ends the prompt is the option's.
            assert tokenizer.decode(ids).endswith(f"\n{option}")


@pytest.mark.parametrize("delimiter", ["\n", "\n\n", "\t", "\u3000", "  ", ""])
@pytest.mark.parametrize("end", [" ", "\n", "\n\n", ""])
def test_nothing_is_cut_unless_the_delimiter_is_one_space(
    delimiter: str, end: str, tmp_path: Path
) -> None:
    path = write_rows(tmp_path / "t.jsonl", rows(2, text=f"A text.{end}"))
    for prompt in ("{text}", "Read this: {text}"):
        frame = prepare_task(task(path, prompt=prompt, delimiter=delimiter), examples()).examples
        assert frame["prompt"][0] == prompt.replace("{text}", f"A text.{end}")
        (span,) = frame["fields"].to_list()[0]
        assert frame["prompt"][0][span["start"] : span["end"]] == f"A text.{end}"
        assert frame["options"].to_list()[0] == [f"{delimiter}bad", f"{delimiter}good"]


def test_one_space_cuts_what_ends_the_prompt(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "t.jsonl", rows(2, text="A text. \n"))
    frame = prepare_task(task(path, prompt="{text}"), examples()).examples
    assert frame["prompt"].to_list() == ["A text."] * 2
    assert frame["options"].to_list() == [[" bad", " good"]] * 2


def test_own_options_of_rows_carry_it_too(tmp_path: Path) -> None:
    table = [{"text": "x", "label": 0, "choices": ["a", " b"]} for _ in range(2)]
    path = write_rows(tmp_path / "t.jsonl", table)
    source = LocalTaskSource(splits={"evaluation": path}, options="choices")
    definition = Task(
        version=1, description="Tiny.", prompt="{text}\n", fields=("text",), delimiter="\n",
        sources={"local": source.model_dump()},
    )  # fmt: skip
    frame = prepare_task(
        ResolvedTask(name="t", task=definition, source=source), examples()
    ).examples
    assert frame["options"].to_list() == [["\na", "\nb"]] * 2


@pytest.mark.parametrize(
    ("delimiter", "expected"),
    [("", [" yes", " no "]), (" ", [" yes", " no"]), ("\n", ["\nyes", "\nno"])],
)
def test_without_a_delimiter_own_options_of_rows_keep_their_white_space(
    delimiter: str, expected: list[str], tmp_path: Path
) -> None:
    path = write_rows(
        tmp_path / "t.jsonl", [{"text": "x", "label": 0, "choices": [" yes", " no "]}]
    )
    source = LocalTaskSource(splits={"evaluation": path}, options="choices")
    definition = Task(
        version=1, description="Tiny.", prompt="{text}\nAnswer:", fields=("text",),
        delimiter=delimiter, sources={"local": source.model_dump()},
    )  # fmt: skip
    task = ResolvedTask(name="t", task=definition, source=source)
    frame = prepare_task(task, examples(explanation=1)).examples
    assert frame["options"].to_list() == [expected]


@pytest.mark.parametrize("refused", ["x", " x", "\n:", "\u200b", "\x00", "\\n"])
def test_a_delimiter_is_white_space(refused: str, path: str) -> None:
    with pytest.raises(ValueError, match="holds more than white space"):
        task(path, delimiter=refused)


def test_training_splits_as_the_engine_does() -> None:
    """A prompt whose last space begins the option's token is split before that space."""
    pairs = [("Answer: ", "positive"), ("assistant\n", "negative"), ("Answer:", "\npositive")]
    tokenizer = train_tokenizer(["Answer: positive", "assistant\nnegative\npositive"] * 3, 300)
    encoder = PromptEncoder(tokenizer)
    for (prompt, option), row in zip(pairs, encode_pairs(tokenizer, pairs, 64), strict=True):
        encoded = encoder.encode(prompt, [option])
        assert row.ids[: row.option_start] == encoded.prompt_ids
        assert row.ids[row.option_start :] == encoded.option_ids[0]
