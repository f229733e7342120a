"""A signal to the main process alone ends its jobs, whatever they do, and nothing else that it has started."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
SLEEP = "import time; time.sleep(60)"
JOB = f"""
import signal, subprocess, sys
from pathlib import Path
if sys.argv[1] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", {SLEEP!r}])
Path(sys.argv[1]).touch()
{SLEEP}
"""
MAIN = """
import subprocess, sys, signal
from concurrent.futures import ThreadPoolExecutor
from keepfaith.artifacts.interruption import end_jobs_on_signals
job, other = sys.argv[1:]
end_jobs_on_signals([signal.SIGINT, signal.SIGTERM])
subprocess.Popen([sys.executable, other], stderr=subprocess.DEVNULL)
pool = ThreadPoolExecutor()
for name in ("willing", "stubborn"):
    pool.submit(subprocess.run, [sys.executable, job, name])
try:
    signal.pause()
except KeyboardInterrupt:
    pool.shutdown()  # waits for the jobs, as Snakemake does
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_jobs_end_and_other_processes_stay(tmp_path: Path, number: signal.Signals) -> None:
    job = tmp_path / ".snakemake" / "scripts" / "job.py"
    job.parent.mkdir(parents=True)
    job.write_text(JOB)
    other = tmp_path / "scancel.py"
    other.write_text(SLEEP)
    main = subprocess.Popen(
        [sys.executable, "-c", MAIN, str(job), str(other)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        stderr=subprocess.PIPE,
        text=True,
        # As `snakemake &` in a script starts it: a shell then has SIGINT ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    deadline = time.monotonic() + 60
    while not all((tmp_path / name).exists() for name in ("willing", "stubborn")):
        assert time.monotonic() < deadline and main.poll() is None
        time.sleep(0.02)
    started = psutil.Process(main.pid).children(recursive=True)
    (bystander,) = [process for process in started if str(other) in process.cmdline()]
    jobs = [process for process in started if process != bystander]
    assert len(jobs) == 4
    try:
        os.kill(main.pid, number)
        _, alive = psutil.wait_procs(jobs, timeout=20)
        assert not alive
        _, errors = main.communicate(timeout=20)
        assert main.returncode == 0
        assert bystander.is_running()
        assert errors.count("\n") == 1 and "the same command resumes" in errors
    finally:
        for process in (bystander, *jobs):
            if process.is_running():
                process.kill()
