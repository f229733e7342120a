"""How to read each number of the report."""

GLOSSARY: tuple[tuple[str, str], ...] = (
    (
        "Interval",
        "Confidence interval over examples, with the coverage in the settings (statistics "
        "confidence): score intervals of proportions, BCa bootstrap intervals of other means. A change against the "
        "dense model is judged by its own paired interval, which is narrower than two separate intervals suggest. "
        "With several seeds, intervals of a sampled method also contain what its seeds shift alike in all examples; "
        "from one seed that is unknown, and from two or three it is a rough estimate.",
    ),
    (
        "Level",
        "Number of layers dropped: the attention of each, or the component of the order (MLP, either, whole block). "
        "Level 0 is the dense model. The order sets which layer is dropped at which level; every level contains the "
        "ones before it. A study may leave levels out: the report has no values for them, and the next level drops "
        "several layers at once. Of checkpoints (an order of kind checkpoints), a level is a model of its own, made by "
        "another tool; its number only names it, no level contains another, and each is judged on its own.",
    ),
    (
        "Kept, degraded, harmed, undecided",
        "Kept (non-inferior): the interval of the harm ends within the margin, so the loss is shown to be small. "
        "Degraded (inferior): the harm is shown to exceed the margin, by its interval after Holm's correction over "
        "the levels. Harmed (worse than dense): it is shown to exceed zero (a one-sided test, corrected likewise), "
        "and may lie on either side of the margin. Undecided (inconclusive): none of these; more examples would "
        "decide it, unless there is too little to lose. Nothing is kept if the margin covers the dense model's whole "
        "advantage over chance (guessing; for explanations chance itself, or the controls), or with too few "
        "independent texts to see a rare large harm: of "
        "a harm of size L in a share margin / L of all texts, a sample must show a case with the confidence of the "
        "interval. A quantity without a value or with fewer than 6 independent texts is undecided. docs/validity.md "
        "says how often each word is wrong in simulations of a known harm: where few texts carry the harm, or texts "
        "are shared, a Brier score at the margin was called kept in .04 of samples, where .025 is nominal.",
    ),
    (
        "In the mean over tasks",
        "The answer of a study with several tasks: the plain mean of a quantity's harms in its tasks, as independent "
        "samples, with the same four statuses. Tasks without the quantity, or whose dense model has too little above "
        "chance to lose, are left out and named. Its interval is narrower than those of single tasks, except for ECE, "
        "whose bias does not average out. Kept needs enough independent texts in all tasks together. As a mean can "
        "hide a broken task, there is also: the level up to which all is kept in every single task; tasks that are "
        "degraded (after Holm's correction over tasks); the worst task; whether tasks differ by more than chance "
        "(Cochran's Q); and the answer without each task (leave one task out).",
    ),
    (
        "Confidence that the harm exceeds the margin",
        "The percentage after a mark, column beyond_margin of the verdict: one minus the one-sided p-value of a harm "
        "of at most the margin, read off the ends of the harm's interval at all confidences (its confidence "
        "distribution). 97.5 % or more is what a 95 % interval beyond the margin says, before the correction over the "
        "levels; at 2.5 % or less the interval ends within the margin. It is no posterior probability, as no prior "
        "enters. Below .01 % and above 99.99 % it is extrapolated. It knows only the sample: whether a rare large harm "
        "could go unseen is up to the number of independent texts.",
    ),
    (
        "Misalignment",
        "A level is misaligned in a quantity if the accuracy is shown to be kept there (non-inferior) and the quantity "
        "to be degraded (inferior). Both one-sided tests must pass, so the p-value is the larger of the two; it is "
        "corrected by Holm over all levels, quantities and methods of a model, order and task. Beside it the other "
        "way round: the accuracy degraded, the quantity kept. Where the floors of the verdict never call "
        "one of the two kept, nothing is shown. A correlation over levels would be no test: they are not independent.",
    ),
    (
        "Movement from level to level",
        "Over the levels from the dense one at which the accuracy is kept without a gap: the root of the mean squared "
        "step of a mean between neighbouring levels, in margins, after the part that noise alone adds is subtracted "
        "(then it is 0 on average where nothing moves). A mean of a few examples wiggles visibly without moving. The "
        "p-value is that of no movement, by flipping the signs of all steps of an example (or of examples that share "
        "a text) at once. Beside it the accuracy of the same examples. With two or three seeds of a sampled method, "
        "and masks that shift all examples alike, small p-values are too frequent.",
    ),
    (
        "Power, spread, smallest margin decidable",
        "Spread: the standard deviation of one text's change against the dense model, from the width of the interval "
        "of the mean change, so that shared texts and seeds count. Smallest margin decidable: within it, a level "
        "without any harm is called kept in 80 % of samples of this size. At 95 % confidence it is 2.80 spreads over "
        "the root of the number of texts, or what a rare large harm requires, if that is larger. A smaller margin "
        "needs more texts. Degradation would be found from: a harm of this size is shown to exceed the margin in "
        "80 % of samples; a smaller one may go unseen. `snakemake plan` says the same before a run, from expected "
        "spreads.",
    ),
    (
        "Examples and independent texts",
        "Intervals and tests resample independent texts, not examples: examples that share a passage, or the whole "
        "prompt, are drawn together. The task or the import names the field with the passage; otherwise it is a field "
        "whose text several examples share. Columns examples and clusters of the tables give both numbers. "
        "The interval and the test of ECE, and null bands, simulate which answers are right, with as much dependence "
        "within a text as the labels admit.",
    ),
    (
        "Accuracy",
        "Share of examples whose most probable choice is the label. The probability of a choice is the "
        "softmax of the choices' summed log-likelihoods, or of these per token, byte or character of the choice if the "
        "study says so (calibration probabilities); a caution says it of every verdict.",
    ),
    (
        "Matthews correlation, macro F1",
        "For unbalanced classes, where the accuracy of always naming the largest one is high. Matthews correlation: "
        "1 where all predictions are right, 0 for any constant prediction and on average for chance. Macro F1: the "
        "plain mean over classes of the harmonic mean of precision and recall, of the classes that occur. Both are in "
        "the table of all metrics, for tasks whose rows all have the same choices.",
    ),
    (
        "Mean confidence",
        "Mean probability of the predicted choice. It equals the accuracy of a calibrated model.",
    ),
    (
        "ECE",
        "Expected calibration error: the mean gap between confidence and accuracy over equal-width bins of "
        "confidence, weighted by their examples. A perfectly calibrated model does not score 0: read the "
        "value against the null band beside it. ECE can improve while a model collapses, so read it beside "
        "accuracy and the Brier score.",
    ),
    (
        "Brier score, NLL",
        "Squared distance of the choice probabilities from the label, summed over the choices (0 to 2; .5 for even "
        "odds of two choices) and averaged over examples, and mean negative log probability "
        "of the label in nats. Lower is better for both, and both penalise lost accuracy as well as bad "
        "calibration.",
    ),
    (
        "Miscalibration, discrimination, uncertainty (top brier, top nll)",
        "Parts of the Brier score and of the NLL of the confidence, by isotonic regression of right and wrong on the "
        "confidence (CORP): what recalibration would gain, what the recalibrated confidence gains over the accuracy as "
        "everyone's confidence, and the score of that accuracy. Score = miscalibration - discrimination + uncertainty. "
        "The regression follows noise, so read the first two against their null bands. With more than two choices "
        "this is not the Brier score of all choices.",
    ),
    (
        "smECE",
        "ECE without bins: the gaps are smoothed along the confidence by a Gaussian kernel whose width equals the "
        "result. A calibrated model does not score 0: read it against its null band.",
    ),
    (
        "E-AURC, AUGRC",
        "E-AURC: mean error rate among the most confident examples, minus that of the best ranking of the same "
        "answers. AUGRC: chance that an answer is wrong and accepted, averaged over all shares of accepted answers.",
    ),
    (
        "Flips, silent change, KL",
        "Flips: share of examples with another prediction than the dense model's. Silent change: mean absolute change "
        "of the confidence in the others. KL dense level: mean divergence of the level's choice probabilities from "
        "the dense model's in nats, weighted by the dense model's probabilities; KL level dense: by the level's. A few "
        "examples can rule either mean; then its interval tends to end too low (docs/validity.md). p95 is the "
        "divergence that 95 % of the examples do not exceed. Floor: the dense level against itself is 0. Between "
        "levels rounding adds what it does between two runs of one model: in float32 about 1e-12 nats (other batches); "
        "bfloat16 against float32 .0003 nats (p95 .0012) and 3 "
        "flips of 64, measured on 64 prompts of sst2 with the dense SmolLM2-135M-Instruct.",
    ),
    (
        "Conformal set size, conformal coverage",
        "For tasks with three choices or more and with tuning examples: a set of choices that holds the right one in "
        "nine of ten texts, whatever the model (split conformal, LAC). The threshold is the level's own, from tuning "
        "examples: a worse model needs larger sets for the same coverage. The coverage is that on the evaluation "
        "examples, beside the range that such sets have if these are like the tuning examples (reference); outside it, "
        "the tuning split is another one, and so is the meaning of the sizes. Sets may be empty.",
    ),
    (
        "By token, by byte, by character, by sum",
        "Each log-likelihood is divided by the length of its choice before choices are compared. The accuracies by "
        "byte and by character are acc_bytes and acc_norm of lm-evaluation-harness, that of the sums is acc. The "
        "verdict uses the sums unless the study says otherwise (calibration probabilities); then rows by sum are shown "
        "too. Explanations are about the sums in every study.",
    ),
    (
        "Temperature",
        "The number that divides all log-likelihoods of a level so that the NLL of the tuning examples, which are "
        "never evaluated, is lowest: above 1 the level is too sure, below 1 not sure enough. At its upper bound "
        "(1000; of log-likelihoods per token, byte or character 1000 divided by the mean length of a choice) even "
        "odds are best: the confidence carries no information. Its interval is over tuning examples. It changes "
        "neither predictions nor, with two choices, the order of the confidences.",
    ),
    (
        "ECE, NLL, Brier score, tempered and tempered as dense",
        "The same on the evaluation examples, after each level's own temperature, or after the dense model's: what a "
        "model has that was calibrated before it was pruned. Intervals take the temperatures as they are; null bands "
        "contain the noise of their fit, as a temperature of few tuning examples calibrates nothing exactly.",
    ),
    (
        "NLL repairable, NLL lost",
        "The rise of NLL over the dense model in two parts. Lost: the rise that is left where the level and the dense "
        "model each have their own temperature. Repairable: the rest of the rise, which a temperature takes away.",
    ),
    (
        "Faithfulness",
        "A text is cut into at most as many segments as the study says, and every subset of them is scored. The value "
        "of a subset is the margin: the log-likelihood of the predicted choice minus that of the best other. An "
        "explanation ranks the segments; what is lost while they are removed in that order is compared with all "
        "orders: 1 is the best there is, 0 the mean of all (chance), negative is worse. Both limits are exact. "
        "Dividing all logits by a temperature changes none of these numbers, so a model that is merely less sure does "
        "not lose faithfulness. A token method's score of a segment is the sum over its tokens.",
    ),
    (
        "Nothing to explain, additive share",
        "Where no order of segments does better than chance, there is nothing that a ranking could explain; such "
        "examples are counted and left out. The additive share is the part of the value's variance over all subsets "
        "that a sum of one number per segment can carry; 1 means that segments do not interact.",
    ),
    (
        "Explanation effect, judge effect",
        "The change of faithfulness against the dense model, split by judging each of the two explanations with each "
        "of the two models: what is due to the explanation, and what is due to the model that judges it. Only examples "
        "with the dense model's prediction; the others are apart.",
    ),
    (
        "Drift",
        "Rank correlation (Spearman) of a level's explanation with the dense model's, on examples with the same "
        "prediction. Exact explanations have no seed: any drift is the model's. A sampled method draws the same masks "
        "at all levels, so that part of the likeness is the masks' and it can lie above the agreement of two of its "
        "seeds.",
    ),
    (
        "Agreement of two seeds, samples for .9",
        "Rank correlation of two runs of a sampled method that differ in the seed alone. By the formula of Spearman "
        "and Brown, a method whose seeds correlate by r needs .9 (1 - r) / (.1 r) times as many samples for two runs "
        "to correlate by .9.",
    ),
    (
        "Raw comprehensiveness, raw sufficiency",
        "Probability of the predicted choice lost, on average, while the top segments are removed, or while they "
        "alone are kept. They follow chance, the mean over all orders of the segments, which stands beside them: it "
        "differs by level, and can be less where the distribution is flat. Faithfulness compares with chance, text by "
        "text, on the margin.",
    ),
    (
        "Comprehensiveness",
        "The published study's protocol: probability of the predicted choice lost when the top-ranked tokens are "
        "removed. Higher means that the explanation selects tokens the prediction needs. A flatter distribution has "
        "less probability to lose, so values of different levels also reflect confidence; controls and reversed "
        "rankings show how much.",
    ),
    (
        "Sufficiency",
        "The published study's protocol: probability lost when only the top-ranked tokens are kept. Lower is better; "
        "below zero means that the kept tokens alone make the model more certain.",
    ),
    (
        "The study's aggregate, ERASER's mean",
        "Over the fractions of tokens: the sum divided by one plus the number of non-empty fractions, as the "
        "study does; or their plain mean. With five fractions the first is 5/6 of the second.",
    ),
    (
        "Seed band",
        "LIME and KernelSHAP draw random masks. The band is one standard deviation over attribution seeds: "
        "the effect of the draw alone.",
    ),
    (
        "Overlap, floor, chance",
        "Share of the top tokens that two explanations have in common, scores summed over seeds. Floor: two single "
        "seeds of the same method on the same model. Chance: random rankings. Overlap below the floor, which is "
        "averaged over both, is less than seeds have: by drift, by another prediction, or where one of the two is "
        "noisier alone. Overlap above it does not exclude drift, because sums over seeds are less noisy and all "
        "levels share the method's random masks. At chance the overlap is that of random rankings.",
    ),
    (
        "R-precision",
        "Where a task marks the characters that decide the answer (the rationale): the share of the m rationale "
        "tokens among the m highest-scored tokens. Chance is m over the number of tokens.",
    ),
    (
        "KV cache, prefill, decoding, weights",
        "Cost of a level, batch 1, relative to the dense model. Each level is loaded without the weights that it "
        "drops and timed in its own process. The cache is that of a real call of generate: a dropped attention "
        "still counts its tokens, with two numbers per token instead of its keys and values.",
    ),
    (
        "Order stability",
        "Share of a level's dropped layers that two draws of calibration text have in common. Where it is low, another "
        "draw would have dropped other layers.",
    ),
)
