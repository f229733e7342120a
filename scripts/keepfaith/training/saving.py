"""Writing a trained model as a Hugging Face folder: safetensors and JSON, nothing pickled."""

from pathlib import Path

from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from keepfaith.artifacts.atomic import replacing


def save_model(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write config, weights and tokenizer to `folder`, by way of a temporary folder beside it."""
    with replacing(folder) as temporary:
        model.save_pretrained(temporary)
        tokenizer.save_pretrained(temporary)
