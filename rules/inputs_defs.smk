# What a job reads: slices of the configuration, and files by wildcards.

from importlib.metadata import version

from keepfaith.config.levels import level_words


def definition(group, name, exclude=None):
    """The slice of the configuration that one job depends on."""
    return getattr(settings, group)[name].model_dump(mode="json", exclude=exclude)


def task_definition(name):
    """The same of a task: only the statistics depend on a passage that is a field of the prompt."""
    inside = settings.tasks[name].task.passage_in_prompt
    return definition("tasks", name, exclude={"task": {"passage"}} if inside else None)


def harness_version(name):
    """Of the installed lm-evaluation-harness, for a task that it asks."""
    return version("lm_eval") if settings.tasks[name].source.kind == "harness" else None


def examples_of(name):
    return settings.examples_of(name).model_dump(mode="json")


def explained(task):
    """Whether a task has explained examples: a study may explain others alone."""
    return bool(settings.examples_of(task).explanation)


def examples_table(model, order, task):
    """The table of a task's examples, as a model is asked them."""
    if settings.models[model].chat_template:
        return f"results/models/{model}/chat/{task}.parquet"
    return f"results/tasks/{task}/examples.parquet"


def examples_of_cell(wildcards):
    return examples_table(wildcards.model, wildcards.order, wildcards.task)


def order_table(wildcards):
    """The table that says how the levels of a path are made: by dropping components, or as checkpoints."""
    return table_of_path(f"{wildcards.model}/{wildcards.order}")


def table_of_path(path):
    kind = "checkpoints" if path in CHECKPOINT_PATHS else "order"
    return f"results/{path}/{kind}.parquet"


def users(files):
    """Input files of the user, without the prefix that an importing workflow gives to results."""
    for file in files:
        if problem := input_problem(file):
            stop(problem)
    return [local(str(file)) for file in files]


def of_workflow(file):
    """A file that ships with the workflow, without the prefix of an importing one.

    Relative where the workflow lies in the working folder: nothing is made anew after that folder has moved.
    """
    path, working_folder = (SOURCE / file).resolve(), Path.cwd().resolve()
    inside = path.is_relative_to(working_folder)
    return local(str(path.relative_to(working_folder) if inside else path))


def model_files(wildcards):
    return users(settings.model_files(wildcards.model))


def task_files(wildcards):
    return users(settings.tasks[wildcards.task].files())


def checkpoint_files(wildcards):
    return users(settings.checkpoint_files(wildcards.order))


def checkpoint_sources(order):
    """The sources of the levels that are run, without the dense model."""
    return {
        level: source.model_dump(mode="json")
        for level, source in settings.checkpoints_run(order).items()
    }


def text_files(wildcards):
    return users(settings.text_files(wildcards.order))


def places(table):
    """Pruning paths of a table, or cells if it depends on examples."""
    of_paths = {
        "stability": DRAWN_PRUNING_PATHS,
        "order": RANKED_PATHS,
        "checkpoints": CHECKPOINT_PATHS,
        "efficiency": PRUNING_PATHS,
        "pooled": PRUNING_PATHS,
    }
    return of_paths.get(table, CELLS)


def attributions_of(model, order, task, methods=tuple(settings.methods)):
    return [
        f"results/{model}/{order}/{task}/attributions/{name}-seed{seed}.parquet"
        for name in (methods if explained(task) else ())
        for seed in settings.methods[name].seeds
    ]


def attributions_of_cell(wildcards):
    return attributions_of(wildcards.model, wildcards.order, wildcards.task)


def faithfulness_of_cell(wildcards):
    """The effects of single tokens, in a study that runs that protocol."""
    if "study" not in PROTOCOLS or not explained(wildcards.task):
        return []
    return expand(
        "results/{model}/{order}/{task}/faithfulness/{method}.parquet",
        **wildcards,
        method=settings.study.methods,
    )


def coalitions_of_cell(wildcards):
    """The table of coalitions of a task that is explained; nothing of another."""
    if not explained(wildcards.task):
        return []
    return "results/{model}/{order}/{task}/coalitions.parquet".format(**wildcards)


def from_coalitions(table):
    """A table of explain_segments as an input: nothing in a study that scores no coalitions."""
    if "coalitions" not in PROTOCOLS:
        return []
    return f"results/{{model}}/{{order}}/{{task}}/{table}.parquet"


def explained_by_cell():
    """Scores of what the report's explained examples show, by cell: of segments in a study that has them, else of tokens."""
    if "coalitions" in PROTOCOLS:
        return [[f"results/{cell}/explanations.parquet"] for cell in CELLS]
    return [attributions_of(*cell.split("/")) for cell in CELLS]


def attributions_of_method(wildcards):
    return attributions_of(
        wildcards.model, wildcards.order, wildcards.task, [wildcards.method]
    )


def exports(wildcards):
    """The checkpoints of `export`; ends with one line if it names none, or a level that is not run."""
    chosen = settings.study.export
    if not chosen.levels:
        stop("nothing to export; type --config 'export={levels: [2]}'")
    if not RANKED_PATHS:
        stop(
            "nothing to export: the levels of all orders are checkpoints, which are folders already; name an order "
            "that a criterion ranks"
        )
    for model in settings.study.models:
        if beyond := set(chosen.levels) - set(settings.levels[model]):
            stop(
                f"export.levels: {min(beyond)} is not run for {model}, whose levels are "
                f"{level_words(settings.levels[model])}"
            )
    return expand(
        "results/{path}/export/level{level}-{format}",
        path=RANKED_PATHS,
        level=chosen.levels,
        format=chosen.formats,
    )
