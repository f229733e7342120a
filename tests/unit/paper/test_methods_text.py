"""The methods section holds the settings that were used, number by number."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from keepfaith.config.load import load_study
from keepfaith.config.settings import Settings
from keepfaith.paper.methods_text import cited_works, methods_text
from keepfaith.paper.references import references

ROOT = Path(__file__).resolve().parents[3]
CATALOG = ROOT / "config" / "catalog"
STUDIES = ("demo", "paper", "smollm2")


def raw(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / f"config/studies/{name}.yaml").read_text(encoding="utf-8"))


def settings(name: str, **changed: Any) -> Settings:
    return load_study(raw(name) | changed, [CATALOG])


def numbers(value: object) -> set[float]:
    """All numbers in nested values, and those of texts such as names and revisions."""
    if isinstance(value, dict):
        return set().union(*(numbers(key) | numbers(each) for key, each in value.items()), set())
    if isinstance(value, list | tuple):
        return set().union(*map(numbers, value), set())
    if isinstance(value, str):
        return numbers_of(value)
    return {float(value)} if isinstance(value, int | float) else set()


def numbers_of(text: str) -> set[float]:
    return {float(found) for found in re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\w)", text)}


@pytest.mark.parametrize("name", STUDIES)
def test_every_number_is_a_setting(name: str) -> None:
    study = settings(name)
    text = re.sub(r"\[@[^\]]*\]|revision \w+", "", methods_text(study, {}))
    kinds = (study.models, study.orders, study.texts, study.tasks, study.methods)
    dumped = [each.model_dump() for kind in kinds for each in kind.values()]
    known = numbers([study.study.model_dump(), dumped, study.layers, study.levels])
    known |= {2.0**study.study.faithfulness.segments, 100 * study.study.statistics.confidence}
    known |= {
        0.0,
        1.0,
        500.0,
    }  # the dense level, the best order, and the automatic number of tuning examples
    assert numbers_of(text) <= known


CHANGES = {
    "levels": ([0, 3], "builtin: 0, 3 of 8 layers", "0 to 6 of 8"),
    "examples": ({"evaluation": 77, "explanation": 16, "tuning": 33, "seed": 5}, "77 examples at most", "400"),
    "faithfulness": ({"segments": 7}, "at most 128", "1024"),
    "calibration": ({"bins": 13, "null_repetitions": 345}, "13 equal-width bins", "10 equal"),
    "statistics": ({"confidence": 0.9, "repetitions": 4321, "margins": {"ece": 0.07}}, "ECE 0.07", "95 %"),
    "seeds": ([4, 9, 11], "seeds 4, 9, 11", "seeds 0, 1"),
    "methods": (["integrated_gradients", "random"], "[@sundararajan2017]", "LIME"),
    "orders": (["greedy"], "criterion Greedy", "Cosine"),
    "tasks": (["lookup"], "Tasks: lookup, 400", "sentiment, 400"),
    "scoring": ({"dtype": "bfloat16"}, "in bfloat16", "in float32"),
}  # fmt: skip


@pytest.mark.parametrize("key", CHANGES)
def test_a_changed_setting_changes_its_sentence(key: str) -> None:
    value, there, gone = CHANGES[key]
    before, after = (
        methods_text(settings("demo"), {}),
        methods_text(settings("demo", **{key: value}), {}),
    )
    assert there in after and there not in before
    assert gone in before and gone not in after


def test_tuning_examples_are_those_of_each_task() -> None:
    told = "tuning examples, which are never evaluated: "
    auto = methods_text(settings("demo", examples={"tuning": "auto"}), {})
    assert f"{told}at most 500 per task, of tasks with a tuning split of their own." in auto
    own = settings("demo", examples={"tuning": 33})
    one, *others = own.tasks
    task = own.tasks[one].task
    none = task.model_copy(update={"examples": task.examples.model_copy(update={"tuning": 0})})
    of_one = own.tasks[one].model_copy(update={"task": none})
    changed = replace(own, tasks=own.tasks | {one: of_one})
    assert f"{told}33 per task ({', '.join(others)})." in methods_text(changed, {})


def test_what_was_not_done_is_not_told() -> None:
    text = methods_text(
        settings("demo", examples={"explanation": 0, "tuning": 0}), {"torch": "9.9"}
    )
    assert "## Explanations" not in text and "temperature" not in text
    assert "Versions: torch 9.9." in text


@pytest.mark.parametrize("name", STUDIES)
def test_every_citation_has_its_reference(name: str) -> None:
    study = settings(name)
    cited = set(re.findall(r"@(\w+)", methods_text(study, {})))
    keys = re.findall(r"^@\w+\{(\w+),$", references(cited_works(study)), re.MULTILINE)
    assert len(keys) == len(set(keys))
    assert cited <= set(keys) and len(cited) > 10


def test_checkpoints_are_named_one_by_one(tmp_path: Path) -> None:
    from keepfaith.models.builtin import CHECKPOINT

    entry = {
        "description": "Made by other tools.",
        "citation": "SmoothQuant (Xiao et al. 2022, arXiv:2211.10438)",
        "kind": "checkpoints",
        "levels": {1: {"path": str(CHECKPOINT), "label": "8 bits"}},
    }
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "made.yaml").write_text(yaml.safe_dump(entry), encoding="utf-8")
    chosen = {"orders": ["made"], "levels": {"maximum": "all"}, "stability": {}}
    study = load_study(raw("demo") | chosen, [tmp_path, CATALOG])
    text = methods_text(study, {})
    assert "Levels of order made are models of their own" in text and "1: 8 bits." in text
    assert "We dropped layers" not in text and "one by one" not in text
    (cited,) = re.findall(r"each judged on its own \[@(\w+)\]", text)
    assert f"@misc{{{cited}," in references(cited_works(study))
