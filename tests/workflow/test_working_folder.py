"""Where a run works, which configuration it reads there, and paths that it refuses before any job."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import yaml
from workflow_copy import Workflow, environment

OWN = "models: [builtin]\norders: [cosine]\ntext: builtin\ntasks: [sentiment]\n"
BIRDS = {
    "version": 1,
    "description": "Does it fly?",
    "prompt": "{text}\nDoes it fly?\nAnswer:",
    "fields": ["text"],
    "options": ["no", "yes"],
    "sources": {"local": {"splits": {"evaluation": "birds.csv"}}},
}


def snakemake(folder: Path, *arguments: str, python: str | None = None) -> tuple[int, str]:
    if python is None:
        done = Workflow(folder).run(*arguments, timeout=300)
        return done.returncode, done.stdout
    result = subprocess.run(
        [python, "-m", "snakemake", "--cores", "2", *arguments],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment(),
        timeout=300,
        check=False,
    )
    return result.returncode, result.stdout


def planned(output: str) -> dict[str, int]:
    """Number of jobs by rule, from the table of a dry run."""
    lines = [line.split() for line in output.splitlines()]
    return {words[0]: int(words[1]) for words in lines if len(words) == 2 and words[1].isdecimal()}


def refusal(code: int, output: str) -> str:
    """The one line that a run ends with."""
    said = [line for line in output.splitlines() if line.startswith("keepfaith:")]
    assert code != 0 and len(said) == 1 and "Traceback" not in output, output[-3000:]
    return said[0]


def test_a_new_folder_runs_the_configuration_that_ships(
    new_workflow: Callable[[str], Workflow], tmp_path: Path
) -> None:
    checkout = new_workflow("checkout").folder
    new = tmp_path / "new[2] folder"
    code, output = snakemake(checkout, "--directory", str(new), "--dry-run", "--quiet", "rules")
    assert code == 0, output[-3000:]
    assert planned(output)["predict"] == 3 and planned(output)["measure_stability"] == 1
    target = "results/tasks/sentiment/examples.parquet"
    code, output = snakemake(new, "--snakefile", str(checkout / "Snakefile"), target)
    assert code == 0, output[-3000:]
    assert (new / target).is_file() and not (checkout / "results").exists()
    # A file of its own comes before the one that ships.
    (new / "config").mkdir()
    (new / "config" / "config.yaml").write_text(OWN)
    code, output = snakemake(checkout, "--directory", str(new), "--dry-run", "--quiet", "rules")
    assert code == 0 and planned(output)["predict"] == 1, output[-3000:]


def test_a_folder_holds_only_what_is_its_own_of_the_catalog(
    new_workflow: Callable[[str], Workflow], tmp_path: Path
) -> None:
    checkout, own = new_workflow("checkout").folder, tmp_path / "own"
    (own / "config/catalog/tasks").mkdir(parents=True)
    task = own / "config/catalog/tasks/birds.yaml"
    task.write_text(yaml.safe_dump(BIRDS))
    rows = [f"{text},{label}" for label, text in enumerate(["It sinks.", "It flies."])] * 4
    (own / "birds.csv").write_text(
        "\n".join(["text,label", *(f"{n} {row}" for n, row in enumerate(rows))])
    )
    # The model, the order and the methods are those that ship.
    (own / "config/config.yaml").write_text(
        OWN.replace("sentiment", "birds") + "examples: {explanation: 2, tuning: 2}\n"
        "report: {explained_examples: 1, figure_formats: []}\nfolders: {data: .}\n"
    )
    target = "results/tasks/birds/examples.parquet"
    words = ["--snakefile", str(checkout / "Snakefile"), "--directory", "."]
    code, output = snakemake(own, *words, target)
    assert code == 0 and (own / target).is_file(), output[-3000:]
    code, output = snakemake(own, *words, "--dry-run", "--quiet", "rules")
    assert code == 0 and planned(output)["attribute"] >= 4, output[-3000:]
    assert "keepfaith:" not in output
    # A name that both have: the user's counts, and is said to.
    task.rename(task.with_name("sentiment.yaml"))
    code, output = snakemake(own, *words, "--dry-run", "--config", "tasks=[sentiment]")
    assert code == 0, output[-3000:]
    (said,) = [line for line in output.splitlines() if line.startswith("keepfaith:")]
    assert said == (
        "keepfaith: config/catalog/tasks/sentiment.yaml is used, and not "
        f"{checkout}/config/catalog/tasks/sentiment.yaml, which has the same name"
    )
    line = refusal(*snakemake(own, *words, "--dry-run", "--config", "tasks=[bird]"))
    assert "unknown task 'bird'" in line and "boolq" in line and "sentiment" in line


def test_a_study_takes_nothing_that_it_does_not_state(
    new_workflow: Callable[[str], Workflow],
) -> None:
    workflow = new_workflow("own")
    (workflow.folder / "own.yaml").write_text(OWN)
    words = ["--configfile", "own.yaml", "--dry-run", "--quiet", "rules"]
    code, output = snakemake(workflow.folder, *words)
    assert code == 0, output[-3000:]
    assert planned(output)["predict"] == 1 and "measure_stability" not in planned(output)
    # The command line still comes on top, of a study as of config.yaml.
    code, output = snakemake(
        workflow.folder, *words, "--config", "stability={seeds: 2}", "tasks=[lookup, passage]"
    )
    assert code == 0, output[-3000:]
    assert planned(output)["predict"] == 2 and planned(output)["measure_stability"] == 1
    # Two files: the second is laid over the first.
    code, output = snakemake(workflow.folder, "--configfile", "config/config.yaml", *words[1:])
    assert code == 0 and planned(output)["measure_stability"] == 1, output[-3000:]


def test_braces_in_a_path_are_refused(
    new_workflow: Callable[[str], Workflow], tmp_path: Path
) -> None:
    braces = new_workflow("keep{2}").folder
    assert f"{braces}, holds '{{'" in refusal(*snakemake(braces, "--dry-run"))
    folder = new_workflow("keep").folder
    words = ["--dry-run", "--configfile", "mini.yaml"]
    line = refusal(*snakemake(folder, *words, "--directory", str(tmp_path / "work{er}")))
    assert "the path of the working folder" in line
    # A file that no setting names, in the folder of a model.
    checkpoint = "scripts/keepfaith/models/builtin/checkpoint"
    shutil.copytree(folder / checkpoint, folder / "mine")
    (folder / "mine" / "tokenizer{x}.json").write_text("{}")
    entry = {"description": "Mine.", "source": {"kind": "local", "path": str(folder / "mine")}}
    (folder / "config/catalog/models/mine.yaml").write_text(yaml.safe_dump(entry))
    line = refusal(*snakemake(folder, *words, "--config", "models=[mine]"))
    assert "mine/tokenizer{x}.json' holds '{'" in line and "rename" in line


def test_an_interpreter_in_a_folder_with_a_blank_is_refused(
    new_workflow: Callable[[str], Workflow], tmp_path: Path
) -> None:
    place = tmp_path / "my tools"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    (site,) = place.glob("lib/*/site-packages")
    (site / "shared.pth").write_text(sysconfig.get_path("purelib"))
    folder = new_workflow("keep's & mine").folder
    words = ["--dry-run", "--configfile", "mini.yaml"]
    python = str(place / "bin" / "python")
    assert "my tools/bin/python, holds ' '" in refusal(*snakemake(folder, *words, python=python))
    # The folder of the workflow may have one, with an environment elsewhere.
    code, output = snakemake(
        folder, "results/models/builtin/model.json", "--configfile", "mini.yaml"
    )
    assert code == 0, output[-3000:]


def test_a_machine_without_git_is_enough(
    new_workflow: Callable[[str], Workflow], tmp_path: Path
) -> None:
    """Only a workflow that is imported from a repository needs git."""
    programs = tmp_path / "programs"
    programs.mkdir()
    folders = [Path(folder) for folder in reversed(os.environ["PATH"].split(os.pathsep))]
    found = {each.name: each for folder in folders if folder.is_dir() for each in folder.iterdir()}
    for name in found.keys() - {"git"}:
        (programs / name).symlink_to(found[name])
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run", "--quiet", "all"],
        cwd=new_workflow("alone").folder,
        env=environment() | {"PATH": str(programs)},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
