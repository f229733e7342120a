"""Cost of every job that calls a model: seconds, memory, disk.

A forward pass over t tokens through a model of P parameters takes 2 P t floating-point operations; the operations of
attention are left out, as they are few at these lengths. A level of a pruning path computes again the layers above the
lowest layer that it drops and the level before it does not, and shares the others. Costs are meant to be right within a
factor of two: enough to request time, to choose a machine and to see what dominates.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from keepfaith.artifacts.schemas import CONTROL
from keepfaith.config.counts import tuning_count
from keepfaith.config.schema import TrainModel
from keepfaith.config.settings import Settings
from keepfaith.orders.order import candidates
from keepfaith.planning.shape import ModelShape, TaskShape, model_shape, sample_tokens, task_shape
from keepfaith.plugins.criterion import CRITERIA
from keepfaith.plugins.method import METHODS, Method

Key = tuple[str, ...]
"""Leading elements of (model, order, task, method, seed)."""

UPPER = 0.5
"""Upper share of the layers that contains the dropped ones: most criteria drop upper layers first."""

SPREAD = 1.25
"""Mean square of the prompt length over its squared mean, in the study's tasks: the passes of some methods grow with
the length of the prompt, so that long prompts count more. Passes are evaluated at the mean length times this factor,
which is exact for passes in proportion to the length, and for those that do not depend on it."""

OPTION_TOKENS = 8
"""Tokens of all choices after a prompt."""

BACKWARD = 3
"""Cost of a forward and backward pass over that of a forward pass."""

DECODED = 100
"""Cost of a decoded token over that of a token in a batch: each decoded token reads all weights."""

VERIFICATION_TOKENS = 2000

TEMPLATE_TOKENS = 10
"""Of a prompt after its fields: every coalition has them to itself."""


READING_BYTES_PER_SECOND = 1e9
START_SECONDS = 5.0
"""Start of a job: Python, torch, tokenizer."""

START_BYTES = 4e9
"""Memory of a job besides the model's weights: libraries, a batch, results."""

PREDICTION_BYTES = 12.0
ATTRIBUTION_BYTES = 16.0
FAITHFULNESS_BYTES = 10.0
"""Compressed bytes of a row on disk."""

COALITION_BYTES = 8.0
"""Of a log-likelihood on disk."""


@dataclass(frozen=True)
class Work:
    """Tokens of a dense forward pass that cost as much as a job, and the bytes that it writes to disk.

    Attributes:
        tokens, disk_bytes: these.
        needs_model: whether the job loads the model.
        starts: processes that import everything, one after the other.
        loads_levels: whether every level of a pruning path is loaded on its own.
    """

    tokens: float
    disk_bytes: float = 0.0
    needs_model: bool = True
    starts: int = 1
    loads_levels: bool = False


@dataclass(frozen=True)
class Job:
    """One job of a rule that calls a model.

    Attributes:
        rule: name of the rule.
        key: its wildcards.
        gpus: GPUs that it needs; 0 on the CPU.
        seconds: duration.
        memory_bytes: upper bound of its main memory.
        disk_bytes: size of its output on disk.
    """

    rule: str
    key: Key
    gpus: int
    seconds: float
    memory_bytes: float
    disk_bytes: float


class Workload:
    """Cost of every job, from the sizes of a study's models and tasks, each looked up once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.model: Callable[[str], ModelShape] = cache(
            lambda name: model_shape(settings.models[name], settings.layers[name])
        )
        self.task: Callable[[str], TaskShape] = cache(lambda name: task_shape(settings.tasks[name]))
        self.sample_tokens: Callable[[str, str], float] = cache(
            lambda model, order: sample_tokens(settings.texts[order], self.model(model))
        )
        self.method: Callable[[str], Method] = cache(
            lambda name: METHODS.load(settings.methods[name].method)
        )
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
            "score_coalitions": self._score_coalitions,
        }

    def jobs(self) -> Iterator[Job]:
        """Every job of a rule that calls a model: rule by rule, in the order of the data flow."""
        study = self.settings.study
        models = [(model,) for model in study.models]
        paths = [(*key, order) for key in models for order in study.orders]
        ranked = [key for key in paths if key[-1] in self.settings.orders]
        cells = [(*key, task) for key in paths for task in study.tasks]
        explained = [key for key in cells if self.settings.examples_of(key[-1]).explanation]
        methods = self.settings.methods.items()
        keys: dict[str, Iterable[Key]] = {
            "train_model": [(model,) for model in self.settings.trained_models()],
            "verify_removal": models if ranked else [],
            "rank_layers": ranked,
            "measure_stability": [
                key
                for key in paths
                if study.stability.seeds and key[-1] in self.settings.drawn_orders
            ],
            "measure_efficiency": paths,
            "predict": cells,
            "attribute": [
                (*key, name, str(seed))
                for key in explained
                for name, method in methods
                for seed in method.seeds
            ],
            "measure_faithfulness": [(*key, name) for key in explained for name, _ in methods]
            if study.faithfulness.protocol == "study"
            else [],
            "score_coalitions": explained if study.faithfulness.segments else [],
        }
        for rule, of_rule in keys.items():
            for key in of_rule:
                yield self.job(rule, *key)

    def job(self, rule: str, *key: str) -> Job:
        """The cost of one job: `key` are its wildcards in the order of `Key`."""
        model, study = self.model(key[0]), self.settings.study
        work = self._works[rule](*key)
        weights = model.weight_bytes(study.scoring.dtype) if work.needs_model else 0.0
        on_gpu = work.needs_model and study.scoring.device != "cpu"
        gpus = self.settings.models[key[0]].gpu if on_gpu else 0
        # Several GPUs hold a model that does not fit into one; they compute one after the other.
        rate = study.plan.gpu_flops if gpus else study.plan.core_flops * study.scoring.threads
        # A job on checkpoints loads one after the other.
        several = work.loads_levels or self._of_checkpoints(key)
        loaded = len(self._levels(*key[:2])) if several else 1
        seconds = work.starts * START_SECONDS + loaded * weights / READING_BYTES_PER_SECOND
        return Job(
            rule,
            key,
            gpus,
            seconds + 2 * model.parameters * work.tokens / rate,
            START_BYTES + 1.5 * weights,
            work.disk_bytes,
        )

    def _of_checkpoints(self, key: Key) -> bool:
        return len(key) > 1 and key[1] in self.settings.checkpoints

    def _levels(self, model: str, order: str) -> tuple[int, ...]:
        return self.settings.levels_of(model, order)

    def _path(self, model: str, order: str) -> float:
        """Total forward passes of all levels of a pruning path, or of checkpoints, which share nothing.

        The lowest of n layers, drawn from the upper half, is on average 1 / (n + 1) of that half above its bottom.
        """
        levels = self._levels(model, order)
        if order in self.settings.checkpoints:
            return len(levels)
        steps = [level - before for before, level in pairwise(levels)]
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
        return Work(text.samples * self.sample_tokens(model, order) * passes)

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
        tokens = len(self._levels(model, order)) * timings * (decoded + sum(efficiency.contexts))
        return Work(
            tokens, starts=2, loads_levels=True
        )  # a process of its own forks one for every level

    def _predict(self, model: str, order: str, task: str) -> Work:
        shape, wanted = self.task(task), self.settings.examples_of(task)
        evaluated = wanted.evaluation
        examples = shape.rows if evaluated == "all" else min(shape.rows, evaluated)
        examples += tuning_count(wanted, shape.tuning_rows)
        rows = examples * len(self._levels(model, order)) * shape.options
        tokens = examples * (shape.tokens + OPTION_TOKENS) * self._path(model, order)
        return Work(tokens, rows * PREDICTION_BYTES)

    def _attribute(self, model: str, order: str, task: str, method: str, seed: str) -> Work:
        shape, explained = self.task(task), self.settings.examples_of(task).explanation
        rows = explained * len(self._levels(model, order)) * shape.prompt_tokens
        tokens = explained * self._explaining(method, shape, model, order)
        return Work(tokens, rows * ATTRIBUTION_BYTES, self.method(method).needs_model)

    def _explaining(self, method: str, task: TaskShape, model: str, order: str) -> float:
        """Cost in tokens of explaining one example at all levels."""
        declared = self.method(method)
        settings = declared.settings.model_validate(self.settings.methods[method].settings)
        passes = declared.passes(settings, SPREAD * task.prompt_tokens)
        counted = [passes]
        margin = self.settings.study.faithfulness.explains == "margin"
        if passes.best_other is not None and margin and task.options > 2:
            counted.append(passes.best_other)
        shared, per_level = self._path(model, order), len(self._levels(model, order))
        at_all_levels = sum(each.shared * shared + each.per_level * per_level for each in counted)
        return at_all_levels * (task.prompt_tokens + OPTION_TOKENS)

    def _measure_faithfulness(self, model: str, order: str, task: str, method: str) -> Work:
        shape, study = self.task(task), self.settings.study
        # A method's own ranking and the reversed one; chance reversed is chance.
        rankings = 1 if self.method(method).role == CONTROL else 2
        faithfulness, seeds = study.faithfulness, len(self.settings.methods[method].seeds)
        perturbed = 2 * rankings * len(faithfulness.operators) * len(faithfulness.fractions)
        rows = (
            self.settings.examples_of(task).explanation
            * len(self._levels(model, order))
            * perturbed
            * seeds
        )
        # Half of the tokens on average: what one fraction removes, another keeps. Each level has its own inputs.
        return Work(rows * (shape.prompt_tokens / 2 + OPTION_TOKENS), rows * FAITHFULNESS_BYTES)

    def _score_coalitions(self, model: str, order: str, task: str) -> Work:
        shape, study = self.task(task), self.settings.study
        coalitions = 2**study.faithfulness.segments * self.settings.examples_of(task).explanation
        # What coalitions begin with is fed once: of the text, each feeds about one segment of its own.
        own = shape.tokens / study.faithfulness.segments + TEMPLATE_TOKENS + OPTION_TOKENS
        numbers = coalitions * len(self._levels(model, order)) * shape.options
        return Work(coalitions * own * self._path(model, order), numbers * COALITION_BYTES)
