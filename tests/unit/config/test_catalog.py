"""Definitions are looked up in several catalogs: the user's own lies over the one that ships."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from world import ROOT, World

from keepfaith.config.catalog import distinct_folders, entries, entry_path
from keepfaith.config.errors import ConfigError
from keepfaith.config.load import load_study, overridden_definitions
from keepfaith.config.settings import Settings

SHIPPED = ROOT / "config" / "catalog"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A catalog with one task in it and nothing else."""
    world = World(tmp_path / "world")
    folder = tmp_path / "own" / "tasks"
    folder.mkdir(parents=True)
    (world.catalog / "tasks" / "tiny.yaml").rename(folder / "tiny.yaml")
    return folder.parent


def read(own: Path, *catalogs: Path, **changes: object) -> Settings:
    raw: dict[str, Any] = {
        "models": ["builtin"],
        "orders": ["last_k"],
        "tasks": ["tiny", "sentiment"],
        "methods": ["lime"],
        "folders": {"data": str(own.parent / "world" / "data")},
    }
    return load_study(raw | changes, catalogs)


def test_a_catalog_may_hold_one_definition_where_another_holds_the_rest(own: Path) -> None:
    settings = read(own, own, SHIPPED)
    assert settings.tasks["tiny"].task.description == "Tiny."
    assert settings.tasks["sentiment"].source.kind == "builtin"
    assert settings == read(own, SHIPPED, own)  # no name is in both
    assert overridden_definitions(settings, [own, SHIPPED]) == []


def test_the_first_catalog_wins_and_one_line_says_so(own: Path) -> None:
    mine = own / "tasks" / "sentiment.yaml"
    mine.write_text((own / "tasks" / "tiny.yaml").read_text())
    settings = read(own, own, SHIPPED)
    assert settings.tasks["sentiment"].task.description == "Tiny."
    assert overridden_definitions(settings, [own, SHIPPED]) == [
        f"{mine} is used, and not {SHIPPED / 'tasks' / 'sentiment.yaml'}, which has the same name"
    ]
    assert read(own, SHIPPED, own).tasks["sentiment"].task.description != "Tiny."
    # What is not selected is not looked at.
    assert overridden_definitions(read(own, own, SHIPPED, tasks=["tiny"]), [own, SHIPPED]) == []


def test_a_copy_of_a_definition_is_not_worth_a_line(own: Path) -> None:
    shipped = SHIPPED / "tasks" / "sentiment.yaml"
    (own / "tasks" / "sentiment.yaml").write_bytes(shipped.read_bytes())
    assert overridden_definitions(read(own, own, SHIPPED), [own, SHIPPED]) == []


def test_an_unknown_name_is_answered_with_what_both_catalogs_hold(own: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown task 'xyzzy'.*boolq.*tiny"):
        read(own, own, SHIPPED, tasks=["xyzzy"])
    with pytest.raises(ConfigError, match=r"'tinny'; did you mean 'tiny'\?"):
        read(own, own, SHIPPED, tasks=["tinny"])
    with pytest.raises(ConfigError, match=r"unknown model 'x'.*builtin"):
        read(own, own, SHIPPED, models=["x"])  # the first catalog has no folder of that kind


def test_what_is_wrong_in_a_definition_is_said_of_its_own_file(own: Path) -> None:
    mine = own / "tasks" / "boolq.yaml"
    mine.write_text(yaml.safe_dump({"version": 1}))
    with pytest.raises(ConfigError) as refused:
        read(own, own, SHIPPED, tasks=["boolq"])
    assert str(refused.value).startswith(f"{mine}: ")


def test_the_same_folder_twice_is_one_catalog(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(own.parent)
    link = own.parent / "link"
    link.symlink_to(own)
    assert distinct_folders([Path("own"), own, link, SHIPPED]) == (Path("own"), SHIPPED)
    assert entries(own / "tasks", link / "tasks") == ["tiny"]
    assert entry_path([link / "tasks", own / "tasks"], "tiny", "here") == link / "tasks/tiny.yaml"
    assert (
        overridden_definitions(read(own, Path("own"), SHIPPED), [Path("own"), own, SHIPPED]) == []
    )
