"""A user's machine as the tests see it, and the rows of a small data set."""

import functools
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from forked import Forks
from hub_server import Hub
from workflow_copy import environment_without_hub, of_hub

TESTS = Path(__file__).resolve().parents[1]


@functools.cache
def jobs(variables: frozenset[tuple[str, str]]) -> Forks:
    """Processes of `hub_job.py`, whose libraries have read these variables when they were imported."""
    path = os.pathsep.join([str(TESTS.parent / "scripts"), str(TESTS)])
    environment = environment_without_hub() | dict(variables) | {"PYTHONPATH": path}
    return Forks(TESTS / "hub" / "hub_job.py", environment)


@dataclass(frozen=True)
class Client:
    """A user's machine: a cache, and programs that ask the hub."""

    hub: Hub
    home: Path

    def environment(self, **variables: str) -> dict[str, str]:
        return environment_without_hub() | {
            "HF_ENDPOINT": self.hub.endpoint,
            "HF_HOME": str(self.home),
            "PYTHONPATH": str(TESTS.parent / "scripts"),
            **variables,
        }

    def ask(self, what: str, *arguments: object, **variables: str) -> dict[str, Any]:
        """What `hub_job.py` printed, and under `log` everything else that it wrote."""
        environment = self.environment(**variables)
        server = jobs(frozenset(of_hub(environment).items()))
        ended = server.run([what, arguments], self.home.parent, environment)
        assert ended.status == 0, ended.errors[-3000:]
        *lines, last = ended.output.splitlines()
        return {**json.loads(last), "log": "\n".join([*lines, ended.errors])}

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
