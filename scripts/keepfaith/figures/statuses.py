"""How figures show a status of the verdict."""

STATUS_MARKS = {
    "kept": ("#d6ebf5", "#00517f", "o", "kept"),
    "undecided": ("#f3f3f3", "#6b6b6b", "$?$", "undecided"),
    "harmed": ("#f9efc7", "#7a5c00", "v", "harmed"),
    "degraded": ("#f9dcc9", "#a34700", "X", "degraded"),
}
"""Background, symbol colour, marker and words of each status; told apart by shape as well as by colour."""
