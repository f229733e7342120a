# Logs of lm-evaluation-harness and what is made from them.

from keepfaith.config.errors import ConfigError
from keepfaith.imports.levels import check_logs
from keepfaith.imports.runs import LOGGED_TASK, logs_by_task, results_of


def imported_logs(name):
    """The logs of an import by task and level; ends with one line if a run lacks one."""
    try:
        return logs_by_task(
            settings.study.imports[name].levels, f"config: imports.{name}"
        )
    except ConfigError as error:
        stop(error)


def logs_of(wildcards):
    """The log of every level of one imported task."""
    of_tasks = imported_logs(wildcards.imported)
    if wildcards.task not in of_tasks:
        stop(
            f"config: imports.{wildcards.imported}: no run has a log of task {wildcards.task}"
        )
    return of_tasks[wildcards.task]


def results_beside(wildcards):
    """The harness's results beside these logs, where there are any: cautions follow from them."""
    found = map(results_of, logs_of(wildcards).values())
    return users(dict.fromkeys(file for file in found if file and file.is_file()))


def passage_of(wildcards):
    """The import's `passage`; None if it is not set."""
    return settings.study.imports[wildcards.imported].passage


def imported_runs():
    """The run of every level of each import, as it was typed, and its passage."""
    return {
        name: {f"level {level}": str(run) for level, run in chosen.levels.items()}
        | {"passage": chosen.passage}
        for name, chosen in settings.study.imports.items()
    }


def imported_cells():
    return [
        f"{name}/{task}"
        for name in settings.study.imports
        for task in imported_logs(name)
    ]


def imported_files(wildcards):
    """The outputs of `imported`. Every log is read here once, so that a broken one is refused before any job."""
    if not settings.study.imports:
        stop(
            "nothing to import; type --config 'imports={mine: {0: DENSE_RUN, 4: PRUNED_RUN}}'"
        )
    try:
        for name, chosen in settings.study.imports.items():
            place = f"config: imports.{name}.passage"
            for note in check_logs(imported_logs(name).values(), chosen.passage, place):
                print(f"keepfaith: {note}", file=sys.stderr)
    except ConfigError as error:
        stop(error)
    return [
        "results/imported/report/index.html",
        *expand("results/imported/{table}.csv", table=IMPORTED_TABLES),
    ]
