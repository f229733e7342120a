# From saved predictions, token scores and perturbed probabilities to metrics and the verdict; no model is loaded.


rule compute_metrics:
    """Compute every metric of one model, order and task, with intervals and paired tests."""
    input:
        examples=examples_of_cell,
        predictions="results/{model}/{order}/{task}/predictions.parquet",
        tuning="results/{model}/{order}/{task}/tuning_predictions.parquet",
        attributions=attributions_of_cell,
        faithfulness=faithfulness_of_cell,
        explanations=from_coalitions("explanations"),
        limits=from_coalitions("limits"),
        swap=from_coalitions("swap"),
    output:
        **{
            name: f"results/{{model}}/{{order}}/{{task}}/{name}.parquet"
            for name in ("curves", "overlap")
            if name in CELL_TABLES
        },
        metrics="results/{model}/{order}/{task}/metrics.parquet",
        reliability="results/{model}/{order}/{task}/reliability.parquet",
        fluctuation="results/{model}/{order}/{task}/fluctuation.parquet",
    log:
        "logs/{model}/{order}/{task}/compute_metrics.log",
    conda:
        "../envs/workflow.yaml"
    params:
        calibration=settings.study.calibration.model_dump(mode="json"),
        tops=settings.study.faithfulness.tops,
        statistics=settings.study.statistics.model_dump(
            mode="json", exclude={"margins"}
        ),
        passage=lambda wildcards: settings.tasks[wildcards.task].task.passage,
        # Nothing moves from one checkpoint to the next.
        in_sequence=lambda wildcards: wildcards.order in settings.orders,
        code=lambda wildcards: code("compute_metrics.py"),
    script:
        "../scripts/compute_metrics.py"


rule judge:
    """Decide per level and quantity: kept, degraded, harmed or undecided; and where accuracy goes another way."""
    input:
        metrics="results/{model}/{order}/{task}/metrics.parquet",
    output:
        verdict="results/{model}/{order}/{task}/verdict.parquet",
        misalignment="results/{model}/{order}/{task}/misalignment.parquet",
    log:
        "logs/{model}/{order}/{task}/judge.log",
    conda:
        "../envs/workflow.yaml"
    params:
        statistics=settings.study.statistics.model_dump(mode="json"),
        explained=lambda wildcards: bool(PROTOCOLS) and explained(wildcards.task),
        code=lambda wildcards: code("judge.py"),
    script:
        "../scripts/judge.py"


rule pool:
    """Decide the same in the mean over all tasks, and without each task."""
    input:
        metrics=expand(
            "results/{{model}}/{{order}}/{task}/metrics.parquet",
            task=settings.study.tasks,
        ),
    output:
        pooled="results/{model}/{order}/pooled.parquet",
    log:
        "logs/{model}/{order}/pool.log",
    conda:
        "../envs/workflow.yaml"
    params:
        tasks=settings.study.tasks,
        statistics=settings.study.statistics.model_dump(mode="json"),
        code=lambda wildcards: code("pool.py"),
    script:
        "../scripts/pool.py"
