"""Plan of a study as text: jobs, costs, duration by number of devices, and what each task can decide."""

from collections.abc import Iterable

import polars as pl

from keepfaith.config.levels import level_words
from keepfaith.config.schema import HubModel
from keepfaith.config.settings import Settings
from keepfaith.planning.decisions import decision_lines
from keepfaith.planning.schedule import makespan
from keepfaith.planning.work import Workload

HOUR, GIB = 3600.0, 2.0**30


def plan(settings: Settings) -> str:
    """The plan, one fact per line; no model is loaded and nothing is fetched.

    Raises:
        ConfigError, RowError: a local file of a task cannot be read.
    """
    study, workload = settings.study, Workload(settings)
    jobs = list(workload.jobs())
    on_gpu = any(job.gpus for job in jobs)
    device = "GPU" if on_gpu else "core"
    table = (
        pl.DataFrame(
            {
                "rule": [job.rule for job in jobs],
                "jobs": [1] * len(jobs),
                "hours": [job.seconds / HOUR * (job.gpus if on_gpu else 1) for job in jobs],
                "disk": [job.disk_bytes / GIB for job in jobs],
                "memory": [job.memory_bytes / GIB for job in jobs],
            }
        )
        .group_by("rule", maintain_order=True)
        .agg(pl.sum("jobs", "hours", "disk"), pl.max("memory"))
    )
    total = table.select(
        pl.lit("all").alias("rule"), pl.sum("jobs", "hours", "disk"), pl.max("memory")
    )
    rate = study.plan.gpu_flops if on_gpu else study.plan.core_flops
    key = "gpu_flops" if on_gpu else "core_flops"
    lines = [
        f"Plan of {study.name}: {len(study.models)} models, {len(study.orders)} orders, {len(study.tasks)} tasks, "
        f"{len(study.methods)} methods",
        f"Levels: {_levels(settings)}",
        *_table(table, total, device),
        *_fetched(settings),
        *(
            f"{_counted(count, device)}: {_duration(makespan(jobs, count))}"
            for count in study.plan.devices
        ),
        f"Based on {rate:.2g} operations per second and {device} (plan.{key}); meant to be right within a factor of "
        "two. Jobs that call no model add minutes in total.",
        *decision_lines(settings),
    ]
    return "\n".join(lines)


def _levels(settings: Settings) -> str:
    """Levels by model, those with the same levels together: `0 to 16 of llama-2-7b; 0, 4, 9 of gemma-2b`."""
    models: dict[tuple[int, ...], list[str]] = {}
    of_orders = {f"order {name}": found for name, found in settings.checkpoint_levels.items()}
    for name, levels in {**settings.levels, **of_orders}.items():
        models.setdefault(levels, []).append(name)
    return "; ".join(
        f"{level_words(levels)} of {', '.join(names)}" for levels, names in models.items()
    )


def _duration(seconds: float) -> str:
    return f"{seconds / HOUR:.1f} hours" if seconds >= HOUR else f"{seconds / 60:.0f} minutes"


def _counted(count: int, device: str) -> str:
    return f"{count} {device}{'s' if count > 1 else ''}"


def _table(table: pl.DataFrame, total: pl.DataFrame, device: str) -> Iterable[str]:
    yield f"{'rule':22}{'jobs':>7}{device + '-hours':>12}{'disk GiB':>10}{'memory GiB':>12}"
    for row in pl.concat([table, total]).iter_rows(named=True):
        yield (
            f"{row['rule']:22}{row['jobs']:>7}{row['hours']:>12.2f}{row['disk']:>10.2f}{row['memory']:>12.1f}"
        )


def _fetched(settings: Settings) -> Iterable[str]:
    billions = [
        model.source.billions
        for model in settings.models.values()
        if isinstance(model.source, HubModel)
    ]
    if billions:
        # Checkpoints of this size are stored in 16 bits.
        yield f"Weights to be fetched from the hub: {sum(billions) * 2e9 / GIB:.0f} GiB"
    fetched = [
        source.repository
        for name in settings.checkpoints
        for source in settings.checkpoints_run(name).values()
        if source.repository is not None
    ]
    if fetched:
        yield f"Checkpoints to be fetched from the hub as well, of unknown size: {', '.join(fetched)}"
