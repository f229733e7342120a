"""Whatever stands in a line: it is read as it would be without that, or refused in one line that names it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from made_logs import Row, as_before_0_4_3, entry, write_lines

from keepfaith.config.errors import ConfigError
from keepfaith.imports.levels import read_task
from keepfaith.imports.log import Log
from keepfaith.imports.tables import examples_table, predictions_table

OPTIONS = ["negative", "neutral", "positive"]
DOC = {"text": "The harbour was closed for a week.", "meta": {"source": "x", "ids": [1, "y"]}}
PROMPT = "The harbour was closed for a week. It was"
NEW = [
    entry(n, OPTIONS, target, n % 3, right=n % 3 == target, doc=DOC, prompt=PROMPT)
    for n, target in enumerate([0, 1, 1, 2])
]
OLD = [as_before_0_4_3(row) for row in NEW]
SPOILT = 2
"""The row that is spoilt: in line 3."""

DELETED = object()
VALUES: list[Any] = [
    None, "", [], {}, -1, "x", float("inf"), True, [[1]], DELETED, 0, 7, 0.5, float("nan"), "1_0", "nan", "٣",
    10**400, 10**25, "\ud800", "0" * 5000, {"a": {"b": "c"}}, [None], [{}], ["x", "y"], {"gen_args_0": 1},
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every key and index within a row."""
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, found in inner:
        yield (*path, key)
        yield from places(found, (*path, key))


def spoilt(rows: list[Row], path: tuple[Any, ...], value: Any) -> list[Row]:
    changed: list[Row] = json.loads(json.dumps(rows))  # rows that share no object
    owner: Any = changed[SPOILT]
    for key in path[:-1]:
        owner = owner[key]
    if value is DELETED:
        del owner[path[-1]]
    else:
        owner[path[-1]] = value
    return changed


def contents(log: Log) -> list[tuple[int, str, tuple[str, ...], int, tuple[float, ...]]]:
    return [(k, e.prompt, e.options, e.label, e.log_likelihoods) for k, e in log.items()]


CHANGES_THE_CONTENT = ("doc_id", "target", "arguments", "filtered_resps")
"""Keys whose value may be another one that is just as good: another number, another text, another label."""


@pytest.mark.slow
@pytest.mark.parametrize("rows", [NEW, OLD], ids=["0.4.13", "0.4.2"])
def test_every_key_of_a_line_replaced_or_deleted(rows: list[Row], tmp_path: Path) -> None:
    expected = contents(read_task({0: write_lines(tmp_path, rows)}).levels[0])
    paths = list(places(rows[SPOILT]))
    assert len(paths) > 25
    refused = 0
    for path in paths:
        for value in VALUES:
            log = write_lines(tmp_path, spoilt(rows, path, value))
            try:
                found = read_task({0: log}).levels[0]
            except ConfigError as error:
                message = str(error)
                assert message.startswith(f"{log}: line 3: "), (path, value, message)
                assert "\n" not in message
                assert len(message) < 500 + len(str(log)), message
                refused += 1
                continue
            # What is read goes into the tables, whatever it is.
            assert examples_table(found).height == len(rows)
            assert predictions_table({0: found}).height == len(rows) * len(OPTIONS)
            others = [line for n, line in enumerate(contents(found)) if n != SPOILT]
            assert others == [line for n, line in enumerate(expected) if n != SPOILT]
            if path[0] not in CHANGES_THE_CONTENT:
                assert contents(found) == expected, (path, value)
    assert refused > 300


@pytest.mark.parametrize("rows", [NEW, OLD], ids=["0.4.13", "0.4.2"])
@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("filtered_resps",), None, "filtered_resps are None, not a list"),
        (("filtered_resps", 0), None, "not a log-likelihood and a truth value"),
        (("filtered_resps", 0), "1x", "not a log-likelihood and a truth value"),
        (("filtered_resps", 0, 0), None, "the log-likelihood of choice 0 is None, not a number"),
        (("filtered_resps", 0, 0), True, "the log-likelihood of choice 0 is True, not a number"),
        (("filtered_resps", 1, 0), "1_0", "the log-likelihood of choice 1 is '1_0', not a number"),
        (("filtered_resps", 1, 0), 10**400, "the log-likelihood of choice 1 is 1000"),
        (("filtered_resps", 1, 0), float("inf"), "the log-likelihood of choice 1 is inf"),
        (("target",), None, "target None is none of the 3 choices"),
        (("target",), [0, 1], "target [0, 1] is none of the 3 choices"),
        (("target",), 1.0, "target 1.0 is none of the 3 choices"),
        (("arguments",), None, "arguments are None"),
        (("doc_id",), True, "doc_id is True, not a whole number"),
        (("doc_id",), 10**25, "doc_id is 10000000000000000000000000, not a whole number"),
        (("doc_id",), 0, "doc_id 0 is already in line 1"),
        (("acc",), None, "acc is None, neither 0 nor 1"),
        (("acc",), 0.5, "acc is 0.5, neither 0 nor 1"),
        (("doc", "\ud800"), "x", "holds half a surrogate pair"),
    ],
)
def test_odd_values_are_named(
    rows: list[Row], path: tuple[Any, ...], value: Any, expected: str, tmp_path: Path
) -> None:
    log = write_lines(tmp_path, spoilt(rows, path, value))
    with pytest.raises(ConfigError) as refusal:
        read_task({0: log})
    assert str(refusal.value).startswith(f"{log}: line 3: ")
    assert expected in str(refusal.value)


def nested(depth: int, opening: str, closing: str) -> str:
    return opening * depth + '"x"' + closing * depth


@pytest.mark.parametrize("depth", [50, 900, 5000, 200_000])
@pytest.mark.parametrize(
    "key", ["doc", "target", "arguments", "filtered_resps", "acc", "doc_id", "filter"]
)
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a": ', "}")])
def test_deep_nesting_ends_in_one_line_or_is_read(
    depth: int, key: str, opening: str, closing: str, tmp_path: Path
) -> None:
    log = write_lines(tmp_path, NEW)
    lines = log.read_text(encoding="utf-8").splitlines()
    marked = json.dumps(NEW[SPOILT] | {key: "MARK"})
    lines[SPOILT] = marked.replace('"MARK"', nested(depth, opening, closing))
    log.write_text("\n".join(lines), encoding="utf-8")
    try:
        assert len(read_task({0: log}).levels[0]) == len(NEW)
        assert key == "doc"
    except ConfigError as error:
        assert str(error).startswith(f"{log}: line 3: ")
        assert "\n" not in str(error)


def test_arguments_whose_keys_were_sorted_keep_their_order(tmp_path: Path) -> None:
    options = [f"option {k}" for k in range(12)]
    row = entry(0, options, 11, 11, right=True)
    row["arguments"] = dict(sorted(row["arguments"].items()))  # gen_args_10 comes before gen_args_2
    (line,) = read_task({0: write_lines(tmp_path, [row])}).levels[0].values()
    assert line.options == tuple(f" {option}" for option in options)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (
            ("none", "strict-match"),
            "line 2: doc_id 0 is already in line 1 (filters 'none' and 'strict-match'); ",
        ),
        (("none", "none"), "line 2: doc_id 0 is already in line 1; keep one filter per log"),
        ((None, None), "line 2: doc_id 0 is already in line 1; keep one filter per log"),
    ],
)
def test_two_filters_in_one_log(
    filters: tuple[str | None, str | None], expected: str, tmp_path: Path
) -> None:
    rows = [NEW[0] | {"filter": name} for name in filters]
    with pytest.raises(ConfigError) as refusal:
        read_task({0: write_lines(tmp_path, rows)})
    assert expected in str(refusal.value)
    assert "keep one filter per log" in str(refusal.value)
