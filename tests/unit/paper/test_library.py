"""Every work that a declaration or the shipped catalog cites is in the library, and found."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from keepfaith.paper.library import FILE, bibliography, library, references_of
from keepfaith.plugins.criterion import CRITERIA
from keepfaith.plugins.method import METHODS
from keepfaith.plugins.metric import PREDICTION_METRICS
from keepfaith.plugins.operator import OPERATORS
from keepfaith.plugins.segment_method import SEGMENT_METHODS
from keepfaith.plugins.segment_operator import SEGMENT_OPERATORS

CATALOG = Path(__file__).resolve().parents[3] / "config" / "catalog"
REGISTRIES = (CRITERIA, METHODS, PREDICTION_METRICS, OPERATORS, SEGMENT_METHODS, SEGMENT_OPERATORS)
NO_WORK = {"a control", "independent uniform draws"}


def citations() -> Iterator[str]:
    for registry in REGISTRIES:
        yield from (declared.citation for declared in registry.all().values())
    for path in CATALOG.glob("*/*.yaml"):
        entry = yaml.safe_load(path.read_text(encoding="utf-8"))
        if "citation" in entry:
            yield entry["citation"]


@pytest.mark.parametrize("citation", sorted(set(citations())))
def test_what_is_cited_is_in_the_library(citation: str) -> None:
    found = references_of(citation)
    assert (not found) == (citation in NO_WORK)
    assert all(work.key in library() for work in found)
    numbers = re.findall(r"arXiv:([\d.]+)", citation)
    assert set(numbers) <= {dict(work.fields).get("eprint") for work in found}


@pytest.mark.parametrize(
    "path", sorted((CATALOG / "models").glob("*-*.yaml")), ids=lambda p: p.stem
)
def test_models_of_the_hub_say_who_made_them(path: Path) -> None:
    assert references_of(yaml.safe_load(path.read_text(encoding="utf-8"))["citation"])


def test_the_library_is_read_whole() -> None:
    text = FILE.read_text(encoding="utf-8")
    works = library()
    assert len(works) == len(re.findall(r"^@", text, re.MULTILINE))
    for key, work in works.items():
        fields = dict(work.fields)
        assert {"author", "title", "year"} <= fields.keys(), key
        assert key.endswith(fields["year"]), key
        assert all(value.count("{") == value.count("}") for value in fields.values()), key
        assert f"@{work.kind}{{{key}, author = {{{fields['author']}}}" in text


def test_several_works_are_told_apart() -> None:
    keys = [work.key for work in references_of("Banzhaf 1965; Wang and Jia 2023, arXiv:2205.15466")]
    assert keys == ["banzhaf1965", "wang2023"]
    assert [w.key for w in references_of("BoolQ (Clark et al. 2019, arXiv:1905.10044)")] == [
        "clark2019"
    ]
    assert [w.key for w in references_of("ARC (Clark et al. 2018)")] == ["clark2018"]


def test_a_work_that_is_not_there_is_quoted() -> None:
    (work,) = references_of("A new method & more (Nobody et al. 2031, arXiv:3101.00001)")
    note = r"A new method \& more (Nobody et al. 2031, arXiv:3101.00001)"
    assert work.entry() == f"@misc{{anew2031,\n  note = {{{note}}},\n  year = {{2031}},\n}}\n"


def test_a_bibliography_has_every_work_once() -> None:
    text = bibliography(["Guo et al. 2017", "Naeini et al. 2015; Guo et al. 2017", "a control"])
    assert re.findall(r"^@\w+\{(\w+),$", text, re.MULTILINE) == ["guo2017", "naeini2015"]
    assert text.count("{") == text.count("}")
