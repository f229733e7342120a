"""Log-likelihoods, and accuracies of every kind, equal lm-evaluation-harness's own on the same examples."""

import json
from functools import cache
from pathlib import Path

import pytest
from small_models import byte_level_tokenizer, metaspace_tokenizer, tiny_llama
from tokenizers_at_hand import smollm2_folder

from keepfaith.calibration.probabilities import predicted
from keepfaith.config.load import load_study
from keepfaith.models.loading import load_model, load_tokenizer
from keepfaith.models.removal import PrunableModel
from keepfaith.scoring.encoding import EncodingError, PromptEncoder, ScoringInput
from keepfaith.scoring.predict import predict
from keepfaith.scoring.scorer import OptionScorer
from keepfaith.tasks.prepare import prepare_task

pytest.importorskip("lm_eval.models.huggingface", reason="lm-evaluation-harness is not installed")

SHARED = Path(__file__).parents[4] / "shared"
TOLERANCE = 1e-4


def harness(model, tokenizer, pairs):
    """Log-likelihoods of `lm_eval`'s HFLM, pair by pair."""
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    lm = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=8, backend="causal")
    requests = [Instance("loglikelihood", {}, pair, number) for number, pair in enumerate(pairs)]
    return [value for value, _ in lm.loglikelihood(requests, disable_tqdm=True)]


def ours(model, encoder, examples):
    scorer = OptionScorer(PrunableModel(model), (), 4096)
    inputs = []
    for prompt, options in examples:
        encoded = encoder.encode(prompt, options)
        inputs.append(ScoringInput(encoded.prompt_ids, encoded.option_ids))
    return [float(value) for values in scorer.log_likelihoods(inputs, [0]) for value in values[0]]


EXAMPLES = [
    (
        "The film was not good, but the acting was.\nQuestion: Is this positive?\nAnswer:",
        [" yes", " no"],
    ),
    ("Anna keeps the key", [" in the green box", " under the stairs", "ring", ".", " é漢"]),
    ("The river runs ", ["through the old city", "of Paris"]),
    ("", ["The film", " boring"]),
    ("A dull picture;\n", ["never funny", "always predictable"]),
]


@pytest.mark.parametrize(
    "tokenizer", [metaspace_tokenizer(), byte_level_tokenizer()], ids=["bos", "no_bos"]
)
def test_random_model(tokenizer):
    model = tiny_llama(len(tokenizer))
    pairs = [(prompt, option) for prompt, options in EXAMPLES for option in options]
    found = ours(model, PromptEncoder(tokenizer, 256), EXAMPLES)
    assert found == pytest.approx(harness(model, tokenizer, pairs), abs=TOLERANCE)


def sst2(row):
    return f"{row['text']}\nQuestion: Is this sentence positive or negative?\nAnswer:", [
        " negative",
        " positive",
    ]


def boolq(row):
    return f"{row['passage']}\nQuestion: {row['question']}?\nAnswer:", [" no", " yes"]


def rte(row):
    return f"{row['premise']}\nQuestion: {row['hypothesis']} True or False?\nAnswer:", [
        " True",
        " False",
    ]


def arc_easy(row):
    return f"Question: {row['question']}\nAnswer:", [f" {text}" for text in _texts(row)]


def openbookqa(row):
    return row["question"], [f" {text}" for text in _texts(row)]


def _texts(row):
    return row["choices"]["text"] if isinstance(row["choices"], dict) else row["choices"]


@pytest.mark.parametrize(
    ("task", "count"), [(sst2, 100), (rte, 100), (arc_easy, 100), (openbookqa, 100), (boolq, 20)]
)
def test_real_model_and_data(task, count):
    folder, data = SHARED / "models" / "stories260K", SHARED / "data" / task.__name__
    if not folder.is_dir() or not data.is_dir():
        pytest.skip(f"{folder.name} or {data.name} is not beside the repository")
    model, tokenizer = load_model(folder, device="cpu"), load_tokenizer(folder)
    encoder = PromptEncoder(tokenizer, 512)
    examples = []
    with (data / "validation.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            prompt, options = task(json.loads(line))
            try:
                encoder.encode(prompt, options)
            except EncodingError as error:
                assert "the model admits" in str(error)  # the harness would cut it silently
                continue
            examples.append((prompt, options))
            if len(examples) == count:
                break
    assert len(examples) == count
    pairs = [(prompt, option) for prompt, options in examples for option in options]
    found = ours(model, encoder, examples)
    assert found == pytest.approx(harness(model, tokenizer, pairs), abs=TOLERANCE)


WORDING = {"arc_easy": "Question: {{question}}\nAnswer:", "openbookqa": "{{question}}"}
"""`doc_to_text` of the harness's own tasks, over the column names of the local files."""
UNITS = {"acc": "sum", "acc_norm": "character", "acc_bytes": "byte"}
"""Each accuracy of the harness, and the unit of the log-likelihoods whose largest is right."""


@cache
def smollm2():
    """Model and tokenizer; skips the test where they are absent."""
    folder = smollm2_folder()
    if not (folder / "model.safetensors").is_file():
        pytest.skip(f"{folder.name} is not at hand: no such folder beside the project")
    return load_model(folder, device="cpu"), load_tokenizer(folder)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "fewest"), [("arc_easy", 35), ("openbookqa", 10)])
def test_acc_norm_is_that_of_the_harness_to_the_example(name, fewest, tmp_path):
    """100 examples through the catalog's task and through a task of the harness; `fewest`: right answers, at least."""
    from harness_runs import log_run, multiple_choice, write_rows
    from lm_eval.models.huggingface import HFLM

    if not (SHARED / "data" / name).is_dir():
        pytest.skip(f"data/{name} is not beside the repository")
    model, tokenizer = smollm2()
    study = load_study(
        {
            "models": ["builtin"], "orders": ["last_k"], "tasks": [name], "task_source": "local",
            "folders": {"data": str(SHARED / "data")},
            "examples": {"evaluation": 100, "explanation": 3, "tuning": 0},
        },
        [Path(__file__).parents[3] / "config" / "catalog"],
    )  # fmt: skip
    examples = prepare_task(study.tasks[name], study.study.examples).examples.filter("evaluation")
    scorer = OptionScorer(PrunableModel(model), (), 4096)
    predictions = predict(scorer, PromptEncoder(tokenizer, 2048), examples, [0])

    lines = (SHARED / "data" / name / "test.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(lines[row]) for row in examples["row"]]
    task = multiple_choice(
        name,
        write_rows(tmp_path / f"{name}.jsonl", rows),
        doc_to_text=WORDING[name],
        doc_to_choice="{{choices}}",
        doc_to_target="{{answer}}",
        metric_list=[{"metric": metric} for metric in UNITS],
    )
    harness = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=8, backend="causal")
    samples = sorted(
        log_run(harness, [task], tmp_path / "run")["samples"][name], key=lambda each: each["doc_id"]
    )
    assert len(samples) == len(rows) == 100
    by_row = dict(zip(examples["example_id"], samples, strict=True))
    different = {}
    for metric, unit in UNITS.items():
        found = predicted(predictions, examples, unit=unit)
        own = dict(zip(found.example_ids, found.levels[0].correct.tolist(), strict=True))
        theirs = {name: bool(sample[metric]) for name, sample in by_row.items()}
        assert own == theirs, metric
        assert fewest <= sum(own.values()) < 100
        different[unit] = found.levels[0].prediction.tolist()
    # The three are no copies of each other here.
    assert different["sum"] != different["character"]
