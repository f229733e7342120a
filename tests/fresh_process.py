"""Logits of an exported checkpoint, computed by a process that knows nothing but its folder.

It is forked from one that has imported transformers, and nothing of keepfaith.
"""

import json
import subprocess
from pathlib import Path

import torch
from workflow_copy import REPOSITORY, environment, forking_python

PLAIN = """
import json, sys, torch
from transformers import AutoModelForCausalLM
model = AutoModelForCausalLM.from_pretrained(sys.argv[1]).eval()
"""
THROUGH_KEEPFAITH = """
import json, sys, torch
from keepfaith.models.loading import load_model
model = load_model(sys.argv[1], device="cpu")
"""
LOGITS = """
with torch.inference_mode():
    print(json.dumps(model(torch.tensor(json.loads(sys.argv[2]))).logits.tolist()))
"""
LOADING = {"slim": THROUGH_KEEPFAITH, "zero_filled": PLAIN}
"""By format; the plain one cannot import keepfaith."""


def logits_in_a_fresh_process(folder: Path, format: str, prompts: torch.Tensor) -> torch.Tensor:
    """Load `folder` as its format is meant to be loaded and read `prompts`."""
    through = LOADING[format] is THROUGH_KEEPFAITH
    path = {"PYTHONPATH": str(REPOSITORY / "scripts")} if through else {}
    python = forking_python(environment())
    done = subprocess.run(
        [python, "-c", LOADING[format] + LOGITS, folder, json.dumps(prompts.tolist())],
        capture_output=True, text=True, check=True, cwd="/", env={**environment(), **path},
    )  # fmt: skip
    return torch.tensor(json.loads(done.stdout.splitlines()[-1]))
