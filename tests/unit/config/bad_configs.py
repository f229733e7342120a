"""All ways to spoil a small world of a study, each with words that the one line of its refusal must hold."""

import bad_data
import bad_definitions
import bad_model_folders
import bad_studies

BAD = {**bad_studies.BAD, **bad_definitions.BAD, **bad_model_folders.BAD, **bad_data.BAD}
