"""keepfaith as a library: load a model, drop attention layers, score the choices of a prompt and explain the answer.

pip install .                    # in the folder of keepfaith
python examples/library.py
"""

from keepfaith.attribution.problem import Problem
from keepfaith.config.shipped import BUILTIN_CHECKPOINT
from keepfaith.plugins.method import METHODS
from keepfaith.scoring.encoding import ScoringInput
from keepfaith.scoring.opening import Scoring, open_scorer
from keepfaith.scoring.removed_token import removed_token

# Or your folder with config.json, *.safetensors and tokenizer.json.
FOLDER = BUILTIN_CHECKPOINT
# Layers whose attention is dropped, in order: level 2 drops those of layers 7 and 6.
ORDER, LEVELS = [7, 6, 5], [0, 1, 2, 3]
PROMPT = (
    "The ending was definitely clumsy, and the traffic was lovely.\n"
    "Question: Is this review positive or negative?\nAnswer:"
)
OPTIONS = [" negative", " positive"]

scoring = Scoring("auto", "float32", "auto", "refuse", threads=1)
scorer, encoder = open_scorer(FOLDER, ORDER, scoring)
encoded = encoder.encode(PROMPT, OPTIONS)
asked = ScoringInput(encoded.prompt_ids, encoded.option_ids)
(log_likelihoods,) = scorer.log_likelihoods([asked], LEVELS)  # [levels, options], nats
predicted = log_likelihoods.argmax(axis=1)

method = METHODS.load("kernelshap")
settings = method.settings(samples_per_token=20)
problem = Problem(
    "example",
    encoded,
    tuple(predicted.tolist()),
    explains="margin",  # over the best other choice; or "log_probability"
    removed_token=removed_token(encoder.tokenizer),
)
(scores,) = method.scores([problem], LEVELS, scorer, settings, 0)  # [levels, features]

for level in LEVELS:
    tops = scores[level].argsort()[::-1][:3]
    words = [PROMPT[slice(*encoded.feature_spans[top])] for top in tops]
    print(f"level {level}:{OPTIONS[predicted[level]]}, because of {', '.join(words)}")
