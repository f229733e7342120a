"""How long Snakemake takes to plan the whole published study before its first job, and how much memory.

The study is config/studies/paper.yaml: five models, eight tasks, half of the layers, four methods, three seeds. The dry
run happens in an empty folder, in its own process, with the command that a user types.

    python benchmarks/dry_run.py

Prints a table and writes results/benchmarks/dry_run.json.
"""

import os
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from setup.command import command, folder_of
from setup.record import record
from setup.timing import timed

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    options = command(__doc__).parse_args()
    study = ROOT / "config" / "studies" / ("demo.yaml" if options.small else "paper.yaml")
    with tempfile.TemporaryDirectory() as folder:
        words = ["--snakefile", str(ROOT / "Snakefile"), "--directory", folder, "--cores", "2"]
        words += ["--configfile", str(study), "--dry-run"]
        process = [sys.executable, "-m", "snakemake", *words]
        seconds, done = timed(
            lambda: subprocess.run(process, capture_output=True, text=True, check=True, cwd=folder)
        )
    (jobs, *_) = re.findall(r"^total +(\d+)", done.stdout + done.stderr, flags=re.MULTILINE)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    row = {
        "study": study.stem,
        "jobs": int(jobs),
        "seconds": round(seconds, 1),
        "peak_memory_mib": round(peak, 1),
        "cores": os.cpu_count(),
    }
    record("dry_run", folder_of(options), [row])


if __name__ == "__main__":
    main()
