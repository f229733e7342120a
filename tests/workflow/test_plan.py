"""What a study will cost is said before it runs, and the whole published study is planned in seconds."""

import resource
import subprocess
from collections.abc import Callable

from workflow_copy import Workflow, environment


def test_plan_runs_nothing_but_itself(new_workflow: Callable[[str], Workflow]) -> None:
    workflow = new_workflow("plan")
    result = workflow.run("plan", "--configfile", "mini.yaml")
    assert result.returncode == 0, result.stdout
    assert "Plan of mini: 1 models, 1 orders, 1 tasks, 2 methods" in result.stdout
    assert "8 cores:" in result.stdout
    assert {path.name for path in workflow.folder.glob("results/*")} <= {".lock"}
    assert "What each task can decide at confidence 0.95." in result.stdout


def test_the_plan_of_the_published_study_says_what_each_task_can_decide(
    new_workflow: Callable[[str], Workflow],
) -> None:
    result = new_workflow("decisions").run("plan", "--configfile", "config/studies/paper.yaml")
    assert result.returncode == 0, result.stdout
    lines = [line.split() for line in result.stdout.splitlines()]
    accuracy = {line[0]: line[2:] for line in lines if line[1:2] == ["accuracy"]}
    assert accuracy["rte"] == ["277", "0.32", "0.056", "0.02", "0.092"]
    assert list(accuracy) == [
        "boolq", "rte", "arc_challenge", "arc_easy", "openbookqa", "tweet_eval", "rotten_tomatoes", "sst2",
    ]  # fmt: skip
    undecided = "Cannot be decided: accuracy of rte, margin 0.02: 277 examples decide 0.056; 1,991 examples would"
    assert undecided in result.stdout


def test_the_published_study_is_planned_in_seconds(
    new_workflow: Callable[[str], Workflow],
) -> None:
    workflow = new_workflow("paper")
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    # Not forked from a process that has imported Snakemake: all that a user waits for counts.
    result = subprocess.run(
        workflow.command("--configfile", "config/studies/paper.yaml", "--dry-run"),
        cwd=workflow.folder,
        env=environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-3000:]
    # Of the processor, since other tests run beside this one.
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 60
    attributions = [line for line in result.stdout.splitlines() if line.startswith("attribute ")]
    assert attributions[0].split()[1] == "400"
    requested = next(line for line in result.stdout.splitlines() if "gpu=1" in line)
    assert "mem_mb=" in requested and "runtime=" in requested
