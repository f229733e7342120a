"""Small predictions, made by hand or by chance, for the rooms that read them."""

import numpy as np
import polars as pl

from keepfaith.calibration.probabilities import Floats, Sample, sample_of


def random_sample(seed: int, size: int = 60, options: int = 4, sharpness: float = 1.5) -> Sample:
    """Log-likelihoods from a normal distribution, labels drawn from a flatter version of them; fixed choices."""
    generator = np.random.default_rng(seed)
    scores = generator.normal(size=(size, options))
    posterior = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels = drawn(posterior, generator)
    return sample_of(sharpness * scores, labels, classes=True)


def drawn(posterior: Floats, generator: np.random.Generator) -> np.ndarray:
    """One label per row of `posterior`."""
    ladder = posterior.cumsum(axis=1)[:, :-1]
    return (generator.random(len(posterior))[:, None] > ladder).sum(axis=1)


def binary_sample(confidence: list[float], correct: list[bool]) -> Sample:
    """Two options, the first predicted with the given confidence (at least .5) and right or wrong."""
    claimed = np.array(confidence)
    with np.errstate(divide="ignore"):
        log_likelihoods = np.log(np.stack([claimed, 1 - claimed], axis=1))
    sample = sample_of(log_likelihoods, np.where(correct, 0, 1))
    # Tests of bin edges need the confidences to the last bit, and softmax rounds.
    return Sample(
        sample.log_probabilities,
        sample.probabilities,
        sample.labels,
        sample.prediction,
        claimed,
    )


def examples_frame(
    labels: list[int],
    option_counts: list[int],
    posterior: list[list[float]] | None = None,
    texts: list[str] | None = None,
) -> pl.DataFrame:
    """EXAMPLES named e000, e001, ..., all in the evaluation part, with the text as their one field."""
    texts = texts or [f"text {row}" for row in range(len(labels))]
    return pl.DataFrame(
        {
            "example_id": [f"e{row:03d}" for row in range(len(labels))],
            "row": list(range(len(labels))),
            "prompt": texts,
            "fields": [[{"name": "text", "start": 0, "end": len(text)}] for text in texts],
            "options": [[f" option {o}" for o in range(count)] for count in option_counts],
            "label": labels,
            "rationale": [[{"start": 0, "end": 4}]] * len(labels),
            "posterior": posterior or [None] * len(labels),
            "evaluation": [True] * len(labels),
            "explanation": [True] * len(labels),
            "tuning": [False] * len(labels),
        },
        schema_overrides={"posterior": pl.List(pl.Float64)},
    )


def predictions_frame(by_level: dict[int, list[list[float]]]) -> pl.DataFrame:
    """PREDICTIONS from log-likelihoods per level and example; examples named as above."""
    rows = [
        (level, f"e{row:03d}", option, float(value), 1)
        for level, examples in by_level.items()
        for row, options in enumerate(examples)
        for option, value in enumerate(options)
    ]
    names = ["level", "example_id", "option", "log_likelihood", "tokens"]
    return pl.DataFrame(rows, schema=names, orient="row")


def examples_of_documents(documents: list[dict[str, str]]) -> pl.DataFrame:
    """EXAMPLES with two options and label 0 whose prompts are the texts of a document, a line and a field each."""
    prompts, fields = [], []
    for document in documents:
        prompt, spans = "", []
        for name, text in document.items():
            spans.append({"name": name, "start": len(prompt), "end": len(prompt) + len(text)})
            prompt += text + "\n"
        prompts.append(prompt)
        fields.append(spans)
    frame = examples_frame([0] * len(documents), [2] * len(documents), texts=prompts)
    return frame.with_columns(fields=pl.Series(fields, dtype=frame.schema["fields"]))
