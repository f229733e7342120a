"""An order of the catalog: a criterion that ranks the components to drop, or checkpoints that other tools made."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from keepfaith.config.strict import Name, Positive, RepositoryName, Seed, Strict, Text

CHECKPOINT_KIND = "checkpoints"


class Order(Strict):
    """An order of the catalog that drops components; the study names the text that its criterion reads."""

    description: Text = Field(description="One sentence on how layers are ranked.")
    citation: Text | None = Field(default=None, description="Source of the criterion.")
    criterion: Name = Field(description="A criterion of keepfaith.orders.")
    drop: Literal["attention", "mlp", "joint", "block"] = Field(
        default="attention",
        description="Component that each level drops: an attention sub-layer, an MLP sub-layer, either (joint), or a "
        "whole block.",
    )
    reverse: bool = Field(
        default=False, description="Reverse the order of the criterion: a control."
    )
    samples: Positive | None = Field(
        default=None,
        description="Samples of calibration text that are read; null: as many as the text's definition says.",
    )
    sample_tokens: Positive | None = Field(
        default=None,
        description="Longest sample in tokens, the rest is cut; null: as the text's definition says.",
    )
    seed: Seed = Field(default=0, description="Seed of the choice of texts, and of a random order.")

    @model_validator(mode="before")
    @classmethod
    def _without_text(cls, content: object) -> object:
        """Refuse the key that earlier versions had, and kinds that there are not."""
        if isinstance(content, dict) and "kind" in content:
            raise ValueError(
                f"kind: {content['kind']!r} is unknown; type kind: {CHECKPOINT_KIND} for levels that are models of "
                "their own, and leave kind out of an order that a criterion ranks"
            )
        if isinstance(content, dict) and "calibration_text" in content:
            raise ValueError(
                "calibration_text is no longer a key of an order; delete it, put its keys into "
                "config/catalog/texts/NAME.yaml (under source, with kind: instead of source:) and type text: NAME in "
                "the study"
            )
        return content


class Checkpoint(Strict):
    """A level that is a model of its own: a local folder, which may be typed alone, or a repository of the hub."""

    path: Text | None = Field(
        default=None, description="Folder; a relative path starts at folders.models."
    )
    repository: RepositoryName | None = Field(
        default=None, description="Instead of `path`: name on the Hugging Face hub, owner/name."
    )
    revision: Text | None = Field(
        default=None,
        description="Commit (or tag) of the repository; a commit makes the run repeatable.",
    )
    label: Annotated[Text, Field(max_length=40)] | None = Field(
        default=None,
        description="Name of the level in figures and in the report; null: that of the folder or repository.",
    )

    @model_validator(mode="before")
    @classmethod
    def _folder_alone(cls, typed: Any) -> Any:
        if isinstance(typed, str) and typed.strip():
            return {"path": typed}
        if not isinstance(typed, dict | Checkpoint):
            raise ValueError(
                "expected a folder, {path: FOLDER, label: NAME} or {repository: OWNER/NAME, revision: COMMIT}"
            )
        return typed

    @model_validator(mode="after")
    def _one_source(self) -> "Checkpoint":
        if (self.path is None) == (self.repository is None):
            raise ValueError("type either path: FOLDER, or repository: OWNER/NAME")
        if (self.repository is None) != (self.revision is None):
            raise ValueError("repository and revision belong together; type both, or path alone")
        return self

    @property
    def name(self) -> str:
        """The label, else the last part of the path or repository."""
        source = (self.path or self.repository or "").rstrip("/")
        return self.label or source.rpartition("/")[2] or source


class CheckpointOrder(Strict):
    """An order of the catalog whose levels are models of their own, each compared with the dense one."""

    description: Text = Field(description="One sentence on how the checkpoints were made.")
    citation: Text | None = Field(default=None, description="Source of the method that made them.")
    kind: Literal["checkpoints"] = Field(description="`checkpoints`.")
    levels: dict[int, Checkpoint] = Field(
        description="By level, from 1: a folder, or a block. `0: dense` may stand before them; the dense model is the "
        "study's model. The numbers only name the levels, each of which is judged on its own.",
    )

    @field_validator("levels", mode="before")
    @classmethod
    def _from_one(cls, typed: Any) -> Any:
        """The levels without the dense one; one sentence for any other form."""
        if not isinstance(typed, dict):
            raise ValueError("expected a block such as {1: FOLDER, 2: FOLDER}")
        for level in typed:
            if type(level) is not int or level < 0:
                raise ValueError(
                    f"{level!r} is no level; type whole numbers from 1, such as {{1: FOLDER, 2: FOLDER}}"
                )
        if typed.get(0, "dense") != "dense":
            raise ValueError(
                "level 0 is the study's model; type 0: dense or leave it out, and name the model under models"
            )
        pruned = {level: source for level, source in typed.items() if level}
        if not pruned:
            raise ValueError("names no level beside the dense one; type {1: FOLDER}")
        return pruned

    @model_validator(mode="after")
    def _distinct_labels(self) -> "CheckpointOrder":
        names = [source.name for source in self.levels.values()]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(
                f"two levels are called {twice[0]!r}; give each a label: {{1: {{path: FOLDER, label: NAME}}}}"
            )
        return self
