import numpy as np
import polars as pl
from made_predictions import examples_frame

from keepfaith.statistics.clusters import all_single, cluster_sums, shared_texts


def test_examples_about_the_same_text_are_one_cluster():
    examples = examples_frame([0] * 4, [2] * 4, texts=["a b", "c d", "a b", "a"])
    assert shared_texts(examples).tolist() == [0, 1, 0, 2]
    assert not all_single(shared_texts(examples))
    assert all_single(np.arange(3))


def test_the_longest_field_decides():
    prompt = "The long passage. Question?"
    fields = [
        {"name": "passage", "start": 0, "end": 17},
        {"name": "question", "start": 18, "end": 27},
    ]
    other = "The long passage. Really so?"
    examples = examples_frame([0, 0], [2, 2], texts=[prompt, other]).with_columns(
        fields=pl.Series([fields, fields])
    )
    assert shared_texts(examples).tolist() == [0, 0]


def test_without_fields_the_prompt_decides():
    examples = examples_frame([0, 0], [2, 2], texts=["one", "two"])
    empty = examples.with_columns(fields=pl.lit([], dtype=examples.schema["fields"]))
    assert shared_texts(empty).tolist() == [0, 1]


def test_sums_over_clusters():
    values = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert cluster_sums(values, np.array([0, 1, 0])).tolist() == [[6.0, 8.0], [3.0, 4.0]]
