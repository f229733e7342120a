"""BOS and EOS: what tokenizer_config.json asks for, compared with what tokenizer.json adds."""

import json
import logging
from pathlib import Path

from transformers import PreTrainedTokenizerFast

from keepfaith.config.model_files import TOKENIZER, TOKENIZER_CONFIG
from keepfaith.models.text_opening import OPENING_PROBES

logger = logging.getLogger(__name__)


def note_other_special_tokens(folder: Path | str, tokenizer: PreTrainedTokenizerFast) -> None:
    """Log where the two files disagree, and what is scored: tokenizer.json alone decides how a text is encoded.

    Older loaders follow `add_bos_token` and `add_eos_token`, newer ones tokenizer.json, so their scores may differ.
    """
    file = Path(folder) / TOKENIZER_CONFIG
    if not file.is_file():
        return
    asked = json.loads(file.read_text(encoding="utf-8"))
    for role, index in (("bos", 0), ("eos", -1)):
        token = getattr(tokenizer, f"{role}_token_id")
        wanted = asked.get(f"add_{role}_token")
        if token is None or not isinstance(wanted, bool):
            continue
        found = all(
            tokenizer(probe)["input_ids"][index:][:1] == [token] for probe in OPENING_PROBES
        )
        if found != wanted:
            logger.warning(
                "%s: add_%s_token is %s, but %s adds %s; texts are scored %s it, as %s says; older loaders %s",
                file,
                role,
                json.dumps(wanted),
                TOKENIZER,
                tokenizer.convert_ids_to_tokens(token) if found else f"no {role.upper()}",
                "with" if found else "without",
                TOKENIZER,
                "left it out" if found else "added it",
            )
