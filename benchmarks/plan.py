"""Is `snakemake plan` right: planned against measured time of every rule that calls a model.

Without --run, the jobs of the demo study that call a model are run in an empty folder. With --run, a finished run is
read: the folder that it ran in (with its logs) and its study file. A job's time is the CPU time that its log names, so
that other work on the machine counts little; jobs without a log are left out on both sides, and their number is shown.
A job that was interrupted names the time of its last part only.

    python benchmarks/plan.py [--run FOLDER --study FILE] [--core-flops NUMBER]

--core-flops replaces the study's `plan.core_flops`; `benchmarks/limit.py` measures it. `core_flops_that_fits` is what
it would have to be for this rule's time to be exact. Only studies on the CPU. Prints a table and writes
results/benchmarks/plan.json.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from setup import ROOT
from setup.command import command, folder_of
from setup.record import record, significant

from keepfaith.config.load import load_study
from keepfaith.planning.work import Job, Workload

SPENT = re.compile(r"done in [\d.]+ s \(([\d.]+) s of CPU time\)")
SMALL = {
    "levels": [0, 1],
    "tasks": ["sentiment"],
    "methods": ["lime", "random"],
    "seeds": [0],
    "stability": {"seeds": 0},
    "examples": {"evaluation": 24, "explanation": 8, "tuning": 8},
    "efficiency": {"contexts": [16], "new_tokens": 2, "repeats": 1},
    "faithfulness": {"segments": 3},
}


AFTER_MODELS = ("compute_metrics", "summarise", "draw_figures")
"""Rules that call no model, from which on the demo is not run."""


def log_of(job: Job, logs: Path) -> Path:
    """Log of a job, as the rules name it."""
    cell, rest = job.key[:3], job.key[3:]
    if job.rule in ("train_model", "verify_removal"):
        return (
            logs
            / "models"
            / f"{job.key[0]}{'-removal' if job.rule == 'verify_removal' else ''}.log"
        )
    if not rest:
        return logs.joinpath(*cell, f"{job.rule}.log")
    method, *seed = rest
    name = f"{method}-seed{seed[0]}" if seed else method
    return logs.joinpath(*cell, job.rule, f"{name}.log")


def cpu_seconds(log: Path) -> float | None:
    """CPU time that a finished job's log names; None without such a log."""
    found = SPENT.findall(log.read_text(encoding="utf-8")) if log.exists() else []
    return float(found[-1]) if found else None


def compare(jobs: list[Job], logs: Path, core_flops: float) -> list[dict[str, object]]:
    """One row per rule, then their sum."""
    times = [(job.rule, job.seconds, cpu_seconds(log_of(job, logs))) for job in jobs]
    rows: list[dict[str, object]] = []
    for rule in [*dict.fromkeys(job.rule for job in jobs), "all"]:
        of_rule = [each for each in times if rule in (each[0], "all")]
        done = [(planned, spent) for _, planned, spent in of_rule if spent is not None]
        if not done:
            continue
        planned, spent = (sum(column) for column in zip(*done, strict=True))
        rows.append(
            {
                "rule": rule,
                "jobs": len(done),
                "not_found": len(of_rule) - len(done),
                "planned_s": round(planned, 2),
                "measured_s": round(spent, 2),
                "measured_over_planned": significant(spent / planned),
                "core_flops_that_fits": significant(core_flops * planned / spent, 2)
                if spent
                else None,
            }
        )
    return rows


def run_demo(folder: Path, small: bool) -> Path:
    """Run the jobs of the demo study that call a model, in `folder`; returns its study file.

    Raises:
        SystemExit: with Snakemake's output, if it fails.
    """
    content = yaml.safe_load(
        (ROOT / "config" / "studies" / "demo.yaml").read_text(encoding="utf-8")
    )
    study = folder / "study.yaml"
    study.write_text(yaml.safe_dump(content | (SMALL if small else {})), encoding="utf-8")
    words = [
        "--snakefile",
        ROOT / "Snakefile",
        "--directory",
        folder,
        "--cores",
        "1",
        "--configfile",
        study,
    ]
    words += ["--omit-from", *AFTER_MODELS]
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *map(str, words)], capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return study


def main() -> None:
    parser = command(__doc__)
    parser.add_argument("--run", type=Path, help="folder that a finished study ran in")
    parser.add_argument("--study", type=Path, help="its study file")
    parser.add_argument("--core-flops", type=float, help="in place of the study's plan.core_flops")
    options = parser.parse_args()
    if (options.run is None) != (options.study is None):
        parser.error("type both --run FOLDER and --study FILE, or neither")
    with tempfile.TemporaryDirectory() as empty:
        folder = options.run or Path(empty)
        study = options.study or run_demo(folder, options.small)
        raw = yaml.safe_load(study.read_text(encoding="utf-8"))
        if options.core_flops:
            raw["plan"] = raw.get("plan", {}) | {"core_flops": options.core_flops}
        settings = load_study(raw, [folder / "config" / "catalog", ROOT / "config" / "catalog"])
        rate = settings.study.plan.core_flops
        rows = compare(list(Workload(settings).jobs()), folder / "logs", rate)
    record("plan", folder_of(options), rows, core_flops=rate)


if __name__ == "__main__":
    main()
