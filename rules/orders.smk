# From calibration text to the order in which a criterion drops a model's components; checkpoints as levels.


rule prepare_calibration_text:
    """Fetch the text that an order is ranked on."""
    input:
        source=text_files,
    output:
        text="results/calibration_text/{order}.parquet",
    log:
        "logs/calibration_text/{order}.log",
    wildcard_constraints:
        order=names_pattern(settings.texts),
    conda:
        "../envs/workflow.yaml"
    params:
        text=lambda wildcards: order_text(wildcards.order),
        code=lambda wildcards: code("prepare_calibration_text.py"),
    script:
        "../scripts/prepare_calibration_text.py"


rule rank_layers:
    """Rank the layers by a criterion: the order in which they are dropped (GPU)."""
    input:
        model="results/models/{model}/model.json",
        verified="results/models/{model}/removal.json",
        text=prepared_text,
    output:
        order="results/{model}/{order}/order.parquet",
    log:
        "logs/{model}/{order}/rank_layers.log",
    wildcard_constraints:
        order=names_pattern(settings.orders),
    conda:
        "../envs/workflow.yaml"
    threads: THREADS
    resources:
        gpu=gpus,
        mem_mb=memory("rank_layers"),
        runtime=minutes("rank_layers"),
    params:
        order=lambda wildcards: order_definition(wildcards.order),
        text=lambda wildcards: order_text(wildcards.order),
        scoring=SCORING,
        code=lambda wildcards: code("rank_layers.py", criterion_file(wildcards.order)),
    script:
        "../scripts/rank_layers.py"


rule prepare_checkpoints:
    """Fetch and check the models that an order of checkpoints names, and compare their tokenizers with the dense one."""
    input:
        model="results/models/{model}/model.json",
        source=checkpoint_files,
    output:
        checkpoints="results/{model}/{order}/checkpoints.parquet",
    log:
        "logs/{model}/{order}/prepare_checkpoints.log",
    wildcard_constraints:
        order=names_pattern(settings.checkpoints),
    conda:
        "../envs/workflow.yaml"
    params:
        levels=lambda wildcards: checkpoint_sources(wildcards.order),
        code=lambda wildcards: code("prepare_checkpoints.py"),
    script:
        "../scripts/prepare_checkpoints.py"


rule measure_stability:
    """Rank again on other draws of calibration text, or of random numbers (GPU)."""
    input:
        model="results/models/{model}/model.json",
        verified="results/models/{model}/removal.json",
        source=text_files,
    output:
        stability="results/{model}/{order}/stability.parquet",
    log:
        "logs/{model}/{order}/measure_stability.log",
    wildcard_constraints:
        order=names_pattern(settings.drawn_orders),
    conda:
        "../envs/workflow.yaml"
    threads: THREADS
    resources:
        gpu=gpus,
        mem_mb=memory("measure_stability"),
        runtime=minutes("measure_stability"),
    params:
        order=lambda wildcards: order_definition(wildcards.order),
        text=lambda wildcards: order_text(wildcards.order),
        stability=settings.study.stability.model_dump(mode="json"),
        scoring=SCORING,
        code=lambda wildcards: code(
            "measure_stability.py", criterion_file(wildcards.order)
        ),
    script:
        "../scripts/measure_stability.py"
