# Log-likelihoods of the choices at every level of a pruning path, one job per cell (model, order, task).


rule predict:
    """Score the choices of every example at all levels (GPU)."""
    input:
        model="results/models/{model}/model.json",
        order=order_table,
        examples=examples_of_cell,
    output:
        predictions="results/{model}/{order}/{task}/predictions.parquet",
        tuning="results/{model}/{order}/{task}/tuning_predictions.parquet",
    log:
        "logs/{model}/{order}/{task}/predict.log",
    conda:
        "../envs/workflow.yaml"
    threads: THREADS
    resources:
        gpu=gpus,
        mem_mb=memory("predict"),
        runtime=minutes("predict"),
    params:
        levels=lambda wildcards: settings.levels_of(wildcards.model, wildcards.order),
        scoring=SCORING,
        code=lambda wildcards: code("predict.py"),
    script:
        "../scripts/predict.py"
