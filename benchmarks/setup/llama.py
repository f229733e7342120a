"""Llama models with random weights and a word tokenizer: speed does not depend on the weights."""

from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from keepfaith.scoring.encoding import ScoringInput


@dataclass(frozen=True)
class Shape:
    """Shape of a Llama; `parameters` counts its matrices without embeddings and head."""

    layers: int
    hidden: int
    intermediate: int
    heads: int
    vocabulary: int = 1000
    positions: int = 1024

    @property
    def parameters(self) -> int:
        return self.layers * (4 * self.hidden**2 + 3 * self.hidden * self.intermediate)

    @property
    def attention_parameters(self) -> int:
        """Of one layer."""
        return 4 * self.hidden**2


TINY = Shape(layers=4, hidden=32, intermediate=64, heads=4, vocabulary=100)
"""To test a benchmark."""
SMALL = Shape(layers=16, hidden=320, intermediate=864, heads=5)
"""20 M parameters."""
LARGE = Shape(layers=16, hidden=768, intermediate=2176, heads=12)
"""118 M parameters."""
LLAMA_2_7B = Shape(
    layers=32, hidden=4096, intermediate=11008, heads=32, vocabulary=32000, positions=4096
)


def random_llama(
    shape: Shape, dtype: torch.dtype = torch.float32, device: str = "cpu", seed: int = 0
) -> LlamaForCausalLM:
    """Weights large enough that choices differ clearly and removing a layer has an effect."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        max_position_embeddings=shape.positions,
        initializer_range=shape.hidden**-0.5,
        pad_token_id=1,
        bos_token_id=2,
        eos_token_id=2,
    )
    default = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            model = LlamaForCausalLM(config)
    finally:
        torch.set_default_dtype(default)
    return model.eval()


def word_tokenizer(vocabulary: int) -> PreTrainedTokenizerFast:
    """One token per word w3, w4, ...; the ids below are special."""
    names = ["<unk>", "<pad>", "</s>"] + [f"w{i}" for i in range(3, vocabulary)]
    tokenizer = Tokenizer(
        models.WordLevel({name: i for i, name in enumerate(names)}, unk_token="<unk>")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", pad_token="<pad>", eos_token="</s>"
    )


def words(generator: np.random.Generator, count: int, vocabulary: int) -> str:
    """`count` random words, one token each."""
    return " ".join(f"w{i}" for i in generator.integers(3, vocabulary, count))


def random_inputs(
    shape: Shape, prompts: int, lengths: tuple[int, int], seed: int
) -> list[ScoringInput]:
    """Prompts of random tokens and lengths (from the first to the last of `lengths`), two one-token choices each."""
    generator = np.random.default_rng(seed)
    return [
        ScoringInput(tuple(generator.integers(3, shape.vocabulary, length).tolist()), ((5,), (7,)))
        for length in generator.integers(lengths[0], lengths[1] + 1, prompts).tolist()
    ]
