# Dataset preparation: from a task's source to one table of prompts, spans, options and parts.


rule prepare_task:
    """Make a task's prompts, options, labels and parts."""
    input:
        source=task_files,
    output:
        examples="results/tasks/{task}/examples.parquet",
    log:
        "logs/tasks/{task}.log",
    conda:
        "../envs/workflow.yaml"
    params:
        # What examples share matters to the statistics alone.
        task=lambda wildcards: definition(
            "tasks", wildcards.task, exclude={"task": {"passage"}}
        ),
        examples=settings.study.examples.model_dump(mode="json"),
        code=lambda wildcards: code("prepare_task.py"),
    script:
        "../scripts/prepare_task.py"
