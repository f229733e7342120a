"""The GPUs of this machine that a job may use, each with an identity that all jobs agree on."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

VISIBLE_DEVICES = "CUDA_VISIBLE_DEVICES"
"""Set by the user or by SLURM; a job chooses among the devices that it lists, under the names that it uses."""

_QUERY = ("nvidia-smi", "--query-gpu=index,uuid", "--format=csv,noheader")
_PATIENCE = 60.0


@dataclass(frozen=True)
class Gpu:
    """One device.

    Attributes:
        token: its name in CUDA_VISIBLE_DEVICES.
        identity: the same for all processes that can reach the device, under any token.
    """

    token: str
    identity: str


def visible_gpus(environment: Mapping[str, str] = os.environ) -> list[Gpu]:
    """The GPUs that a job may use; empty on a machine without GPUs."""
    installed = _installed()
    shown = environment.get(VISIBLE_DEVICES)
    if shown is None:
        return [Gpu(uuid, uuid) for uuid in installed.values()]
    tokens = [token.strip() for token in shown.split(",") if token.strip()]
    # CUDA, too, reads the list up to the first device that does not exist.
    known = tokens[: tokens.index("-1")] if "-1" in tokens else tokens
    # An index counts the devices of one allocation: two allocations on a node may each have a device 0.
    scope = environment.get("SLURM_JOB_ID", "")
    return [
        Gpu(token, installed.get(token, f"{scope}.{token}" if token.isdigit() else token))
        for token in known
    ]


def _installed() -> dict[str, str]:
    """{index: UUID} in the order of nvidia-smi; empty without it."""
    try:
        found = subprocess.run(
            _QUERY, capture_output=True, text=True, timeout=_PATIENCE, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    pairs = [line.split(",") for line in found.splitlines() if "," in line]
    return {index.strip(): uuid.strip() for index, uuid in pairs}
