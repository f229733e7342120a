"""Paths that the commands around keepfaith take apart are refused before anything is installed or run."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from world import ROOT, World

from keepfaith.config.errors import ConfigError
from keepfaith.config.places import folder_problem, input_problem, interpreter_problem, unexpanded


@pytest.mark.parametrize("folder", ["keep faith", "keep's", "keep&co", "a;b", "a(b", "a{b", "a\tb"])
def test_an_interpreter_that_no_job_could_start_is_refused(folder: str) -> None:
    problem = interpreter_problem(f"/home/{folder}/.venv/bin/python")
    assert problem is not None and "make demo VENV=" in problem and "\n" not in problem


@pytest.mark.parametrize("folder", ["keep", "keepé", "保", "keep[2]", "k-e_e.p@1,2+3~", "a%20b"])
def test_an_interpreter_that_a_shell_starts_is_taken(folder: str, tmp_path: Path) -> None:
    python = tmp_path / folder / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    assert interpreter_problem(str(python)) is None
    # What Snakemake does with it: its path, without quotes, in a command of bash.
    subprocess.run(["bash", "-c", f"{python} -c 'print(1)'"], check=True, capture_output=True)


def test_an_interpreter_whose_path_is_a_pattern_for_another_one_is_refused(tmp_path: Path) -> None:
    for folder in ("keep[2]", "keep2"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "python").touch()
    problem = interpreter_problem(str(tmp_path / "keep[2]" / "python"))
    assert problem is not None and f"would run {tmp_path}/keep2/python" in problem


def test_folders_with_braces_are_refused() -> None:
    assert "holds '{'" in str(folder_problem("checkout", "/home/keep{2}"))
    for folder in ("/home/keep's", "/home/keep&co", "/home/keepé", "/home/keep faith", "/a[2]"):
        assert folder_problem("checkout", folder) is None


@pytest.mark.parametrize(
    "path",
    ["{x}/a.jsonl", "a}.csv", "s3://b/a.csv", "hf://datasets/a", "file:///a", "http://h/a", "a\nb"],
)
def test_an_input_that_is_no_plain_path_is_refused_wherever_it_is_typed(
    path: str, tmp_path: Path
) -> None:
    world = World(tmp_path)
    world.change_source(splits={"evaluation": path, "tuning": "dev.jsonl"})
    with pytest.raises(ConfigError, match=r"task tiny: .*(type the path|rename)"):
        world.read()
    for key, place in (("data", "folders.data"), ("models", "folders.models")):
        world = World(tmp_path / key)
        world.set(f"folders.{key}", path)
        with pytest.raises(ConfigError, match=f"config: {place}: "):
            world.read()
    world = World(tmp_path / "imports")
    world.set("imports", {"mine": {0: path}})
    with pytest.raises(ConfigError, match=r"config: imports\.mine\.0: "):
        world.read()


@pytest.mark.parametrize("name", ["*.jsonl", "a b.jsonl", "a,b.jsonl", "[ab].jsonl", "~", "%20"])
def test_any_other_input_is_read(name: str, tmp_path: Path) -> None:
    assert input_problem(name) is None
    world = World(tmp_path)
    file = f"{name}/test.jsonl" if "." not in name else name
    (tmp_path / "data" / file).parent.mkdir(exist_ok=True)
    shutil.move(tmp_path / "data" / "test.jsonl", tmp_path / "data" / file)
    world.change_source(splits={"evaluation": file, "tuning": "dev.jsonl"})
    assert world.read().tasks["tiny"].files()[0] == str(tmp_path / "data" / file)


@pytest.mark.parametrize(("path", "sign"), [("~/data", "~"), ("$DATA/a", "$"), ("a/${B}/c", "$")])
def test_what_only_a_shell_writes_out_is_said(path: str, sign: str, tmp_path: Path) -> None:
    assert f"{sign} is not expanded; type the path in full" in unexpanded(path)
    world = World(tmp_path)
    if "{" not in path:
        world.set("folders.models", path)
        with pytest.raises(ConfigError, match="type the path in full"):
            world.read()
    assert unexpanded("a/b~/c") == ""


@pytest.mark.parametrize(
    ("folder", "environment", "expected"),
    [
        ("keep faith", ".venv", "holds ' '"),
        ("keep's", ".venv", "at which the commands of pip and of Snakemake break"),
        ("keep{2}", ".venv", "the path of the checkout"),
        ("keep faith", "ELSEWHERE", None),
        ("keep's", "ELSEWHERE", None),
        ("keep&co", "ELSEWHERE", None),
        ("keepé", ".venv", None),
        ("keep", ".venv", None),
    ],
)
def test_make_says_it_before_it_installs(
    folder: str, environment: str, expected: str | None, tmp_path: Path
) -> None:
    checkout = tmp_path / folder
    file = "scripts/keepfaith/config/places.py"
    (checkout / file).parent.mkdir(parents=True)
    (checkout / "envs").mkdir()
    for name in ("Makefile", file, "envs/requirements.txt"):
        shutil.copy(ROOT / name, checkout / name)
    venv = environment.replace("ELSEWHERE", str(tmp_path / "venv"))
    # A stand-in for Python that notes what it is asked to do and makes no environment.
    python = tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\n[ "$2" = venv ] && touch "{tmp_path}/installs" && exit 1\n'
        f'exec "{sys.executable}" "$@"\n'
    )
    python.chmod(0o755)
    result = subprocess.run(
        ["make", "demo", f"PYTHON={python}", f"VENV={venv}"],
        cwd=checkout,
        text=True,
        capture_output=True,
        check=False,
    )
    said = [line for line in result.stderr.splitlines() if line.startswith("keepfaith:")]
    assert result.returncode != 0
    assert (tmp_path / "installs").exists() == (expected is None), result.stderr
    assert len(said) == (expected is not None)
    if expected:
        assert expected in said[0]
