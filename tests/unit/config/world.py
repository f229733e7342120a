"""A small study with a local task, a local model and local text in a temporary folder, ready to be spoilt."""

import json
import shutil
from pathlib import Path
from typing import Any

import yaml

from keepfaith.config.load import load_study
from keepfaith.config.preflight import check
from keepfaith.config.settings import Settings

ROOT = Path(__file__).parents[3]


class World:
    """The files and the raw study of a test; every method spoils or reads one of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.catalog = folder / "catalog"
        shutil.copytree(ROOT / "config" / "catalog", self.catalog)
        self.raw: dict[str, Any] = {
            "name": "tiny",
            "models": ["tiny"],
            "orders": ["tiny"],
            "text": "tiny",
            "tasks": ["tiny"],
            "methods": ["lime"],
            "levels": {"maximum": 2},
            "examples": {"evaluation": "all", "explanation": 2, "tuning": 1},
            "report": {"explained_examples": 1},
            "folders": {"data": str(folder / "data"), "models": str(folder / "models")},
        }
        self.task: dict[str, Any] = {
            "version": 1,
            "description": "Tiny.",
            "prompt": "{text}\nAnswer:",
            "fields": ["text"],
            "options": ["no", "yes"],
            "sources": {
                "local": {
                    "id": "id",
                    "splits": {
                        "evaluation": "test.jsonl",
                        "tuning": "dev.jsonl",
                        "training": "train.jsonl",
                    },
                }
            },
        }
        self.write_entry("tasks", "tiny", self.task)
        self.write_entry(
            "models", "tiny", {"description": "Tiny.", "source": {"kind": "local", "path": "tiny"}}
        )
        self.write_entry(
            "orders",
            "tiny",
            {"description": "Tiny.", "criterion": "cosine", "samples": 2},
        )
        self.write_entry(
            "texts",
            "tiny",
            {"description": "Tiny.", "source": {"kind": "local", "path": "text.txt"}},
        )
        for name in ("test", "dev", "train"):
            self.write_rows(f"{name}.jsonl", self.rows(name))
        (folder / "data" / "text.txt").write_text("One line.\n\nAnother line.\n", encoding="utf-8")
        self.write_model()

    def rows(self, file: str = "test") -> list[dict[str, Any]]:
        """Four rows, with texts that no other file has."""
        return [{"id": n, "text": f"Text {n} of {file}.", "label": n % 2} for n in range(4)]

    def write_rows(self, name: str, rows: list[Any]) -> None:
        self.write_data(name, "".join(json.dumps(row) + "\n" for row in rows).encode())

    def write_data(self, name: str, content: bytes) -> None:
        path = self.folder / "data" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)

    def write_entry(self, kind: str, name: str, content: object) -> None:
        text = content if isinstance(content, str) else yaml.safe_dump(content)
        (self.catalog / kind / f"{name}.yaml").write_text(text, encoding="utf-8")

    def write_model(self, layers: int = 4) -> Path:
        folder = self.folder / "models" / "tiny"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(
            json.dumps({"model_type": "llama", "num_hidden_layers": layers})
        )
        (folder / "tokenizer.json").write_text("{}")
        header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
        (folder / "model.safetensors").write_bytes(
            len(header).to_bytes(8, "little") + header + b"\0\0\0\0"
        )
        return folder

    @property
    def model(self) -> Path:
        return self.folder / "models" / "tiny"

    def set(self, dotted: str, value: object) -> None:
        """Set a key of the study, `levels.maximum` for one in a block."""
        *blocks, key = dotted.split(".")
        place = self.raw
        for block in blocks:
            place = place.setdefault(block, {})
        place[key] = value

    def change_task(self, **changes: object) -> None:
        self.write_entry("tasks", "tiny", self.task | changes)

    def change_source(self, **changes: object) -> None:
        source = self.task["sources"]["local"] | changes
        self.change_task(sources={"local": source})

    def change_row(self, **changes: object) -> None:
        """Spoil the third row of the evaluation file."""
        rows = self.rows()
        rows[2] |= changes
        self.write_rows("test.jsonl", rows)

    def read(self) -> Settings:
        settings = load_study(self.raw, [self.catalog])
        check(settings)
        return settings
