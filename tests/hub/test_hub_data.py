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
    assert f"owner/reviews at {changed.commit} is not whole in the cache" in sentence
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
        "owner/reviews has no column 'page'; there are: label, text; correct calibration_text.column"
    )
    sentence = client.ask("text", "owner/reviews", "film", "main", "text", 30)["sentence"]
    assert sentence.startswith(
        "calibration text: owner/reviews at main has no configuration 'film'"
    )
    assert json.dumps(sentence).count("\\n") == 0
