# What a job requests: GPUs, time and memory, from the plan.

import math

from keepfaith.planning.work import Workload


def gpus(wildcards):
    """GPUs of a job that runs a model; 0 with device cpu, so that only --cores limits it."""
    if settings.study.scoring.device == "cpu":
        return 0
    return settings.models[wildcards.model].gpu


def gpus_of_attribution(wildcards):
    """GPUs of an attribution; 0 for a method that needs no model."""
    return planned("attribute", wildcards).gpus


workload = Workload(settings)


def planned(name, wildcards):
    """The plan's entry of a job; its key is the wildcards, from the model inwards."""
    key = ["model", "order", "task", "method", "seed"]
    present = [wildcards[part] for part in key if part in wildcards.keys()]
    return workload.job(name, *present)


def minutes(name):
    """Time that a job requests: three times the plan's, and more with every retry."""
    return lambda wildcards, attempt: attempt * (
        10 + math.ceil(planned(name, wildcards).seconds / 20)
    )


def memory(name):
    """Main memory that a job requests, in MB; more with every retry."""
    return lambda wildcards, attempt: attempt * math.ceil(
        planned(name, wildcards).memory_bytes / 1e6
    )
