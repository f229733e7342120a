"""A label is read as it is meant, however it is written, or refused in one line."""

import math

import pytest

from keepfaith.config.cells import RowError
from keepfaith.config.labels import read_label
from keepfaith.config.schema import LocalTaskSource

TWO, THREE = ("no", "yes"), ("no", "yes", "maybe")


def label(written: object, options: tuple[str, ...] = THREE, **source: object) -> int:
    table = LocalTaskSource(splits={"evaluation": "x.csv"}, **source)  # type: ignore[arg-type]
    return read_label({"label": written}, table, options)


@pytest.mark.parametrize("written", [1, 1.0, "1", "1.0", " 1 ", "01", "1.00"])
def test_one_is_one_however_it_is_written(written: object) -> None:
    assert label(written) == 1
    assert label(written, label_names=["0", "1", "2"]) == 1


def test_true_and_false_are_two_options() -> None:
    assert [label(value, TWO) for value in (False, True)] == [0, 1]
    with pytest.raises(RowError, match="True is true or false, but there are 3 choices"):
        label(True)
    with pytest.raises(RowError, match="label 'True' is not a number from 0; name the choices"):
        label("True", TWO)
    assert label("True", TWO, label_names=["False", "True"]) == 1
    assert label(True, TWO, label_names=["True", "False"]) == 0


def test_names_are_read_without_surrounding_blanks_and_with_their_case() -> None:
    names = ["entailment", "neutral", "None"]
    assert label("  neutral\t", label_names=names) == 1
    with pytest.raises(RowError, match=r"names none of the choices .*; did you mean 'neutral'\?"):
        label("Neutral", label_names=names)
    with pytest.raises(RowError, match="names none"):
        label("banana", label_names=names)
    assert label("None", label_names=names) == 2


def test_a_letter_of_a_name_is_the_same_however_it_was_typed() -> None:
    names = ["Schlecht", "G\u00fct"]
    assert label("Gu\u0308t", TWO, label_names=names) == 1
    assert label("G\u00fct", TWO, label_names=["Schlecht", "Gu\u0308t"]) == 1
    with pytest.raises(RowError, match="contain the same name twice"):
        read_label(
            {"label": "x", "names": ["u\u0308", "\u00fc"]},
            LocalTaskSource(splits={"evaluation": "x.csv"}, label_names="names"),
            TWO,
        )


@pytest.mark.parametrize("written", [-1, -1.0, "-1", "-1.0", " -1 ", "", "  ", "-", None, math.nan])
@pytest.mark.parametrize("names", [None, ["a", "b", "c"]])
def test_no_label(written: object, names: object) -> None:
    with pytest.raises(RowError) as caught:
        label(written, label_names=names)
    assert caught.value.reason == "unlabelled"


def test_marks_of_no_label_may_be_names() -> None:
    assert label(-1, label_names=["-1", "0", "1"]) == 0
    assert label("-", TWO, label_names=["+", "-"]) == 1


@pytest.mark.parametrize("written", [3, -2, "3", "0.5", 0.5, math.inf, "NA", "1e0", "9" * 5000])
def test_any_other_label_is_a_fault_of_the_task(written: object) -> None:
    with pytest.raises(RowError) as caught:
        label(written)
    assert caught.value.reason is None
    assert len(str(caught.value)) < 200


def test_names_of_a_column_that_are_alike() -> None:
    source = LocalTaskSource(splits={"evaluation": "x"}, label_names="names")
    with pytest.raises(RowError, match="contain the same name twice"):
        read_label({"label": "A", "names": ["A", "A"]}, source, TWO)
