# Dataset preparation: from a task's source to one table of prompts, spans, options and parts.


rule prepare_task:
    input:
        source=task_files,
    output:
        examples="results/tasks/{task}/examples.parquet",
    log:
        "logs/tasks/{task}.log",
    params:
        task=lambda wildcards: settings.tasks[wildcards.task].model_dump(mode="json"),
        examples=settings.study.examples.model_dump(mode="json"),
        source=settings.study.task_source,
        data_folder=settings.study.folders.data,
        code=code("prepare_task.py"),
    script:
        "../scripts/prepare_task.py"
