"""The study's explanations and their judgement on whole examples, by keepfaith's engine and by Captum at batch 1.

LIME and KernelSHAP with 3 samples per token and three seeds explain the log-probability of each level's own predicted
option; then every ranking is judged token by token, five fractions of the tokens removed and kept.
"""

from dataclasses import dataclass
from functools import cached_property

import polars as pl
import torch
from captum.attr import LLMAttribution, TextTokenInput
from setup.sampled import Cost, SampledScorer
from setup.study import METHODS, SAMPLES_PER_TOKEN
from setup.timing import timed
from setup.weights import weights_at

from keepfaith.artifacts.predictions import predicted_options
from keepfaith.attribution.explain import explain
from keepfaith.attribution.perturbation import SamplingSettings
from keepfaith.attribution.problem import ExplainedValue
from keepfaith.faithfulness.measure import measure
from keepfaith.plugins.method import METHODS as EXPLAINERS
from keepfaith.scoring.encoding import EncodedPrompt, PromptEncoder
from keepfaith.scoring.predict import predict

SEEDS = (0, 1, 2)
FRACTIONS = (0.1, 0.2, 0.3, 0.4, 0.5)
OPERATOR = "retokenise"
THE_STUDYS = ExplainedValue("log_probability", "study")
SAMPLED_LEVELS = 3
"""Where work is a sum over levels: the first, the middle and the last are timed."""


@dataclass(frozen=True)
class Protocol:
    """Examples to explain and judge at the levels of one pruning path."""

    scorer: SampledScorer
    encoder: PromptEncoder
    examples: pl.DataFrame
    levels: list[int]

    @cached_property
    def predictions(self) -> pl.DataFrame:
        """PREDICTIONS, complete: both sides explain what they say."""
        batches, self.scorer.batches = self.scorer.batches, 0
        found = predict(self.scorer, self.encoder, self.examples, self.levels)
        self.scorer.batches = batches
        return found

    @cached_property
    def encoded(self) -> dict[str, EncodedPrompt]:
        """The examples as tokens, by their names."""
        return {
            name: self.encoder.encode(prompt, options)
            for name, prompt, options in self.examples.select(
                "example_id", "prompt", "options"
            ).iter_rows()
        }

    @property
    def timed_levels(self) -> list[int]:
        """`SAMPLED_LEVELS` of the levels, from the first to the last."""
        last = len(self.levels) - 1
        places = {round(last * place / (SAMPLED_LEVELS - 1)) for place in range(SAMPLED_LEVELS)}
        return [self.levels[place] for place in sorted(places)]

    def explanations(self) -> Cost:
        """LIME and KernelSHAP by keepfaith: the first seed of each, times the seeds."""
        total = Cost(0, 0, 0.0, 0)
        for method in METHODS:
            settings = SamplingSettings(samples_per_token=SAMPLES_PER_TOKEN)
            cost, _ = self.scorer.cost(
                lambda method=method, settings=settings: explain(
                    method,
                    settings,
                    SEEDS[0],
                    self.scorer,
                    self.encoder,
                    self.examples,
                    self.levels,
                    self.predictions,
                    explained=THE_STUDYS,
                )
            )
            total += cost.times(len(SEEDS))
        return total

    def judgement(self) -> Cost:
        """The pass of faithfulness over all rankings by keepfaith: one random ranking, times methods and seeds.

        What a ranking costs does not depend on its scores. Levels are scored one by one, so a few are timed.
        """
        settings = EXPLAINERS.load("random").settings()
        levels = self.timed_levels
        ranked = explain(
            "random",
            settings,
            SEEDS[0],
            None,
            self.encoder,
            self.examples,
            levels,
            self.predictions,
            explained=THE_STUDYS,
        )
        cost, _ = self.scorer.cost(
            lambda: measure(
                self.scorer,
                self.encoder,
                self.examples,
                ranked,
                self.predictions,
                levels,
                FRACTIONS,
                [OPERATOR],
            )
        )
        return cost.times(len(METHODS) * len(SEEDS) * len(self.levels) / len(levels))

    def captum(self, samples: int) -> Cost:
        """Explanations by Captum and their judgement by plain forward passes, all at batch 1.

        Timed: every method with a few samples on one prompt at each of a few levels, scaled to the whole by the tokens
        and weights that are fed.

        Args:
            samples: perturbed prompts per call that is timed.
        """
        names = self.examples["example_id"].to_list()
        seconds, work, forwards = 0.0, 0.0, 0
        for place, level in enumerate(self.timed_levels):
            for method in METHODS:
                spent, fed = self._captum_call(method, names[place % len(names)], level, samples)
                seconds += spent
                work += sum(fed) * weights_at(self.scorer, level)
                forwards += len(fed)
        whole_rows, whole_tokens, whole_work = 0, 0, 0.0
        for name in names:
            for level in self.levels:
                rows, tokens = self._captum_passes(name, level)
                whole_rows += rows
                whole_tokens += tokens
                whole_work += tokens * weights_at(self.scorer, level)
        return Cost(whole_rows, whole_tokens, seconds * whole_work / work, forwards)

    def _target(self, name: str, level: int) -> int:
        found = predicted_options(self.predictions).filter(level=level, example_id=name)
        return int(found.select(pl.exclude("level", "example_id")).item())

    def _captum_call(
        self, method: str, name: str, level: int, samples: int
    ) -> tuple[float, list[int]]:
        """Seconds of explaining one prompt with this many samples, and the tokens of every forward pass."""
        (prompt,) = self.examples.filter(example_id=name)["prompt"]
        target = torch.tensor(self.encoded[name].option_ids[self._target(name, level)])
        special = list(self.encoded[name].prompt_ids[: self.encoded[name].special])
        fed: list[int] = []
        with self.scorer.model.at_level(self.scorer.order, level) as model:
            attribution = LLMAttribution(METHODS[method](model), self.encoder.tokenizer)
            text = TextTokenInput(prompt, self.encoder.tokenizer, skip_tokens=special or None)
            # Captum calls `model.forward`, which runs no hooks of the model itself.
            handle = model.get_input_embeddings().register_forward_pre_hook(
                lambda _, args: fed.append(args[0].numel())
            )
            try:
                torch.manual_seed(SEEDS[0])
                seconds, _ = timed(
                    lambda: attribution.attribute(
                        text, target=target, n_samples=samples, use_cached_outputs=False
                    ),
                    self.scorer.model.device.type,
                )
            finally:
                handle.remove()
        return seconds, fed

    def _captum_passes(self, name: str, level: int) -> tuple[int, int]:
        """Forward passes, and tokens fed in them, of explaining and judging one prompt at one level."""
        encoded = self.encoded[name]
        length, features = len(encoded.prompt_ids), len(encoded.features)
        target = encoded.option_ids[self._target(name, level)]
        samples = len(METHODS) * len(SEEDS) * SAMPLES_PER_TOKEN * features
        rows = samples * len(target)
        tokens = samples * sum(length + step for step in range(len(target)))
        # Options of one token are read from one pass, others take one each.
        options = [len(option) - 1 for option in encoded.option_ids]
        passes = options if any(options) else [0]
        for fraction in FRACTIONS:
            top = int(fraction * features)
            for kept in (length - top, length - features + top) if top else ():
                rows += len(METHODS) * len(SEEDS) * len(passes)
                tokens += len(METHODS) * len(SEEDS) * sum(kept + extra for extra in passes)
        return rows, tokens
