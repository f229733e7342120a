"""Tokenizers are the same where every text has the same token ids, however their files are written."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from keepfaith.config.errors import ConfigError
from keepfaith.config.same_tokenizer import check_same_tokenizer
from keepfaith.models.builtin import CHECKPOINT

Content = dict[str, Any]


def pair(folder: Path, change: Callable[[Content], None], source: Path | None = None) -> list[Path]:
    """Two folders with the same tokenizer, one of which was changed."""
    made = []
    for name in ("changed", "dense"):
        (folder / name).mkdir()
        shutil.copy(source or CHECKPOINT / "tokenizer.json", folder / name / "tokenizer.json")
        made.append(folder / name)
    content = json.loads((made[0] / "tokenizer.json").read_text(encoding="utf-8"))
    change(content)
    (made[0] / "tokenizer.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
    return made


def byte_pairs(folder: Path) -> Path:
    """A tokenizer with merges, as large models have."""
    vocabulary = {token: index for index, token in enumerate(["a", "b", "c", "ab", "abc"])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[("a", "b"), ("ab", "c")]))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "pairs.json"))
    return folder / "pairs.json"


def cut_and_padded(content: Content) -> None:
    content["truncation"] = {
        "direction": "Right", "max_length": 8, "strategy": "LongestFirst", "stride": 0,
    }  # fmt: skip
    content["padding"] = {
        "strategy": "BatchLongest", "direction": "Left", "pad_to_multiple_of": None, "pad_id": 0,
        "pad_type_id": 0, "pad_token": "x",
    }  # fmt: skip


def spaced_merges(content: Content) -> None:
    content["model"]["merges"] = [" ".join(pair) for pair in content["model"]["merges"]]


@pytest.mark.parametrize("change", [lambda content: None, cut_and_padded])
def test_forms_of_one_tokenizer(tmp_path: Path, change: Callable[[Content], None]) -> None:
    changed, dense = pair(tmp_path, change)
    assert (changed / "tokenizer.json").read_bytes() != (dense / "tokenizer.json").read_bytes()
    check_same_tokenizer("m", changed, dense)


def test_merges_may_be_written_in_two_ways(tmp_path: Path) -> None:
    check_same_tokenizer("m", *pair(tmp_path, spaced_merges, byte_pairs(tmp_path)))


def other_merges(content: Content) -> None:
    content["model"]["merges"].reverse()


def one_token_more(content: Content) -> None:
    content["model"]["vocab"]["abab"] = 5


def swapped(content: Content) -> None:
    vocabulary = content["model"]["vocab"]
    vocabulary["a"], vocabulary["b"] = vocabulary["b"], vocabulary["a"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (other_merges, "other merges or rules of the vocabulary"),
        (one_token_more, "1 tokens are in one only or have another id, first 'abab' (6 tokens"),
        (swapped, "2 tokens are in one only or have another id, first 'a'"),
        (lambda content: content.update(pre_tokenizer=None), "other pre_tokenizer"),
    ],
)
def test_another_tokenizer_is_refused_with_both_names(
    tmp_path: Path, change: Callable[[Content], None], said: str
) -> None:
    changed, dense = pair(tmp_path, change, byte_pairs(tmp_path))
    with pytest.raises(ConfigError) as error:
        check_same_tokenizer("order made, level 1", changed, dense)
    message = str(error.value)
    assert message.startswith(f"order made, level 1: {changed / 'tokenizer.json'} is not")
    assert str(dense / "tokenizer.json") in message and "\n" not in message
    assert said in message


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    changed, dense = pair(tmp_path, lambda content: content.pop("model"))
    with pytest.raises(ConfigError, match="cannot be read"):
        check_same_tokenizer("m", changed, dense)
