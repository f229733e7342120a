"""A study and a log of lm-evaluation-harness agree, whatever stands between prompt and option."""

from pathlib import Path

import pytest
from small_models import byte_level_tokenizer, metaspace_tokenizer, tiny_llama

pytest.importorskip("lm_eval.models.huggingface", reason="lm-evaluation-harness is not installed")

from harness_runs import log_run, multiple_choice, write_rows

from keepfaith.config.schema import Examples, LocalTaskSource, Task
from keepfaith.config.settings import ResolvedTask
from keepfaith.imports.levels import read_task
from keepfaith.models.removal import PrunableModel
from keepfaith.scoring.encoding import PromptEncoder
from keepfaith.scoring.predict import predict
from keepfaith.scoring.scorer import OptionScorer
from keepfaith.tasks.prepare import prepare_task

CHOICES = ["negative", "positive"]
CASES = {
    "chat": ("<user>\n{text}\n<assistant>\n", ""),
    "at_once": ("{text} Is this positive:", ""),
    "new_line": ("{text}\nAnswer:", "\n"),
    "two_line_ends": ("{text}\nAnswer:\n", "\n"),
    "one_space": ("{text}\nAnswer:", " "),
}
TEXTS = ["The film was not good.", "A dull, boring picture", "Anna keeps the silver key."]


@pytest.mark.parametrize(
    "tokenizer", [byte_level_tokenizer(), metaspace_tokenizer()], ids=["bytes", "spaces"]
)
def test_log_likelihoods_are_those_of_the_harness(tokenizer, tmp_path: Path) -> None:
    from lm_eval.models.huggingface import HFLM

    model = tiny_llama(len(tokenizer))
    tasks, tables = [], {}
    for name, (prompt, delimiter) in CASES.items():
        rows = [
            {"text": text, "prompt": prompt.format(text=text), "options": CHOICES, "label": n % 2}
            for n, text in enumerate(TEXTS)
        ]
        file = write_rows(tmp_path / f"{name}.jsonl", rows)
        tasks.append(multiple_choice(name, file, target_delimiter=delimiter))
        source = LocalTaskSource(splits={"evaluation": str(file)})
        task = Task(
            version=1, description="Tiny.", prompt=prompt, fields=("text",), options=CHOICES,
            delimiter=delimiter, sources={"local": source.model_dump()},
        )  # fmt: skip
        counts = Examples(evaluation="all", explanation=1, tuning=0)
        tables[name] = prepare_task(
            ResolvedTask(name=name, task=task, source=source), counts
        ).examples
    harness = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=4, backend="causal")
    log_run(harness, tasks, tmp_path / "run")
    scorer = OptionScorer(PrunableModel(model), (), 4096)
    for name, table in tables.items():
        (path,) = (tmp_path / "run").rglob(f"samples_{name}_*.jsonl")
        logged = read_task({0: path}).levels[0]
        assert [example.prompt for example in logged.values()] == table["prompt"].to_list()
        assert [list(example.options) for example in logged.values()] == table["options"].to_list()
        expected = [value for example in logged.values() for value in example.log_likelihoods]
        found = predict(scorer, PromptEncoder(tokenizer, 256), table, [0])
        ordered = found.sort("example_id", "option")["log_likelihood"].to_list()
        assert ordered == pytest.approx(expected, abs=1e-4), name
