"""A job logs to its file, fails in one line, and ends with the process that started it."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from keepfaith.artifacts.run_lock import AlreadyRunning, hold_run_lock

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"


def start(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": str(SCRIPTS)},
    )


def test_a_failure_is_one_line_and_a_traceback_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "job.log"
    process = start(
        "from keepfaith.artifacts.job import job\n"
        f"with job({str(log)!r}):\n    raise ValueError('no layer 9;\\nuse 0 to 8')"
    )
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert errors == f"keepfaith: ValueError: no layer 9; use 0 to 8 (log: {log})\n"
    assert "Traceback" in log.read_text()


@pytest.mark.parametrize("script", [True, False])
def test_garbage_is_collected_in_a_job_and_not_while_its_script_imports(
    tmp_path: Path, script: bool
) -> None:
    process = start(
        ("snakemake = None\n" if script else "")
        + "import gc\nfrom keepfaith.artifacts.job import job\nimporting = gc.isenabled()\n"
        f"with job({str(tmp_path / 'log')!r}):\n    print(importing, gc.isenabled(), gc.get_freeze_count() > 0)"
    )
    output, errors = process.communicate(timeout=60)
    assert not errors
    assert output.split() == [str(not script), "True", str(script)]


def test_a_full_disk_says_how_to_go_on(tmp_path: Path) -> None:
    process = start(
        "from keepfaith.artifacts.job import job\n"
        f"with job({str(tmp_path / 'log')!r}):\n    with open('/dev/full', 'w') as full:\n        full.write('x')"
    )
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert errors.startswith("keepfaith: OSError: [Errno 28] No space left on device; free some")
    assert errors.count("\n") == 1


@pytest.mark.slow
def test_a_job_ends_with_its_parent(tmp_path: Path) -> None:
    beat = tmp_path / "beat"
    child = (
        "import time\nfrom keepfaith.artifacts.job import job\n"
        f"with job({str(tmp_path / 'log')!r}):\n"
        f"    while True:\n        open({str(beat)!r}, 'w').write(str(time.time()))\n        time.sleep(0.1)"
    )
    parent = start(
        f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {child!r}])\nimport time; time.sleep(60)"
    )
    deadline = time.monotonic() + 120
    while not beat.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    time.sleep(2.5)
    last = beat.read_text()
    time.sleep(0.5)
    assert beat.read_text() == last


@pytest.mark.slow
def test_a_job_whose_workflow_was_killed_leaves_no_temporary_file(tmp_path: Path) -> None:
    results = tmp_path / "results"
    child = (
        "import time\nfrom pathlib import Path\nfrom keepfaith.artifacts.atomic import replacing\n"
        "from keepfaith.artifacts.job import job\n"
        f"with job({str(tmp_path / 'log')!r}), replacing(Path({str(results / 'table')!r})) as temporary:\n"
        "    temporary.write_text('half of it')\n    time.sleep(60)"
    )
    parent = start(
        f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {child!r}])\nimport time; time.sleep(60)"
    )
    deadline = time.monotonic() + 120
    while not list(results.glob(".writing-*/table")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    while list(results.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_lock_is_exclusive_and_dies_with_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "results" / ".lock"
    holder = start(
        "from pathlib import Path\nfrom keepfaith.artifacts.run_lock import hold_run_lock\n"
        f"handle = hold_run_lock(Path({str(path)!r}))\nprint('held', flush=True)\nimport time; time.sleep(60)"
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(AlreadyRunning, match="--directory"):
        hold_run_lock(path)
    holder.kill()
    holder.wait()
    hold_run_lock(path).close()
