"""Levels of a study: all up to a maximum, those of a list, or shares of the layers."""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from keepfaith.config.errors import shown
from keepfaith.config.strict import (
    Count,
    Number,
    Strict,
    as_number,
    ascending,
    distinct,
    words_or_number,
)

ShareOfLayers = Annotated[Number, Field(gt=0, le=1)]


class Levels(Strict):
    """Numbers of dropped layers."""

    maximum: Annotated[Literal["half", "all"] | Count, words_or_number("half", "all")] | None = (
        Field(
            default="half",
            description="The highest level K; all levels 0..K are run. `half`: half of the layers, rounded down (the "
            "study's); `all`: as many as the model has layers; or a number up to that. What a level drops, the "
            "attention of a layer unless the order says otherwise, counts as one.",
        )
    )
    shares: (
        Annotated[
            tuple[ShareOfLayers, ...],
            Field(min_length=1),
            AfterValidator(distinct),
            AfterValidator(ascending),
        ]
        | None
    ) = Field(
        default=None,
        description="Instead of `maximum`: levels as shares of the layers of each model, rounded down. `[0.25, 0.5]` "
        "is levels 0, 8 and 16 of 32 layers, and 0, 4 and 9 of 18.",
    )

    @model_validator(mode="before")
    @classmethod
    def _only_one(cls, typed: Any) -> Any:
        """Refuse both keys at once; with shares there is no maximum."""
        if not isinstance(typed, dict):
            return typed
        said = {key: value for key, value in typed.items() if value is not None}
        if "shares" not in said:
            return said
        if "maximum" in said:
            raise ValueError("maximum and shares both define the levels; leave one out")
        return {**said, "maximum": None}


def _form(value: object) -> str:
    return "list" if isinstance(value, list | tuple) else "block"


def _readable(value: object) -> object:
    """Raise one error, with the correct form, for a value that is neither a list of levels nor a block."""
    if isinstance(value, list | tuple):
        shares = [number for level in value if (number := as_number(level)) != 0]
        if shares and all(isinstance(share, float) and 0 < share < 1 for share in shares):
            raise ValueError(f"a level is a number of layers; type {{shares: {shares}}} for shares")
    elif not isinstance(value, dict | Levels):
        number = as_number(value)
        known = number in ("half", "all") or (type(number) is int and number >= 0)
        raise ValueError(
            f"expected a list of levels or a block, got {shown(value)}; type [0, 4, 8] for these levels, "
            f"{{maximum: {number if known else 4}}} for all up to one, {{shares: [0.25, 0.5]}} for shares of the layers"
        )
    return value


LevelChoice = Annotated[
    Annotated[Levels, Tag("block")]
    | Annotated[
        tuple[Count, ...],
        Field(min_length=1),
        AfterValidator(distinct),
        AfterValidator(ascending),
        Tag("list"),
    ],
    Discriminator(_form),
    BeforeValidator(_readable),
]
