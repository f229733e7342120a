"""Two results folders that `snakemake compare` sets side by side."""

from pydantic import Field, model_validator

from keepfaith.config.strict import Strict, Text


class Compare(Strict):
    """Two studies: the second is compared with the first."""

    first: Text = Field(
        description="Results folder of a study: the one that has `summary/` in it. Relative paths start at the working "
        "directory."
    )
    second: Text = Field(description="Results folder of the other study.")
    pairs: dict[Text, Text] = Field(
        default_factory=dict,
        description="Which model and order of the second study is compared with which of the first, "
        "`{first_model/order: second_model/order}`. By default: those of the same names, or the only ones of a task.",
    )

    @model_validator(mode="after")
    def _two(self) -> "Compare":
        if self.first.rstrip("/") == self.second.rstrip("/"):
            raise ValueError(f"first and second are both {self.first!r}; type two results folders")
        for side in (*self.pairs, *self.pairs.values()):
            if side.count("/") != 1:
                raise ValueError(f"pairs: {side!r} is no model and order; type MODEL/ORDER")
        return self
