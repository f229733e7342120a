"""Real processes, real locks, pretended devices."""

import math
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from keepfaith.devices.lease import LeaseError, leased_gpus
from keepfaith.devices.visible import Gpu, visible_gpus

STARTS = 200
HOLDER = Path(__file__).with_name("holder.py")
PACKAGE = Path(__file__).resolve().parents[3] / "scripts"


@pytest.fixture
def no_gpu(monkeypatch, tmp_path):
    """A machine whose nvidia-smi is missing."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)


@pytest.fixture
def two_gpus(monkeypatch, tmp_path):
    """A machine whose nvidia-smi lists two devices."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    command = tmp_path / "bin" / "nvidia-smi"
    command.parent.mkdir()
    command.write_text("#!/bin/sh\necho '0, GPU-aaaa'\necho '1, GPU-bbbb'\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:/usr/bin:/bin")


def test_without_a_gpu_nothing_is_held(no_gpu, tmp_path):
    with leased_gpus(1, tmp_path / "leases") as devices:
        assert devices == []
        assert "CUDA_VISIBLE_DEVICES" not in os.environ
    assert not (tmp_path / "leases").exists()


def test_a_job_without_gpus_asks_for_none(two_gpus, tmp_path):
    with leased_gpus(0, tmp_path / "leases") as devices:
        assert devices == []


def test_devices_are_distinct_and_given_back(two_gpus, tmp_path):
    with leased_gpus(1, tmp_path) as first:
        assert first == ["GPU-aaaa"] and os.environ["CUDA_VISIBLE_DEVICES"] == "GPU-aaaa"
    with leased_gpus(2, tmp_path) as both:
        assert both == ["GPU-aaaa", "GPU-bbbb"]
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


def test_what_the_user_shows_is_respected(two_gpus, monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    with leased_gpus(1, tmp_path) as devices:
        assert devices == ["1"]
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "1"
    with pytest.raises(LeaseError, match="requests 2 GPUs and sees 1"), leased_gpus(2, tmp_path):
        pass
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with leased_gpus(1, tmp_path) as devices:
        assert devices == []


def test_one_device_has_one_name_however_it_is_shown(two_gpus):
    assert visible_gpus({})[1] == Gpu("GPU-bbbb", "GPU-bbbb")
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": "1"}) == [Gpu("1", "GPU-bbbb")]
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": "GPU-bbbb"}) == [Gpu("GPU-bbbb", "GPU-bbbb")]
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": "0,-1,1"}) == [Gpu("0", "GPU-aaaa")]


def test_indices_of_two_allocations_are_not_confused(no_gpu):
    first, second = (
        visible_gpus({"CUDA_VISIBLE_DEVICES": "0", "SLURM_JOB_ID": job}) for job in "78"
    )
    assert first[0].token == second[0].token == "0"
    assert first[0].identity != second[0].identity


def test_no_two_jobs_share_a_device_over_random_starts_and_kills(tmp_path):
    """Up to six processes at once want one or two of three devices; a third is killed, half of them in the act."""
    chance = random.Random(0)
    leases, holders = tmp_path / "leases", tmp_path / "holders"
    holders.mkdir()
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "0,1,2", "PYTHONPATH": str(PACKAGE)}
    started, finished = 0, []
    running: list[subprocess.Popen[str]] = []
    waits: dict[int, float] = {}  # of doomed processes that are killed once they hold a device
    deaths: dict[int, float] = {}
    deadline = time.monotonic() + 240
    while started < STARTS or running:
        assert time.monotonic() < deadline, "a lease was never given back"
        if started < STARTS and len(running) < 6:
            doomed, while_holding = chance.random() < 1 / 3, chance.random() < 1 / 2
            # A doomed process would hold for an hour: only its death can end it, however slow the machine.
            seconds = 3600 if doomed else chance.uniform(0, 0.05)
            request = [chance.choice("112"), str(seconds)]
            process = subprocess.Popen(
                [sys.executable, str(HOLDER), str(leases), str(holders), *request],
                env=environment,
                stdout=subprocess.DEVNULL,
            )
            started += 1
            running.append(process)
            if doomed and while_holding:
                waits[process.pid] = chance.uniform(0, 0.1)
            elif doomed:
                deaths[process.pid] = time.monotonic() + chance.uniform(0, 0.6)
        holding = {file.read_text() for file in holders.iterdir()}
        for pid in [pid for pid in waits if str(pid) in holding]:
            deaths[pid] = time.monotonic() + waits.pop(pid)
        for process in list(running):
            if time.monotonic() > deaths.get(process.pid, math.inf):
                del deaths[process.pid]
                process.send_signal(signal.SIGKILL)
            if process.poll() is not None:
                finished.append(process.returncode)
                running.remove(process)
        time.sleep(0.002)
    assert len(finished) == STARTS
    assert set(finished) == {0, -signal.SIGKILL}
    assert finished.count(-signal.SIGKILL) > STARTS / 5
