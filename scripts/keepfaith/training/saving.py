"""Writing a trained model as a Hugging Face folder: safetensors and JSON, no pickle."""

from pathlib import Path

from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from keepfaith.artifacts.atomic import replacing


def save_model(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write config, weights and tokenizer to `folder`, through a temporary folder next to it."""
    with replacing(folder) as temporary:
        model.save_pretrained(temporary)
        tokenizer.save_pretrained(temporary)
