# From a model's source to a checked local folder and its manifest; training of `train` models on the selected tasks.


rule prepare_model:
    """Fetch or link a model into a folder, and check its files against each other."""
    input:
        source=model_files,
    output:
        model="results/models/{model}/model.json",
    log:
        "logs/models/{model}.log",
    wildcard_constraints:
        model=names_pattern(READY_MODELS),
    conda:
        "../envs/workflow.yaml"
    params:
        # A template changes the prompts, not the model.
        model=lambda wildcards: definition(
            "models", wildcards.model, exclude={"chat_template"}
        ),
        code=lambda wildcards: code("prepare_model.py"),
    script:
        "../scripts/prepare_model.py"


rule train_model:
    """Train a model on the training splits of the selected tasks (GPU)."""
    input:
        examples=expand(
            "results/tasks/{task}/examples.parquet", task=settings.study.tasks
        ),
        source=users(settings.training_files()),
    output:
        model="results/models/{model}/model.json",
        checkpoint=directory("results/models/{model}/checkpoint"),
        report="results/models/{model}/training.json",
    log:
        "logs/models/{model}.log",
    wildcard_constraints:
        model=names_pattern(TRAINED_MODELS),
    conda:
        "../envs/workflow.yaml"
    threads: workflow.cores
    resources:
        gpu=gpus,
        mem_mb=memory("train_model"),
        runtime=minutes("train_model"),
    params:
        model=lambda wildcards: definition("models", wildcards.model),
        tasks={name: task_definition(name) for name in settings.training_tasks()},
        examples={name: examples_of(name) for name in settings.training_tasks()},
        code=lambda wildcards: code("train_model.py"),
    script:
        "../scripts/train_model.py"


rule verify_removal:
    """Verify on this model that removing sub-layers works (GPU)."""
    input:
        model="results/models/{model}/model.json",
    output:
        checks="results/models/{model}/removal.json",
    log:
        "logs/models/{model}-removal.log",
    conda:
        "../envs/workflow.yaml"
    threads: THREADS
    resources:
        gpu=gpus,
        mem_mb=memory("verify_removal"),
        runtime=minutes("verify_removal"),
    params:
        drop=dropped_kinds(),
        scoring=SCORING,
        code=lambda wildcards: code("verify_removal.py"),
    script:
        "../scripts/verify_removal.py"


# Not part of a study: trains the checkpoint that ships with keepfaith from its seed.
rule builtin_model:
    """Train the built-in checkpoint again."""
    output:
        checkpoint=directory("results/builtin_model/checkpoint"),
        report="results/builtin_model/training.json",
    log:
        "logs/builtin_model.log",
    conda:
        "../envs/workflow.yaml"
    threads: workflow.cores
    params:
        code=lambda wildcards: code("train_builtin_model.py"),
    script:
        "../scripts/train_builtin_model.py"
