"""Explaining a whole pruning path: keepfaith against the study's procedure, Captum level by level at batch 1.

The work: LIME and KernelSHAP with 3 samples per token, levels 0..8 of a 16-layer Llama of 20 M parameters with random
weights, prompts of 64 to 128 tokens, targets of one and of four tokens. The order is the cosine criterion's on random
text. Both sides run on the same machine in turn, with the same masks (same seed) and all threads.

Captum runs in its correct setting (`use_cached_outputs=False`). At batch 1 its time is a sum over prompts and levels,
so a sample of these pairs is timed for each case, from the shortest prompt to the longest and from level 0 to 8, and
scaled to the whole by the tokens and layers it feeds; `--pairs 0` times them all (hours). Ours runs whole. The scores
of every timed pair are compared.

    python benchmarks/path.py [--prompts 16] [--pairs 3]

Prints a table and writes results/benchmarks/path.json.
"""

import argparse
import math
from dataclasses import dataclass

import numpy as np
import polars as pl
import torch
from captum.attr import KernelShap, Lime, LLMAttribution, TextTokenInput
from setup.llama import SMALL, Shape, random_llama, word_tokenizer, words
from setup.record import record
from setup.timing import timed

from keepfaith.attribution.explain import explain
from keepfaith.attribution.problem import MethodSettings
from keepfaith.models.removal import PrunableModel
from keepfaith.orders.criteria.cosine import rank
from keepfaith.scoring.encoding import PromptEncoder
from keepfaith.scoring.scorer import OptionScorer

LEVELS = list(range(9))
METHODS = {"lime": Lime, "kernelshap": KernelShap}
TARGET_TOKENS = (1, 4)
SEED = 0


@dataclass(frozen=True)
class Setting:
    """What all cases share."""

    shape: Shape
    scorer: OptionScorer
    encoder: PromptEncoder
    prompts: list[str]
    options: dict[int, list[str]]

    def examples(self, tokens: int, prompts: list[str] | None = None) -> pl.DataFrame:
        """EXAMPLES as far as explaining reads them, with options of `tokens` tokens."""
        chosen = self.prompts if prompts is None else prompts
        return pl.DataFrame(
            {
                "example_id": [str(self.prompts.index(prompt)) for prompt in chosen],
                "prompt": chosen,
                "options": [self.options[tokens]] * len(chosen),
            }
        )


def prepare(shape: Shape, prompts: int, budget: int | None, lengths: tuple[int, int]) -> Setting:
    """A random model with its cosine order, and prompts of evenly spread lengths."""
    model = PrunableModel(random_llama(shape))
    tokenizer = word_tokenizer(shape.vocabulary)
    generator = np.random.default_rng(SEED)
    text = torch.from_numpy(generator.integers(3, shape.vocabulary, (1, 512)))
    order = [layer for layer, _ in rank(model, [text])]
    counts = np.linspace(*lengths, prompts).round().astype(int)
    return Setting(
        shape,
        OptionScorer(model, order, budget),
        PromptEncoder(tokenizer, shape.positions),
        [words(generator, int(count), shape.vocabulary) for count in counts],
        {n: [f" {words(generator, n, shape.vocabulary)}" for _ in range(2)] for n in TARGET_TOKENS},
    )


def predictions(examples: pl.DataFrame, levels: list[int]) -> pl.DataFrame:
    """Every level predicts the first option, so that both sides explain the same target."""
    rows = [
        (level, example_id, option, float(-option), 1)
        for level in levels
        for example_id in examples["example_id"]
        for option in (0, 1)
    ]
    names = ["level", "example_id", "option", "log_likelihood", "tokens"]
    return pl.DataFrame(rows, schema=names, orient="row")


def ours(
    setting: Setting, method: str, examples: pl.DataFrame, levels: list[int]
) -> tuple[float, pl.DataFrame]:
    """Seconds and scores of explaining `examples` at `levels`."""
    known = predictions(examples, levels)
    return timed(
        lambda: explain(
            MethodSettings(method), SEED, setting.scorer, setting.encoder, examples, levels, known
        )
    )


def captum(
    setting: Setting, method: str, prompt: str, option: str, level: int
) -> tuple[float, np.ndarray]:
    """Seconds and scores of the study's procedure for one prompt at one level."""
    scorer, tokenizer = setting.scorer, setting.encoder.tokenizer
    with scorer.model.at_level(scorer.order, level) as model:
        attribution = LLMAttribution(METHODS[method](model), tokenizer)
        text = TextTokenInput(prompt, tokenizer)
        target = torch.tensor(setting.encoder.encode(prompt, [option]).option_ids[0])
        torch.manual_seed(SEED)
        seconds, result = timed(
            lambda: attribution.attribute(
                text,
                target=target,
                n_samples=3 * text.n_itp_features,
                # The default, cached path is wrong from the second target token on with transformers 5.
                use_cached_outputs=False,
            )
        )
    return seconds, result.seq_attr.detach().numpy()


def work(shape: Shape, prompt: str, level: int, target_tokens: int) -> float:
    """Multiply-adds of Captum for one prompt and level, up to a factor: samples x tokens x weights."""
    tokens = len(prompt.split())
    fed = sum(tokens + step for step in range(target_tokens))
    return 3 * tokens * fed * (shape.parameters - level * shape.attention_parameters)


def sampled(setting: Setting, count: int) -> list[tuple[str, int]]:
    """(prompt, level) pairs spread over lengths and levels; all of them for a count of 0."""
    if not count:
        return [(prompt, level) for prompt in setting.prompts for level in LEVELS]
    places = np.linspace(0, len(setting.prompts) - 1, count).round().astype(int)
    levels = np.linspace(0, LEVELS[-1], count).round().astype(int)
    return [
        (setting.prompts[place], int(level)) for place, level in zip(places, levels, strict=True)
    ]


def case(setting: Setting, method: str, target_tokens: int, pairs: int) -> dict[str, object]:
    """One row: seconds of both sides, the factor and its parts, and how far the scores differ."""
    examples = setting.examples(target_tokens)
    whole, table = ours(setting, method, examples, LEVELS)
    some = setting.examples(target_tokens, setting.prompts[:: max(1, len(setting.prompts) // 4)])
    swept, _ = ours(setting, method, some, LEVELS)
    apart = sum(ours(setting, method, some, [level])[0] for level in LEVELS)

    spent, done, difference = 0.0, 0.0, 0.0
    option = setting.options[target_tokens][0]
    for prompt, level in sampled(setting, pairs):
        seconds, scores = captum(setting, method, prompt, option, level)
        spent += seconds
        done += work(setting.shape, prompt, level, target_tokens)
        found = table.filter(level=level, example_id=str(setting.prompts.index(prompt)))
        mine = found.sort("feature")["score"].to_numpy()
        difference = max(difference, float(np.abs(mine - scores).max()))
    total = sum(
        work(setting.shape, prompt, level, target_tokens)
        for prompt in setting.prompts
        for level in LEVELS
    )
    study = spent * total / done
    return {
        "method": method,
        "target_tokens": target_tokens,
        "captum_s": round(study, 1),
        "captum_timed_s": round(spent, 1),
        "keepfaith_s": round(whole, 1),
        "factor": round(study / whole, 2),
        "of_it_sharing": round(apart / swept, 2),
        "of_it_batching": round(study / whole / (apart / swept), 2),
        "largest_difference": difference,
    }


def main(shape: Shape = SMALL, lengths: tuple[int, int] = (64, 128)) -> None:
    """Run all cases; a test runs them on a smaller shape."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--prompts", type=int, default=16)
    arguments.add_argument("--pairs", type=int, default=3, help="timed with Captum per case")
    arguments.add_argument("--budget", type=int, help="token budget of keepfaith; found if absent")
    options = arguments.parse_args()
    setting = prepare(shape, options.prompts, options.budget, lengths)
    print(
        f"order {list(setting.scorer.order)}, {shape.parameters / 1e6:.1f} M parameters", flush=True
    )
    rows = []
    for target_tokens in TARGET_TOKENS:
        for method in METHODS:
            rows.append(case(setting, method, target_tokens, options.pairs))
            print(rows[-1], flush=True)
    factors = [float(str(row["factor"])) for row in rows]
    record(
        "path",
        rows,
        geometric_mean=round(math.exp(sum(map(math.log, factors)) / len(factors)), 2),
        equal_to_1e4=all(float(str(row["largest_difference"])) <= 1e-4 for row in rows),
    )


if __name__ == "__main__":
    main()
