"""A study: what is selected and the settings of every phase. This is what `config/config.yaml` holds."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from keepfaith.config.schema.base import (
    Count,
    Name,
    Number,
    Positive,
    Seed,
    Strict,
    Text,
    ascending,
    distinct,
    words_or_number,
)
from keepfaith.config.schema.imported import Import
from keepfaith.config.schema.levels import LevelChoice, Levels


def _no_error_rate(confidence: float) -> float:
    if confidence < 0.5:
        raise ValueError(
            f"must be at least 0.5, got {confidence:g}; type {1 - confidence:g} if {confidence:g} is the error rate"
        )
    return confidence


Selection = Annotated[tuple[Name, ...], Field(min_length=1), AfterValidator(distinct)]
Seeds = Annotated[tuple[Seed, ...], Field(min_length=1), AfterValidator(distinct)]
Fraction = Annotated[Number, Field(gt=0, lt=1)]
Margin = Annotated[Number, Field(ge=0, lt=1)]
"""Of a quantity that changes by less than 1. The Brier score, summed over the options, can rise by up to 2, but only by
being sure of what is wrong: from perfect to guessing it rises by less than 1."""


class Examples(Strict):
    """How many examples of every task, and which."""

    evaluation: Annotated[Literal["all"] | Positive, words_or_number("all")] = Field(
        default="all",
        description="Examples for accuracy and calibration: `all`, or at most this many (a smaller task gives "
        "all that it has).",
    )
    explanation: Positive = Field(
        default=200,
        description="Explained examples, a part of the evaluation examples. Exactly so many: a task with fewer "
        "evaluation examples is refused.",
    )
    tuning: Count = Field(
        default=200,
        description="Examples set aside for choosing anything (from the task's tuning split, or else disjoint "
        "from the evaluation examples). Exactly so many.",
    )
    seed: Seed = Field(default=0, description="Seed of the choice of examples.")


class Scoring(Strict):
    """How the model is called."""

    token_budget: Annotated[Literal["auto"] | Positive, words_or_number("auto")] = Field(
        default="auto",
        description="Tokens, padding included, in one batch: what fits the machine, or a number; halved when memory "
        "runs out. Changes no result.",
    )
    dtype: Literal["float32", "bfloat16", "float16"] = Field(
        default="float32", description="Number format of the weights and activations."
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="`auto` takes a GPU where there is one."
    )
    over_long: Literal["refuse", "cut_left"] = Field(
        default="refuse",
        description="What happens to a prompt that is longer than the model admits: `refuse` ends the job and names "
        "the example; `cut_left` drops tokens at its start, as lm-evaluation-harness does, and counts them in the log.",
    )
    unscorable: Literal["refuse", "leave_out"] = Field(
        default="refuse",
        description="What happens to an example that a model's tokenizer has no tokens for (it drops a character, or "
        "does not know one of an option, or two options are the same tokens): `refuse` ends the job and names all of "
        "them; `leave_out` evaluates and explains this model without them, at all levels, and says how many in the "
        "log, in the provenance of predictions.parquet and in the report.",
    )
    threads: Positive = Field(default=1, description="CPU threads of a job that calls a model.")


class Faithfulness(Strict):
    """How explanations are judged."""

    fractions: Annotated[
        tuple[Fraction, ...],
        Field(min_length=1),
        AfterValidator(distinct),
        AfterValidator(ascending),
    ] = Field(
        default=(0.1, 0.2, 0.3, 0.4, 0.5),
        description="Fractions of the prompt tokens that are removed or kept; below 1, where all rankings remove "
        "the same.",
    )
    operators: Annotated[tuple[Name, ...], Field(min_length=1), AfterValidator(distinct)] = Field(
        default=("retokenise", "delete"),
        description="How tokens are removed. `retokenise`: cut their characters out of the prompt, tokenise the rest "
        "(the study's); `delete`: drop the token ids.",
    )
    tops: Annotated[tuple[Positive, ...], Field(min_length=1), AfterValidator(distinct)] = Field(
        default=(5, 10, 20),
        description="Sizes of the top lists whose overlap between levels is measured.",
    )


class Calibration(Strict):
    """How confidence is judged."""

    bins: Positive = Field(
        default=10,
        le=1000,
        description="Equal-width confidence bins of the calibration error.",
    )
    null_repetitions: Positive = Field(
        default=1000,
        le=100_000,
        description="Draws for the band that a perfectly calibrated model's error falls into, and at least as many for "
        "the test of a change of that error: it takes more where the number of levels needs them.",
    )


class Margins(Strict):
    """The harm that still counts as kept, per watched quantity, in the quantity's own unit."""

    accuracy: Margin = Field(default=0.02, description="Tolerated loss of accuracy.")
    ece: Margin = Field(
        default=0.02, description="Tolerated rise of the expected calibration error."
    )
    brier: Margin = Field(default=0.02, description="Tolerated rise of the Brier score.")
    comprehensiveness: Margin = Field(
        default=0.05, description="Tolerated loss of comprehensiveness."
    )
    sufficiency: Margin = Field(default=0.05, description="Tolerated rise of sufficiency.")


class Statistics(Strict):
    """How certain a difference must be."""

    confidence: Annotated[Number, Field(lt=1), AfterValidator(_no_error_rate)] = Field(
        default=0.95, description="Coverage of every interval, from 0.5 to below 1."
    )
    repetitions: Positive = Field(
        default=2000,
        le=1_000_000,
        description="Bootstrap and permutation draws; so few that "
        "no harm could be shown are refused.",
    )
    seed: Seed = Field(default=0, description="Seed of those draws.")
    margins: Margins = Field(default_factory=Margins, description="Harm that still counts as kept.")


class Stability(Strict):
    """How the stability of an order over draws of calibration text is measured."""

    seeds: Count = Field(
        default=0,
        description="Draws of calibration text; 0 measures nothing. Each costs as much as the order. Orders that "
        "another seed cannot change (last_k) are left out.",
    )
    samples: Annotated[
        tuple[Positive, ...], AfterValidator(distinct), AfterValidator(ascending)
    ] = Field(
        default=(), description="Numbers of calibration samples; none: the order's own number."
    )


class Efficiency(Strict):
    """How the cost of every level is measured."""

    contexts: Annotated[
        tuple[Positive, ...],
        Field(min_length=1),
        AfterValidator(distinct),
        AfterValidator(ascending),
    ] = Field(default=(64, 256), description="Prompt lengths in tokens, batch 1.")
    new_tokens: Positive = Field(default=32, description="Tokens decoded behind each prompt.")
    repeats: Positive = Field(default=5, description="Timings, of which the fastest counts.")


class Plan(Strict):
    """How fast the machine is, for `snakemake plan` and for the time that cluster jobs request."""

    gpu_flops: Annotated[Number, Field(gt=0)] = Field(
        default=4e14,
        description="Floating-point operations per second that one GPU achieves; `benchmarks/gpu.py` measures it. The "
        "default is an assumption: 40 % of the 989 Tflop/s that an H100 is sold with in bfloat16.",
    )
    core_flops: Annotated[Number, Field(gt=0)] = Field(
        default=3e10,
        description="The same for one CPU core; `benchmarks/limit.py` measures it.",
    )
    devices: Annotated[tuple[Positive, ...], Field(min_length=1), AfterValidator(distinct)] = Field(
        default=(1, 8),
        description="Numbers of GPUs (of cores, in a study on the CPU) for which the plan says how long it takes.",
    )


class Export(Strict):
    """Which pruned checkpoints `snakemake export` writes."""

    levels: Annotated[tuple[Count, ...], AfterValidator(distinct)] = Field(
        default=(), description="Levels that are written, of every model and order."
    )
    formats: Annotated[
        tuple[Literal["slim", "zero_filled", "nemotron_nas"], ...],
        Field(min_length=1),
        AfterValidator(distinct),
    ] = Field(
        default=("slim",),
        description="`slim`: without the dropped weights, loads through keepfaith; `zero_filled`: all shapes as "
        "before, loads anywhere, saves nothing; `nemotron_nas`: without the dropped weights, for vLLM and MLX, "
        "of models shaped like Llama alone.",
    )


class Report(Strict):
    """What the report shows beyond figures and tables."""

    explained_examples: Count = Field(
        default=3,
        description="Explained examples shown as highlighted text, per model, order and task.",
    )


class Folders(Strict):
    """Where local sources lie. Relative paths start at the working directory."""

    data: Text | None = Field(
        default=None, description="Folder that the paths of local tasks and texts start from."
    )
    models: Text | None = Field(
        default=None, description="Folder that the paths of local models start from."
    )


class Study(Strict):
    """Selections and settings of one run."""

    name: Name = Field(default="study", description="Name of the study, shown in the report.")
    models: Selection = Field(description="Models, by the names of the files in catalog/models/.")
    orders: Selection = Field(
        description="Pruning orders, by the names of the files in catalog/orders/."
    )
    text: Name | None = Field(
        default=None,
        description="Calibration text, by the name of a file in catalog/texts/; needed where the criterion of a "
        "selected order reads text.",
    )
    tasks: Selection = Field(description="Tasks, by the names of the files in catalog/tasks/.")
    methods: Selection = Field(
        default=("lime", "kernelshap", "input_x_gradient", "random"),
        description="Attribution methods, by the names of the files in catalog/methods/.",
    )
    seeds: Seeds | None = Field(
        default=None,
        description="Seeds of the attribution methods that the catalog gives several, instead of those there.",
    )
    task_source: Literal["auto", "hub", "local", "builtin"] = Field(
        default="auto",
        description="Which source of a task is read. `auto`: the first that it has of builtin, hub, local.",
    )
    folders: Folders = Field(default_factory=Folders, description="Where local sources lie.")
    levels: LevelChoice = Field(
        default_factory=Levels,
        description="How many layers are dropped: a list of levels such as `[0, 4, 8]`, or a block. Level 0, the dense "
        "model, is always run; levels between those of a list are not.",
    )
    examples: Examples = Field(
        default_factory=Examples, description="How many examples, and which."
    )
    scoring: Scoring = Field(default_factory=Scoring, description="How the model is called.")
    faithfulness: Faithfulness = Field(
        default_factory=Faithfulness, description="How explanations are judged."
    )
    calibration: Calibration = Field(
        default_factory=Calibration, description="How confidence is judged."
    )
    statistics: Statistics = Field(
        default_factory=Statistics, description="How certain a difference must be."
    )
    stability: Stability = Field(
        default_factory=Stability,
        description="How the stability of an order over draws of calibration text is measured.",
    )
    efficiency: Efficiency = Field(
        default_factory=Efficiency, description="How the cost of every level is measured."
    )
    plan: Plan = Field(default_factory=Plan, description="How fast the machine is, for plans.")
    export: Export = Field(
        default_factory=Export, description="Which pruned checkpoints `snakemake export` writes."
    )
    imports: dict[Name, Import] = Field(
        default_factory=dict,
        description="Runs of lm-evaluation-harness with logged samples that `snakemake imported` reads: by a name of "
        "yours, level: folder of the run (or one log). Relative paths start at the working directory.",
    )
    report: Report = Field(default_factory=Report, description="What the report shows.")
