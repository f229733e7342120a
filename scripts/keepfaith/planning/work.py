"""What every job that calls a model costs: seconds, memory, disk.

A forward pass over t tokens through a model of P parameters takes 2 P t floating-point operations; attention's own
share is left out, as it is small at these lengths. A level of a path computes again what lies above the lowest layer
that it drops beyond the level before it, and shares the rest. Costs are meant to be right within a factor of two:
enough to request time, to choose a machine and to see what dominates.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from keepfaith.config.schema import Method, TrainModel
from keepfaith.config.settings import Settings
from keepfaith.orders.order import candidates
from keepfaith.planning.shape import ModelShape, TaskShape, model_shape, task_shape
from keepfaith.plugins.criterion import CRITERIA

Key = tuple[str, ...]
"""(model, order, task, method, seed), as far as a job has them."""

UPPER = 0.5
"""Share of the layers in which the dropped ones lie: most criteria drop the upper ones first."""

SPREAD = 1.25
"""Mean square of a prompt's length over the square of its mean, in the study's tasks: samples grow with length."""

OPTION_TOKENS = 8
"""Of all options behind a prompt."""

BACKWARD = 3
"""Cost of a forward and backward pass over that of a forward pass."""

DECODED = 100
"""Cost of a decoded token over that of a token in a batch: all weights are moved for it."""

VERIFICATION_TOKENS = 2000

SAMPLED = ("lime", "kernelshap")
"""Methods whose scored prompts grow with the length of the prompt and are shared by all levels."""

READING_BYTES_PER_SECOND = 1e9
START_SECONDS = 5.0
"""Of a job: Python, torch, tokenizer."""

START_BYTES = 4e9
"""Memory of a job besides the model's weights: libraries, a batch, results."""

PREDICTION_BYTES = 12.0
ATTRIBUTION_BYTES = 16.0
FAITHFULNESS_BYTES = 10.0
"""Of a row on disk, compressed."""


@dataclass(frozen=True)
class Work:
    """Tokens of a dense forward pass that cost as much as a job, and the bytes it leaves on disk."""

    tokens: float
    disk_bytes: float = 0.0


@dataclass(frozen=True)
class Job:
    """One job that calls a model.

    Attributes:
        rule: its rule.
        key: its wildcards.
        needs: the jobs that must be done before.
        gpus: GPUs it holds; 0 on the CPU.
        seconds: how long it takes.
        memory_bytes: main memory it needs at most.
        disk_bytes: what it leaves on disk.
    """

    rule: str
    key: Key
    needs: tuple[tuple[str, Key], ...]
    gpus: int
    seconds: float
    memory_bytes: float
    disk_bytes: float


class Workload:
    """The sizes of a study's models and tasks, each looked up once, and from them the cost of every job."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.model: Callable[[str], ModelShape] = cache(
            lambda name: model_shape(settings.models[name], settings.layers[name])
        )
        self.task: Callable[[str], TaskShape] = cache(lambda name: task_shape(settings.tasks[name]))
        self._works: dict[str, Callable[..., Work]] = {
            "train_model": self._train_model,
            "verify_removal": self._verify_removal,
            "export_model": self._export_model,
            "rank_layers": self._rank_layers,
            "measure_stability": self._measure_stability,
            "measure_efficiency": self._measure_efficiency,
            "predict": self._predict,
            "attribute": self._attribute,
            "measure_faithfulness": self._measure_faithfulness,
        }

    def jobs(self) -> Iterator[Job]:
        """Every job that calls a model, after those that it needs."""
        study = self.settings.study
        for model in study.models:
            if model in self.settings.trained_models():
                yield self.job("train_model", model)
            yield self.job("verify_removal", model)
            for order in study.orders:
                yield self.job("rank_layers", model, order)
                if study.stability.seeds and order in self.settings.drawn_orders:
                    yield self.job("measure_stability", model, order)
                yield self.job("measure_efficiency", model, order)
                for task in study.tasks:
                    yield self.job("predict", model, order, task)
                    for method, settings in self.settings.methods.items():
                        for seed in settings.seeds:
                            yield self.job("attribute", model, order, task, method, str(seed))
                        yield self.job("measure_faithfulness", model, order, task, method)

    def job(self, rule: str, *key: str) -> Job:
        """The cost of one job: `rule` calls a model, `key` are its wildcards in the order of `Key`."""
        model, study = self.model(key[0]), self.settings.study
        weights = model.weight_bytes(study.scoring.dtype)
        gpus = 0 if study.scoring.device == "cpu" else self.settings.models[key[0]].gpu
        # Several GPUs hold a model that one cannot; they work one after the other.
        rate = study.plan.gpu_flops if gpus else study.plan.core_flops * study.scoring.threads
        work = self._works[rule](*key)
        seconds = START_SECONDS + weights / READING_BYTES_PER_SECOND
        return Job(
            rule,
            key,
            self._needs(rule, key),
            gpus,
            seconds + 2 * model.parameters * work.tokens / rate,
            START_BYTES + 1.5 * weights,
            work.disk_bytes,
        )

    def _needs(self, rule: str, key: Key) -> tuple[tuple[str, Key], ...]:
        match rule:
            case "train_model":
                return ()
            case "verify_removal":
                trained = key[0] in self.settings.trained_models()
                return (("train_model", key),) if trained else ()
            case "rank_layers" | "measure_stability":
                return (("verify_removal", key[:1]),)
            case "measure_efficiency" | "predict" | "export_model":
                return (("rank_layers", key[:2]),)
            case "attribute":
                return (("predict", key[:3]),)
            case _:
                seeds = self.settings.methods[key[3]].seeds
                return tuple(("attribute", (*key, str(seed))) for seed in seeds)

    def _levels(self, model: str) -> int:
        return len(self.settings.levels[model])

    def _path(self, model: str) -> float:
        """Forward passes that all levels of a path cost together.

        The lowest of n layers, drawn from the upper half, lies 1 / (n + 1) of that half above its bottom.
        """
        steps = [level - before for before, level in pairwise(self.settings.levels[model])]
        return 1 + sum(UPPER * step / (step + 1) for step in steps)

    def _train_model(self, model: str) -> Work:
        source = self.settings.models[model].source
        assert isinstance(source, TrainModel)
        shapes = [self.task(task) for task in self.settings.training_tasks()]
        tokens = sum(shape.tokens for shape in shapes) / len(shapes)
        examples = source.recipe.steps * source.recipe.examples_per_step
        return Work(examples * (tokens + OPTION_TOKENS) * BACKWARD)

    def _verify_removal(self, model: str) -> Work:
        return Work(VERIFICATION_TOKENS)

    def _export_model(self, model: str, order: str) -> Work:
        return self._verify_removal(model)

    def _rank_layers(self, model: str, order: str) -> Work:
        text, settings = self.settings.texts.get(order), self.settings.orders[order]
        if text is None:
            return Work(0.0)
        components = candidates(self.settings.layers[model], settings.drop)
        passes = CRITERIA.load(settings.criterion).passes(len(components))
        return Work(text.samples * text.sample_tokens * passes)

    def _measure_stability(self, model: str, order: str) -> Work:
        stability, text = self.settings.study.stability, self.settings.texts.get(order)
        if text is None:
            return Work(0.0)
        draws = stability.seeds * sum(stability.samples or (text.samples,)) / text.samples
        return Work(draws * self._rank_layers(model, order).tokens)

    def _measure_efficiency(self, model: str, order: str) -> Work:
        efficiency = self.settings.study.efficiency
        decoded = DECODED * efficiency.new_tokens * len(efficiency.contexts)
        timings = efficiency.repeats + 1
        return Work(self._levels(model) * timings * (decoded + sum(efficiency.contexts)))

    def _predict(self, model: str, order: str, task: str) -> Work:
        shape, wanted = self.task(task), self.settings.study.examples.evaluation
        examples = shape.rows if wanted == "all" else min(shape.rows, wanted)
        rows = examples * self._levels(model) * shape.options
        tokens = examples * (shape.tokens + OPTION_TOKENS) * self._path(model)
        return Work(tokens, rows * PREDICTION_BYTES)

    def _attribute(self, model: str, order: str, task: str, method: str, seed: str) -> Work:
        shape, explained = self.task(task), self.settings.study.examples.explanation
        rows = explained * self._levels(model) * shape.tokens
        tokens = explained * self._explaining(self.settings.methods[method], shape, model)
        return Work(tokens, rows * ATTRIBUTION_BYTES)

    def _explaining(self, method: Method, task: TaskShape, model: str) -> float:
        """Tokens that explaining one example at all levels costs."""
        length = task.tokens + OPTION_TOKENS
        if method.method == "random":
            return 0.0
        if method.method in SAMPLED:
            samples = method.samples_per_token * SPREAD * task.tokens
            return samples * length * self._path(model)
        steps = method.steps if method.method == "integrated_gradients" else 1
        return steps * BACKWARD * length * self._levels(model)

    def _measure_faithfulness(self, model: str, order: str, task: str, method: str) -> Work:
        shape, study = self.task(task), self.settings.study
        settings = self.settings.methods[method]
        # A method's own ranking and the reversed one; the random ranking is a method of its own.
        rankings = 1 if settings.method == "random" else 2
        faithfulness = study.faithfulness
        perturbed = 2 * rankings * len(faithfulness.operators) * len(faithfulness.fractions)
        rows = study.examples.explanation * self._levels(model) * perturbed * len(settings.seeds)
        # Half of the tokens on average: what one fraction removes, another keeps. Each level has its own inputs.
        return Work(rows * (shape.tokens / 2 + OPTION_TOKENS), rows * FAITHFULNESS_BYTES)
