# Dataset preparation: from a task's source to one table of prompts, spans, choices and subsets.


rule prepare_task:
    """Make a task's prompts, choices, labels and subsets."""
    input:
        source=task_files,
    output:
        examples="results/tasks/{task}/examples.parquet",
    log:
        "logs/tasks/{task}.log",
    conda:
        "../envs/workflow.yaml"
    params:
        # Only the statistics depend on shared passages.
        task=lambda wildcards: definition(
            "tasks", wildcards.task, exclude={"task": {"passage"}}
        ),
        examples=settings.study.examples.model_dump(mode="json"),
        code=lambda wildcards: code("prepare_task.py"),
    script:
        "../scripts/prepare_task.py"
