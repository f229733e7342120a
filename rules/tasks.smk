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
        task=lambda wildcards: task_definition(wildcards.task),
        examples=lambda wildcards: examples_of(wildcards.task),
        harness=lambda wildcards: harness_version(wildcards.task),
        code=lambda wildcards: code("prepare_task.py"),
    script:
        "../scripts/prepare_task.py"


rule apply_chat_template:
    """Put a task's prompts into the chat template of a model."""
    input:
        model="results/models/{model}/model.json",
        examples="results/tasks/{task}/examples.parquet",
    output:
        examples="results/models/{model}/chat/{task}.parquet",
    log:
        "logs/models/{model}/chat/{task}.log",
    conda:
        "../envs/workflow.yaml"
    params:
        code=lambda wildcards: code("apply_chat_template.py"),
    script:
        "../scripts/apply_chat_template.py"
