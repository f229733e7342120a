"""The study's procedure and keepfaith's on the same work: explaining prompts at the levels of one pruning path.

Prompts of a random model are random words, one token each, those of a real one text of the built-in tasks; every level
explains the first choice, as both sides need the same target.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
import torch
from captum.attr import KernelShap, Lime, LLMAttribution, TextTokenInput
from setup.llama import Shape, random_llama, word_tokenizer, words
from setup.real import real_model
from setup.timing import timed
from setup.weights import weights_at

from keepfaith.attribution.explain import explain
from keepfaith.attribution.perturbation import SamplingSettings
from keepfaith.attribution.problem import ExplainedValue
from keepfaith.models.removal import PrunableModel
from keepfaith.orders.order import candidates
from keepfaith.plugins.criterion import CRITERIA
from keepfaith.scoring.encoding import PromptEncoder
from keepfaith.scoring.scorer import OptionScorer
from keepfaith.tasks.builtin import generate
from keepfaith.training.builtin import prompt_of

METHODS = {"lime": Lime, "kernelshap": KernelShap}
SEED = 0
SAMPLES_PER_TOKEN = 3
WORDS = (" yes", " no")
"""The choices of a real model are repetitions of these."""


@dataclass(frozen=True)
class Study:
    """One model, one pruning path and the prompts to explain.

    Attributes:
        name: of the model.
        scorer: scores at the levels of the pruning path.
        encoder: its tokenizer's; one token per word where the model is random.
        prompts: the prompts, from the shortest to the longest.
        options: by number of tokens, two choices.
    """

    name: str
    scorer: OptionScorer
    encoder: PromptEncoder
    prompts: list[str]
    options: dict[int, list[str]]

    @cached_property
    def device(self) -> str:
        return self.scorer.model.device.type

    def ours(
        self, method: str, target_tokens: int, prompts: Sequence[str], levels: Sequence[int]
    ) -> tuple[float, pl.DataFrame]:
        """Seconds and ATTRIBUTIONS of explaining `prompts` at `levels`."""
        examples = pl.DataFrame(
            {
                "example_id": [str(self.prompts.index(prompt)) for prompt in prompts],
                "prompt": prompts,
                "options": [self.options[target_tokens]] * len(prompts),
            }
        )
        known = _first_options(examples["example_id"].to_list(), levels)
        settings = SamplingSettings(samples_per_token=SAMPLES_PER_TOKEN)
        return timed(
            lambda: explain(
                method,
                settings,
                SEED,
                self.scorer,
                self.encoder,
                examples,
                levels,
                known,
                explained=ExplainedValue("log_probability", "study"),
            ),
            self.device,
        )

    def captum(
        self, method: str, target_tokens: int, prompt: str, level: int
    ) -> tuple[float, np.ndarray]:
        """Seconds and scores of the study's procedure for one prompt at one level."""
        tokenizer = self.encoder.tokenizer
        option = self.options[target_tokens][0]
        encoded = self.encoder.encode(prompt, [option])
        target = torch.tensor(encoded.option_ids[0])
        with self.scorer.model.at_level(self.scorer.order, level) as model:
            attribution = LLMAttribution(METHODS[method](model), tokenizer)
            special = list(encoded.prompt_ids[: encoded.special])
            text = TextTokenInput(prompt, tokenizer, skip_tokens=special or None)
            torch.manual_seed(SEED)
            seconds, result = timed(
                lambda: attribution.attribute(
                    text,
                    target=target,
                    n_samples=SAMPLES_PER_TOKEN * text.n_itp_features,
                    # The default, cached path is wrong from the second target token on with transformers 5.
                    use_cached_outputs=False,
                ),
                self.device,
            )
        return seconds, result.seq_attr.detach().float().cpu().numpy()

    def captum_work(self, prompt: str, level: int, target_tokens: int) -> float:
        """Multiply-adds of `captum`, up to a factor: samples x tokens fed x weights in use."""
        encoded = self.encoder.encode(prompt, self.options[target_tokens])
        fed = sum(len(encoded.prompt_ids) + step for step in range(target_tokens))
        return float(len(encoded.features) * fed * weights_at(self.scorer, level))

    def difference(self, table: pl.DataFrame, prompt: str, level: int, theirs: np.ndarray) -> float:
        """Largest difference between the scores in `table` and Captum's of one prompt and level."""
        found = table.filter(level=level, example_id=str(self.prompts.index(prompt)))
        mine = found.sort("feature")["score"].to_numpy()
        return float(np.abs(mine - theirs).max())


def prepare(
    shape: Shape,
    lengths: Sequence[int],
    target_tokens: Sequence[int],
    budget: int | None = None,
    dtype: torch.dtype = torch.float32,
    device: str = "cpu",
) -> Study:
    """A random model with its cosine order on random text, and prompts of these lengths in tokens."""
    model = PrunableModel(random_llama(shape, dtype, device))
    tokenizer = word_tokenizer(shape.vocabulary)
    generator = np.random.default_rng(SEED)
    text = torch.from_numpy(generator.integers(3, shape.vocabulary, (1, 512)))
    ranked = CRITERIA.load("cosine").rank(
        model, [text.to(device)], candidates(model.layers, "attention"), SEED
    )
    order = [component for component, _ in ranked]
    return Study(
        "random",
        OptionScorer(model, order, budget),
        PromptEncoder(tokenizer, shape.positions),
        [words(generator, length, shape.vocabulary) for length in lengths],
        {n: [f" {words(generator, n, shape.vocabulary)}" for _ in range(2)] for n in target_tokens},
    )


def prepare_real(
    folder: Path,
    data: Path | None,
    lengths: Sequence[int],
    target_tokens: Sequence[int],
    budget: int | None = None,
) -> Study:
    """A real model with its own cosine order, and prompts of these lengths in its tokens.

    Raises:
        ValueError: its tokenizer spells one of `WORDS` with several tokens.
    """
    model, order, encoder = real_model(folder, data)
    text = "\n".join(
        prompt_of(example) for example in generate("sentiment", "evaluation", 50, SEED)
    )
    ends = encoder.tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
    prompts = [text[: ends[length - 1][1]] for length in lengths]
    options = {count: [word * count for word in WORDS] for count in target_tokens}
    for count, choices in options.items():
        if {len(option) for option in encoder.encode(prompts[0], choices).option_ids} != {count}:
            raise ValueError(
                f"{folder.name}: its tokenizer has no tokens of their own for {WORDS}; type other WORDS in study.py"
            )
    return Study(folder.name, OptionScorer(model, order, budget), encoder, prompts, options)


def sampled(study: Study, levels: Sequence[int], count: int) -> list[tuple[str, int]]:
    """(prompt, level) pairs spread over lengths and levels; all of them for a count of 0."""
    if not count:
        return [(prompt, level) for prompt in study.prompts for level in levels]
    prompts = np.linspace(0, len(study.prompts) - 1, count).round().astype(int)
    chosen = np.linspace(0, len(levels) - 1, count).round().astype(int)
    return [(study.prompts[p], levels[c]) for p, c in zip(prompts, chosen, strict=True)]


def compare(
    study: Study, method: str, target_tokens: int, levels: Sequence[int], pairs: int
) -> dict[str, object]:
    """One row: seconds of both sides, the factor and its parts, and the largest difference of scores.

    Args:
        study: what both sides work on.
        method: lime or kernelshap.
        target_tokens: tokens of the explained choice.
        levels: keepfaith explains all of them.
        pairs: as `sampled`: those that Captum is timed on, scaled to the whole by `captum_work`.
    """
    # A process that has just started is slower, on both sides.
    study.ours(method, target_tokens, study.prompts[:1], levels[-1:])
    seconds, table = study.ours(method, target_tokens, study.prompts, levels)
    shortest = study.prompts[:1]
    together, _ = study.ours(method, target_tokens, shortest, levels)
    apart = sum(study.ours(method, target_tokens, shortest, [level])[0] for level in levels)

    spent, done, difference = 0.0, 0.0, 0.0
    for prompt, level in sampled(study, levels, pairs):
        theirs, scores = study.captum(method, target_tokens, prompt, level)
        spent += theirs
        done += study.captum_work(prompt, level, target_tokens)
        difference = max(difference, study.difference(table, prompt, level, scores))
    whole = sum(
        study.captum_work(prompt, level, target_tokens)
        for prompt in study.prompts
        for level in levels
    )
    factor = spent * whole / done / seconds
    return {
        "model": study.name,
        "method": method,
        "target_tokens": target_tokens,
        "captum_s": round(spent * whole / done, 2),
        "captum_timed_s": round(spent, 2),
        "keepfaith_s": round(seconds, 2),
        "factor": round(factor, 2),
        "of_it_sharing": round(apart / together, 2),
        "of_it_batching": round(factor / (apart / together), 2),
        "largest_difference": difference,
    }


def compare_all(
    study: Study, target_tokens: Sequence[int], levels: Sequence[int], pairs: int
) -> list[dict[str, object]]:
    """`compare` for every length of target and every method; each row is printed when it is ready."""
    rows = []
    for tokens in target_tokens:
        for method in METHODS:
            rows.append(compare(study, method, tokens, levels, pairs))
            print(rows[-1], flush=True)
    return rows


def geometric_mean(rows: Sequence[dict[str, object]], column: str = "factor") -> float:
    """Of one column of the rows."""
    return float(np.exp(np.mean([np.log(float(str(row[column]))) for row in rows])))


def _first_options(examples: Sequence[str], levels: Sequence[int]) -> pl.DataFrame:
    """PREDICTIONS in which every level predicts the first choice."""
    rows = [
        (level, example_id, option, float(-option), 1)
        for level in levels
        for example_id in examples
        for option in (0, 1)
    ]
    names = ["level", "example_id", "option", "log_likelihood", "tokens"]
    return pl.DataFrame(rows, schema=names, orient="row")
