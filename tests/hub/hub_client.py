"""A user's machine as the tests see it, and the rows of a small data set."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from hub_server import Hub

TESTS = Path(__file__).resolve().parents[1]


class Jobs:
    """Starts the processes of `hub_job.py`; used as a context."""

    def __enter__(self) -> "Jobs":
        environment = {**os.environ, "PYTHONPATH": str(TESTS.parent / "scripts")}
        self._server = subprocess.Popen(
            [sys.executable, str(TESTS / "hub" / "hub_job.py")],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate()

    def run(
        self, what: str, arguments: Sequence[object], environment: dict[str, str], folder: Path
    ) -> tuple[int, str, str]:
        """Exit status, output and errors of one job; `folder` takes the two files."""
        assert self._server.stdin and self._server.stdout
        files = {name: folder / f"{name}.txt" for name in ("output", "errors")}
        for file in files.values():
            file.unlink(missing_ok=True)
        asked = {"what": what, "arguments": arguments, "environment": environment}
        asked |= {name: str(file) for name, file in files.items()}
        self._server.stdin.write(json.dumps(asked) + "\n")
        self._server.stdin.flush()
        status = int(self._server.stdout.readline())
        output, errors = (file.read_text(encoding="utf-8") for file in files.values())
        return status, output, errors


@dataclass(frozen=True)
class Client:
    """A user's machine: a cache, and programs that ask the hub."""

    hub: Hub
    home: Path
    jobs: Jobs

    def environment(self, **variables: str) -> dict[str, str]:
        kept = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("HF_", "HUGGING", "SNAKEMAKE", "SLURM"))
        }
        return kept | {
            "HF_ENDPOINT": self.hub.endpoint,
            "HF_HOME": str(self.home),
            "PYTHONPATH": str(TESTS.parent / "scripts"),
            **variables,
        }

    def ask(self, what: str, *arguments: object, **variables: str) -> dict[str, Any]:
        """What `hub_job.py` printed, and under `log` everything else that it wrote."""
        environment = self.environment(**variables)
        status, output, errors = self.jobs.run(what, arguments, environment, self.home.parent)
        assert status == 0, errors[-3000:]
        *lines, last = output.splitlines()
        return {**json.loads(last), "log": "\n".join([*lines, errors])}

    def blobs(self, kind: str = "models") -> list[Path]:
        """Files of the cache that hold content, finished or not."""
        return [path for path in self.home.glob(f"hub/{kind}--*/blobs/*") if path.is_file()]


def reviews(word: str, count: int) -> list[dict[str, object]]:
    return [
        {"text": f"The {word} number {n} was {'good' if n % 2 else 'bad'}.", "label": n % 2}
        for n in range(count)
    ]


def parquet(rows: list[dict[str, object]]) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(rows).write_parquet(buffer)
    return buffer.getvalue()


def jsonl(rows: list[dict[str, object]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


CARD = b"""---
configs:
- config_name: films
  data_files:
  - {split: train, path: films/train-*.parquet}
  - {split: test, path: films/test.parquet}
- config_name: books
  data_files:
  - {split: test, path: books/test.parquet}
---
Reviews.
"""
