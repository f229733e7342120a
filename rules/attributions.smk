# Token scores of every level, one job per method and seed; then the effect of removing or keeping the top tokens.


rule attribute:
    """Score the tokens of every explained prompt at all levels, by one method and seed (GPU if the method needs the model)."""
    input:
        model="results/models/{model}/model.json",
        order=order_table,
        examples=examples_of_cell,
        predictions="results/{model}/{order}/{task}/predictions.parquet",
    output:
        attributions="results/{model}/{order}/{task}/attributions/{method}-seed{seed}.parquet",
    log:
        "logs/{model}/{order}/{task}/attribute/{method}-seed{seed}.log",
    conda:
        "../envs/workflow.yaml"
    threads: THREADS
    resources:
        gpu=gpus_of_attribution,
        mem_mb=memory("attribute"),
        runtime=minutes("attribute"),
    params:
        # An additional seed is an additional job; it does not change the other seeds.
        method=lambda wildcards: definition(
            "methods", wildcards.method, exclude={"seeds", "description"}
        ),
        levels=lambda wildcards: settings.levels_of(wildcards.model, wildcards.order),
        # The other settings of faithfulness change no scores.
        explained=settings.study.faithfulness.model_dump(
            mode="json", include={"explains", "removed_token"}
        ),
        scoring=SCORING,
        code=lambda wildcards: code("attribute.py", method_file(wildcards.method)),
    script:
        "../scripts/attribute.py"


rule measure_faithfulness:
    """Score the explained prompts without, and with only, their top tokens (GPU)."""
    input:
        model="results/models/{model}/model.json",
        order=order_table,
        examples=examples_of_cell,
        predictions="results/{model}/{order}/{task}/predictions.parquet",
        attributions=attributions_of_method,
    output:
        faithfulness="results/{model}/{order}/{task}/faithfulness/{method}.parquet",
    log:
        "logs/{model}/{order}/{task}/measure_faithfulness/{method}.log",
    conda:
        "../envs/workflow.yaml"
    threads: THREADS
    resources:
        gpu=gpus,
        mem_mb=memory("measure_faithfulness"),
        runtime=minutes("measure_faithfulness"),
    params:
        levels=lambda wildcards: settings.levels_of(wildcards.model, wildcards.order),
        faithfulness=settings.study.faithfulness.model_dump(
            mode="json", include={"fractions", "operators"}
        ),
        scoring=SCORING,
        code=lambda wildcards: code("measure_faithfulness.py", *operator_files()),
    script:
        "../scripts/measure_faithfulness.py"
