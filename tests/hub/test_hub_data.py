"""Data sets of the hub, through the real client: rows by commit, configuration and split; calibration text."""

import json

from hub_client import Client, jsonl, parquet, reviews
from hub_server import Hub, Repo

DATA = ("datasets", "owner/reviews")


def refused(client: Client, config: str | None = "films", split: str = "test", **settings: str):
    repository = settings.pop("repository", "owner/reviews")
    revision = settings.pop("revision", "main")
    answer = client.ask("task", repository, config, revision, split, **settings)
    assert answer.get("error") == "SourceError", answer
    assert "\n" not in answer["sentence"]
    return answer["sentence"].removeprefix("task mine: ")


def expected(word: str, count: int) -> list[list[object]]:
    return [[row["text"], row["label"]] for row in reviews(word, count)]


def test_rows_of_a_split_and_again_offline(client: Client, hub: Hub) -> None:
    answer = client.ask("task", "owner/reviews", "films", "main", "test")
    assert answer["made"] == expected("new film", 80)
    # Nothing of the other configuration and splits is fetched.
    assert {r.path.rpartition("/")[2] for r in hub.requests if "/resolve/" in r.path} == {
        "README.md",
        "test.parquet",
    }
    seen = len(hub.requests)
    offline = client.ask("task", "owner/reviews", "films", "main", "test", HF_HUB_OFFLINE="1")
    assert offline["made"] == answer["made"]
    assert len(hub.requests) == seen


def test_several_files_and_other_formats(client: Client, hub: Hub) -> None:
    films = client.ask("task", "owner/reviews", "films", "main", "train")
    assert films["made"] == expected("film", 40) + expected("other film", 40)
    hub.repos["datasets", "owner/lines"] = Repo({"test.jsonl": jsonl(reviews("book", 80))})
    books = client.ask("task", "owner/lines", None, "main", "test")
    assert books["made"] == expected("book", 80)


def test_offline_never_takes_another_revision(client: Client, hub: Hub) -> None:
    """The `datasets` library would: it takes the latest in its cache."""
    first = hub.repos[DATA]
    client.ask("task", "owner/reviews", "films", first.commit, "test")
    changed = Repo(first.files | {"films/test.parquet": parquet(reviews("later film", 80))})
    hub.repos[DATA] = changed
    sentence = refused(client, revision=changed.commit, HF_HUB_OFFLINE="1")
    assert f"owner/reviews at {changed.commit} is not complete in the cache" in sentence
    later = client.ask("task", "owner/reviews", "films", changed.commit, "test")
    assert later["made"] == expected("later film", 80)


def test_damaged_rows_are_fetched_again_or_refused(client: Client, hub: Hub) -> None:
    hub.faults.corrupt = {"films/test.parquet": 1, "README.md": 1}
    answer = client.ask("task", "owner/reviews", "films", "main", "test")
    assert answer["made"] == expected("new film", 80)
    hub.faults.corrupt = {"books/test.parquet": 99}
    assert "books/test.parquet arrived damaged, twice" in refused(client, "books")


def test_wrong_configurations_and_splits(client: Client, hub: Hub) -> None:
    assert refused(client, "film") == (
        "owner/reviews at main has no configuration 'film'; did you mean 'films'?; correct config"
    )
    assert refused(client, "x") == (
        "owner/reviews at main has no configuration 'x'; there are: books, films; correct config"
    )
    assert refused(client, None) == (
        "owner/reviews at main has several configurations; type config: with one of books, films"
    )
    assert refused(client, split="validation") == (
        "owner/reviews at main has no split 'validation'; there are: test, train; correct the split"
    )


def test_splits_without_a_description(client: Client, hub: Hub) -> None:
    files = {"data/train.jsonl": b'{"text": "a", "label": 0}\n', "LICENSE": b"free"}
    hub.repos["datasets", "owner/plain"] = Repo(files)
    made = client.ask("task", "owner/plain", None, "main", "train")["made"]
    assert made == [["a", 0]]
    assert "has no split 'test'; there are: train" in refused(
        client, None, repository="owner/plain"
    )


def test_data_sets_that_cannot_be_read(client: Client, hub: Hub) -> None:
    data = hub.repos[DATA].files
    hub.repos["datasets", "owner/coded"] = Repo(data | {"coded.py": b"print('run')"})
    assert "owner/coded at main is made by its own code (coded.py), which is never run" in refused(
        client, repository="owner/coded"
    )
    hub.repos["datasets", "owner/empty"] = Repo({"README.md": b"Nothing."})
    assert "owner/empty at main holds no files that can be read as rows" in refused(
        client, None, repository="owner/empty"
    )
    hub.repos["datasets", "owner/torn"] = Repo({"test.jsonl": b'{"text": "a", "label": 0}\n{"te'})
    assert "test.jsonl of owner/torn at main cannot be read" in refused(
        client, None, repository="owner/torn"
    )


def test_names_and_licences(client: Client, hub: Hub) -> None:
    page = f"{hub.endpoint}/datasets/owner/reviews"
    assert "the hub has no data set owner/review that you may see" in refused(
        client, repository="owner/review"
    )
    assert f"no revision v9; choose one of {page}/commits/main" in refused(client, revision="v9")
    hub.repos[DATA].gated = True
    assert f"is gated; accept the licence at {page}, then type `hf auth login`" in refused(client)


def test_calibration_text_fetches_only_the_head(client: Client, hub: Hub) -> None:
    asked = ("owner/reviews", "films", "main", "text", 30)
    answer = client.ask("text", *asked)
    lines = {row["text"] for row in reviews("film", 30)}
    assert len(answer["made"]) == 2
    assert set(answer["made"]) <= lines
    assert not [request for request in hub.requests if "train-1" in request.path]
    seen = len(hub.requests)
    assert client.ask("text", *asked, HF_HUB_OFFLINE="1")["made"] == answer["made"]
    assert len(hub.requests) == seen


def test_calibration_text_in_one_line(client: Client, hub: Hub) -> None:
    answer = client.ask("text", "owner/reviews", "films", "main", "page", 30)
    assert answer["sentence"] == (
        "owner/reviews has no column 'page'; there are: label, text; correct source.column of the text"
    )
    sentence = client.ask("text", "owner/reviews", "film", "main", "text", 30)["sentence"]
    assert sentence.startswith(
        "calibration text: owner/reviews at main has no configuration 'film'"
    )
    assert json.dumps(sentence).count("\\n") == 0


TEXTS = [
    "null",
    "NA",
    "None",
    "nan",
    "N/A",
    "1999-01-02",
    "007",
    "12",
    "1e5",
    "True",
    " two ",
    'say "x"',
    "a,b",
]


def csv_file(texts: list[str], separator: str = ",") -> bytes:
    quoted = [text.replace('"', '""') for text in texts]
    rows = [f'"{text}"{separator}{n % 2}' for n, text in enumerate(quoted)]
    return ("\ufeff" + "\n".join([f"text{separator}label", *rows]) + "\n").encode()


def written(texts: list[str]) -> list[list[object]]:
    return [[text, n % 2] for n, text in enumerate(texts)]


def test_text_is_not_guessed_at(client: Client, hub: Hub) -> None:
    lines = [{"text": text, "label": n % 2} for n, text in enumerate(TEXTS)]
    numbers = ["007", "1999", "12"]
    dates = ["1999-01-02", "2020-12-31"]
    files = {
        "cells/test.csv": (csv_file(TEXTS), TEXTS),
        "numbers/test.csv": (csv_file(numbers), numbers),
        "lines/test.jsonl": (jsonl(lines), TEXTS),
        "dates/test.jsonl": (jsonl(lines_of(dates)), dates),
        "named_json/test.json": (jsonl(lines_of(dates)), dates),
        "other_separator/test.csv": (csv_file(TEXTS, ";"), TEXTS),
    }
    for path, (content, texts) in files.items():
        name = path.partition("/")[0]
        described = {
            "README.md": b"---\nconfigs:\n- config_name: default\n  data_files: test.csv\n  sep: ';'\n---\n"
        }
        described = described if name == "other_separator" else {}
        hub.repos["datasets", f"owner/{name}"] = Repo({path.partition("/")[2]: content} | described)
        split = "train" if described else "test"
        answer = client.ask("task", f"owner/{name}", None, "main", split)
        assert answer.get("made") == written(texts), (name, answer)


def lines_of(texts: list[str]) -> list[dict[str, object]]:
    return [{"text": text, "label": n % 2} for n, text in enumerate(texts)]


def test_rows_left_out_and_broken_files(client: Client, hub: Hub) -> None:
    content = b"text,label\ngood,1\n,0\nbad,-1\nnull,0\n"
    hub.repos["datasets", "owner/gaps"] = Repo({"test.csv": content})
    sentence = refused(client, None, repository="owner/gaps")
    assert sentence == (
        "test, row 1: column 'text' is empty; fill it, or type skip: [empty] in sources.hub"
    )
    asked = ("owner/gaps", None, "main", "test", ["empty", "unlabelled"])
    assert client.ask("task", *asked)["made"] == [["good", 1], ["null", 0]]
    hub.repos["datasets", "owner/broken"] = Repo({"test.csv": b'text,label\n"a,1\n'})
    sentence = refused(client, None, repository="owner/broken")
    assert sentence.startswith(
        "test.csv of owner/broken at main cannot be read (line 2: broken CSV"
    )
    assert sentence.endswith(
        "name another revision, or correct a copy and name it as a local source"
    )


def test_calibration_text_that_is_null_or_no_text(client: Client, hub: Hub) -> None:
    table = [{"text": "One."}, {"text": None}, {}, {"text": "1999-01-02"}]
    hub.repos["datasets", "owner/texts"] = Repo({"test.jsonl": jsonl(table)})
    answer = client.ask("text", "owner/texts", None, "main", "text", 30, "test")
    assert sorted(answer["made"]) == ["1999-01-02", "One."]
    hub.repos["datasets", "owner/numbers"] = Repo(
        {"test.jsonl": jsonl([{"text": 5}, {"text": "a"}])}
    )
    sentence = client.ask("text", "owner/numbers", None, "main", "text", 30, "test")["sentence"]
    assert sentence == (
        "owner/numbers, row 0: column 'text' must be text, got 5; correct source.column of the text"
    )
