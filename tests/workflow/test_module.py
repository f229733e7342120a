"""Another workflow imports keepfaith as a module: from a folder, from a tag of a repository, by its name on GitHub."""

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pytest
import yaml
from workflow_copy import MINI, PARTS, REPOSITORY, Workflow, environment

SNAKEFILE = """
configfile: "study.yaml"


rule own:
    input:
        "{prefix}results/summary/metrics.csv",
    output:
        "accuracy.txt",
    shell:
        "grep -c ',accuracy,accuracy,' {{input}} > {{output}}"


module keepfaith:
    snakefile:
        {source}
    config:
        config["keepfaith"]
    prefix:
        {prefix!r}


use rule * from keepfaith as keepfaith_*
"""
TAG = "v1"
LIGHTER = {
    "methods": ["input_x_gradient"],
    "stability": {},
    "faithfulness": {"segments": 3},
}
"""Rules that need the most time are left out of the mini study: all find their files in the same way."""


@dataclass(frozen=True)
class Importing:
    """A workflow of somebody else's, in a folder of its own."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return Workflow(self.folder).run(*arguments, variables=environment() | self.variables)


def importing(
    folder: Path, source: str, prefix: str = "", variables: dict[str, str] | None = None
) -> Importing:
    folder.mkdir()
    (folder / "Snakefile").write_text(
        SNAKEFILE.format(source=source, prefix=prefix), encoding="utf-8"
    )
    study = {"keepfaith": yaml.safe_load(MINI) | LIGHTER}
    (folder / "study.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    return Importing(folder, variables or {})


@pytest.fixture(scope="module")
def tagged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose tag holds keepfaith, and whose working tree holds it no more."""
    folder = tmp_path_factory.mktemp("tagged") / "repository"
    folder.mkdir()
    for part in PARTS:
        source = REPOSITORY / part
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / part)
    roles = ("GIT_AUTHOR", "GIT_COMMITTER")
    who = {f"{role}_{what}": "test@example.org" for role in roles for what in ("NAME", "EMAIL")}

    def run(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=folder, check=True, env={**os.environ, **who})

    shutil.copy(REPOSITORY / ".gitignore", folder)
    run("init", "--quiet")
    run("add", ".")
    run("commit", "--quiet", "--message", "A release")
    run("tag", TAG)
    run("rm", "-r", "--quiet", *PARTS)
    run("commit", "--quiet", "--message", "Nothing is left")
    return folder


def test_a_folder_runs_to_its_end_and_feeds_a_rule_of_the_importing_workflow(
    tmp_path: Path,
) -> None:
    workflow = importing(tmp_path / "own", repr(str(REPOSITORY / "Snakefile")))
    result = workflow.run()
    assert result.returncode == 0, result.stdout[-4000:]
    assert int((workflow.folder / "accuracy.txt").read_text()) == 3  # levels 0, 1, 2
    again = workflow.run("keepfaith_all")
    assert again.returncode == 0, again.stdout[-4000:]
    page = workflow.folder / "results/report/index.html"
    assert page.stat().st_size > 100_000


def predictions_of(workflow: Importing, prefix: str) -> pl.DataFrame:
    """Run as far as predictions: a script, the shipped model and files of the package have been used by then."""
    path = f"{prefix}results/builtin/cosine/sentiment/predictions.parquet"
    result = workflow.run(path)
    assert result.returncode == 0, result.stdout[-4000:]
    return pl.read_parquet(workflow.folder / path)


def test_a_tag_of_a_local_repository_below_a_prefix(tagged: Path, tmp_path: Path) -> None:
    # Snakemake has no function for a local repository, as github(...) is for a hosted one: it is named by an address.
    source = repr(f"git+file://{tagged}/Snakefile@{TAG}")
    workflow = importing(tmp_path / "own", source, prefix="pruning/")
    assert predictions_of(workflow, "pruning/")["level"].unique().sort().to_list() == [0, 1, 2]
    assert not (workflow.folder / "results").exists()
    planned = workflow.run("--dry-run", "--quiet", "rules")
    assert planned.returncode == 0, planned.stdout[-4000:]


def test_a_tag_on_github(tagged: Path, tmp_path: Path) -> None:
    # Snakemake clones a hosted repository into its cache once; here the clone is there already, so that nothing is
    # fetched. All that follows is as with GitHub itself.
    cache = tmp_path / "cache"
    clone = (
        cache / "snakemake/snakemake/source-cache/snakemake-git-cache/github.com/owner/keepfaith"
    )
    subprocess.run(["git", "clone", "--quiet", "--bare", tagged, clone], check=True)
    source = f'github("owner/keepfaith", path="Snakefile", tag="{TAG}")'
    workflow = importing(tmp_path / "own", source, variables={"XDG_CACHE_HOME": str(cache)})
    assert predictions_of(workflow, "")["level"].unique().sort().to_list() == [0, 1, 2]


def test_the_conda_environment_needs_no_file_beside_it_and_has_the_same_pins() -> None:
    """What can be told without conda: Snakemake copies the file away from its folder, in a module and elsewhere."""
    environment = yaml.safe_load((REPOSITORY / "envs/workflow.yaml").read_text(encoding="utf-8"))
    (pins,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    lines = (REPOSITORY / "envs/requirements.txt").read_text(encoding="utf-8").splitlines()
    assert pins == [line for line in lines if line and not line.startswith("#")]
