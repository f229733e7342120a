"""Ways to spoil the study itself, each with words that the one line of its refusal must hold."""

from spoils import Cases, entry, setting, shared_tuning, task, upper_case

BAD: Cases = {
    # The study.
    "unknown key": (setting("taks", ["tiny"]), ["unknown key 'taks'", "did you mean 'tasks'?"]),
    "import without the dense run": (
        setting("imports", {"mine": {4: "runs/drop4"}}),
        ["imports.mine: level 0", "is missing", "0: FOLDER"],
    ),
    "import of one run twice": (
        setting("imports", {"mine": {0: "runs/a", 4: "runs/a"}}),
        ["imports.mine: levels 0 and 4", "'runs/a'"],
    ),
    "import of a padded level": (
        setting("imports", {"mine": {0: "runs/a", "008": "runs/b", 8: "runs/c"}}),
        ["imports.mine: the level '008' is not a plain number; type 8"],
    ),
    "import with a key that is neither": (
        setting("imports", {"mine": {0: "runs/a", "passge": "none"}}),
        ["imports.mine: unknown key 'passge'", "did you mean 'passage'?"],
    ),
    "import of a run that is no text": (
        setting("imports", {"mine": {0: "runs/a", "4": 5}}),
        ["imports.mine.4: expected text, got 5", "'5'"],
    ),
    "import judged by tokens": (
        lambda w: w.raw.update(
            imports={"mine": {0: "runs/a", 4: "runs/b"}}, calibration={"probabilities": "token"}
        ),
        ["calibration.probabilities: logs", "do not say how many tokens", "type byte, character"],
    ),
    "probabilities of an unknown unit": (
        setting("calibration.probabilities", "bytes"),
        ["calibration.probabilities: 'bytes' is not known", "did you mean 'byte'?"],
    ),
    "import of a level that is none": (
        setting("imports", {"mine": {0: "runs/a", -1: "runs/b"}}),
        ["imports.mine.-1: must be at least 0"],
    ),
    "import of a level that is no whole number": (
        setting("imports", {"mine": {0: "runs/a", 1.5: "runs/b"}}),
        ["imports.mine.1.5: expected a whole number, got 1.5"],
    ),
    "import whose passage is empty": (
        setting("imports", {"mine": {0: "runs/a", "passage": ""}}),
        ["imports.mine.passage: must not be empty"],
    ),
    "import whose passage is a list": (
        setting("imports", {"mine": {0: "runs/a", "passage": ["a"]}}),
        ["imports.mine.passage: expected text"],
    ),
    "import that is no block": (
        setting("imports", {"mine": "runs/a"}),
        ["imports.mine: expected keys with values"],
    ),
    "import with a name that is none": (
        setting("imports", {"../mine": {0: "runs/a"}}),
        ["'../mine' is no name", "type lower-case"],
    ),
    "model named as a folder of results": (
        setting("models", ["imported"]),
        ["'imported' is a folder of the results"],
    ),
    "unknown key in a block": (setting("levels.maximun", 2), ["levels: unknown key", "'maximum'"]),
    "missing key": (lambda w: w.raw.pop("models"), ["models: missing", "add it"]),
    "misspelt model": (
        setting("models", ["builtn"]),
        ["models: unknown model 'builtn'", "'builtin'"],
    ),
    "no text where an order reads one": (
        lambda w: w.raw.pop("text"),
        ["config: text: missing", "order 'tiny'", "builtin, c4, tiny, wikitext2_local"],
    ),
    "misspelt text": (setting("text", "tini"), ["config: text: unknown text 'tini'", "'tiny'"]),
    "several texts": (setting("text", ["tiny"]), ["config: text: expected text, got ['tiny']"]),
    "text that no order reads, misspelt": (
        lambda w: w.raw.update(orders=["last_k"], text="tini"),
        ["config: text: unknown text 'tini'", "'tiny'"],
    ),
    "misspelt order": (setting("orders", ["cosin"]), ["unknown order 'cosin'", "'cosine'"]),
    "misspelt task": (setting("tasks", ["sst3"]), ["unknown task 'sst3'", "did you mean 'sst2'?"]),
    "misspelt method": (setting("methods", ["kernalshap"]), ["unknown method", "'kernelshap'"]),
    "misspelt source": (setting("task_source", "locl"), ["'locl' is not known", "'local'"]),
    "a source that the task lacks": (
        setting("task_source", "hub"),
        ["'tiny' has no hub source", "local"],
    ),
    "empty selection": (setting("tasks", []), ["tasks: must not be empty", "at least one"]),
    "selection that is no list": (setting("tasks", "tiny"), ["expected a list", "type [tiny]"]),
    "selected twice": (setting("tasks", ["tiny", "tiny"]), ["'tiny' is listed twice", "leave one"]),
    "name that leaves results/": (
        setting("tasks", ["../../etc"]),
        ["is no name", "type lower-case"],
    ),
    "name with a separator": (
        setting("name", "a/b"),
        ["name: 'a/b' is no name", "type lower-case"],
    ),
    "names that differ by case": (upper_case, ["'TINY' is no name", "type lower-case"]),
    "model named as a folder": (setting("models", ["summary"]), ["'summary'", "rename"]),
    "level above the layer count": (
        setting("levels.maximum", 5),
        ["5 is above the 4", "type at most 4"],
    ),
    "negative level": (setting("levels.maximum", -1), ["levels.maximum: expected half", "got -1"]),
    "level in words": (
        setting("levels.maximum", "most"),
        ["expected half, all or a whole number", "'most'"],
    ),
    "levels that are neither list nor block": (
        setting("levels", "half"),
        [
            "levels: expected a list of levels or a block, got 'half'",
            "type [0, 4, 8]",
            "{maximum: half}",
        ],
    ),
    "one level without brackets": (setting("levels", 3), ["got 3", "{maximum: 3} for all up to"]),
    "levels of nothing": (setting("levels", None), ["levels: expected a list", "got None"]),
    "listed level above the layer count": (
        setting("levels", [0, 2, 5]),
        ["levels: 5 is above the 4", "model 'tiny'", "type levels up to 4"],
    ),
    "listed levels that fall": (
        setting("levels", [0, 4, 2]),
        ["levels: must ascend; type [0, 2, 4]"],
    ),
    "listed level twice": (setting("levels", [0, 2, 2]), ["levels: 2 is listed twice"]),
    "no listed level": (setting("levels", []), ["levels: must not be empty", "[0, 4, 8]"]),
    "negative listed level": (setting("levels", [-1, 2]), ["levels.0: must be at least 0, got -1"]),
    "listed level that is no whole number": (
        setting("levels", [0, 1.5]),
        ["levels.1: expected a whole number, got 1.5"],
    ),
    "listed level in words": (setting("levels", ["half"]), ["levels.0: expected a whole number"]),
    "true for a listed level": (setting("levels", [True]), ["levels.0: expected a whole number"]),
    "shares as a list of levels": (
        setting("levels", [0, 0.25, ".5"]),
        ["levels: a level is a number of layers", "type {shares: [0.25, 0.5]}"],
    ),
    "maximum and shares": (
        setting("levels", {"maximum": 2, "shares": [0.5]}),
        ["levels: maximum and shares both define the levels", "leave one out"],
    ),
    "unknown way to say levels": (
        setting("levels", {"list": [0, 2]}),
        ["levels: unknown key 'list'", "maximum, shares"],
    ),
    "share of less than a layer": (
        setting("levels", {"shares": [0.2, 0.5]}),
        ["levels.shares: 0.2 of the 4", "model 'tiny' is less than one", "type at least 0.25"],
    ),
    "share of nothing": (setting("levels", {"shares": [0, 0.5]}), ["shares.0: must be above 0"]),
    "share in percent": (
        setting("levels", {"shares": [25, 50]}),
        ["levels.shares.0: must be at most 1, got 25", "type 0.25 for 25 percent"],
    ),
    "shares that fall": (
        setting("levels", {"shares": [0.5, 0.25]}),
        ["must ascend", "[0.25, 0.5]"],
    ),
    "share twice": (setting("levels", {"shares": [0.5, 0.5]}), ["0.5 is listed twice"]),
    "share without brackets": (
        setting("levels", {"shares": 0.5}),
        ["levels.shares: expected a list, got 0.5; type [0.5]"],
    ),
    "no share": (setting("levels", {"shares": []}), ["levels.shares: must not be empty"]),
    "wrong type": (
        setting("scoring.token_budget", "many"),
        ["scoring.token_budget: expected auto or a whole number", "'many'"],
    ),
    "true for a number": (
        setting("examples.seed", True),
        ["seed: expected a whole number", "True"],
    ),
    "fraction of nothing": (setting("faithfulness.fractions", [0.0, 0.5]), ["must be above 0"]),
    "fraction above 1": (
        setting("faithfulness.fractions", [0.5, 1.5]),
        ["must be below 1", "1.5"],
    ),
    "fraction of all tokens": (
        setting("faithfulness.fractions", [1]),
        ["fractions.0: must be below 1, got 1", "all rankings remove the same"],
    ),
    "fraction twice": (setting("faithfulness.fractions", [0.5, 0.5]), ["0.5 is listed twice"]),
    "fractions that fall": (
        setting("faithfulness.fractions", [0.5, 0.1]),
        ["must ascend", "[0.1, 0.5]"],
    ),
    "unknown operator": (
        setting("faithfulness.operators", ["delte"]),
        ["unknown operator", "'delete'"],
    ),
    "unknown device": (
        setting("scoring.device", "gpu"),
        ["'gpu' is not known", "did you mean 'cpu'?"],
    ),
    "unknown margin": (setting("statistics.margins.ecee", 0.1), ["margins: unknown key", "'ece'"]),
    "margin of what is only shown": (
        setting("statistics.margins.nll", 0.1),
        ["statistics.margins: 'nll' is shown and never judged; judged are accuracy, ece, brier"],
    ),
    "margins without names": (
        setting("statistics.margins", 0.02),
        ["statistics.margins: expected keys with values, got 0.02"],
    ),
    "negative margin": (setting("statistics.margins.ece", -0.1), ["must be above 0", "-0.1"]),
    "column wider than the page": (
        setting("report.pdf_width", {"column": 7, "page": 4}),
        ["a column of 7 inches is wider than the page of 4; type a larger page"],
    ),
    "margin of nothing": (
        setting("statistics.margins", {"ece": 0}),
        ["statistics.margins.ece: must be above 0"],
    ),
    "accuracy margin in percent": (
        setting("statistics.margins.accuracy", 2),
        ["statistics.margins.accuracy: must be below 1, got 2", "type 0.02 for 2 percent"],
    ),
    "calibration margin in percent, as text": (
        setting("statistics.margins.ece", "1.5"),
        ["margins.ece: must be below 1", "type 0.015"],
    ),
    "margin of one": (setting("statistics.margins.ece", 1), ["margins.ece: must be below 1"]),
    "brier margin in percent": (
        setting("statistics.margins.brier", 2.0),
        ["margins.brier: must be below 1", "type 0.02 for 2 percent"],
    ),
    "brier margin that nothing exceeds": (
        setting("statistics.margins.brier", 1.5),
        ["margins.brier: must be below 1", "type 0.015 for 1.5 percent"],
    ),
    "comprehensiveness margin in percent": (
        setting("statistics.margins.comprehensiveness", 5),
        ["comprehensiveness: must be below 1", "type 0.05 for 5 percent"],
    ),
    "sufficiency margin in percent": (
        setting("statistics.margins.sufficiency", 12.5),
        ["sufficiency: must be below 1", "type 0.125 for 12.5 percent"],
    ),
    "margin with a percent sign": (
        setting("statistics.margins.accuracy", "2%"),
        ["margins.accuracy: expected a number, got '2%'", "type 0.02"],
    ),
    "margin that is no number": (
        setting("statistics.margins.accuracy", float("nan")),
        ["margins.accuracy"],
    ),
    "fraction in percent": (
        setting("faithfulness.fractions", [10, 20]),
        ["fractions.0: must be below 1, got 10", "type 0.1 for 10 percent"],
    ),
    "confidence of 95": (
        setting("statistics.confidence", 95),
        ["must be below 1", "type 0.95 for 95 percent"],
    ),
    "error rate for confidence": (
        setting("statistics.confidence", 0.05),
        ["statistics.confidence: must be at least 0.5, got 0.05; type 0.95 if 0.05 is the error"],
    ),
    "confidence of nothing": (
        setting("statistics.confidence", 0),
        ["statistics.confidence: must be at least 0.5, got 0"],
    ),
    "one draw for a null band": (
        setting("calibration.null_repetitions", 1),
        [
            "calibration.null_repetitions: 1 draws give no interval of confidence 0.95",
            "at least 40",
        ],
    ),
    "draws whose ends are the extremes": (
        setting("statistics.repetitions", 39),
        ["statistics.repetitions: 39 draws give no interval", "type at least 40"],
    ),
    "draws that can show nothing": (
        setting("statistics.repetitions", 20),
        ["statistics.repetitions: 20 draws can show no harm", "2 pruned levels", "at least 39"],
    ),
    "confidence that no draw reaches": (
        setting("statistics.confidence", 0.9999),
        ["statistics.repetitions: 2000 draws can show no harm", "at least 19999"],
    ),
    "draws that fill the memory": (
        setting("statistics.repetitions", 10**10),
        ["statistics.repetitions: must be at most 1000000, got 10000000000; type 1000000 or less"],
    ),
    "simulations that fill the memory": (
        setting("calibration.null_repetitions", 100_001),
        ["calibration.null_repetitions: must be at most 100000", "type 100000 or less"],
    ),
    "bins that fill the memory": (
        setting("calibration.bins", 10**8),
        ["calibration.bins: must be at most 1000, got 100000000", "type 1000 or less"],
    ),
    "passage that is no field": (
        task(passage="txt"),
        ["passage: unknown field 'txt'", "did you mean 'text'"],
    ),
    "more explained than evaluated": (
        lambda w: w.raw.update(examples={"evaluation": 2, "explanation": 3, "tuning": 0}),
        ["3 explained examples are more than the 2", "type at most 2"],
    ),
    "more explained than rows": (
        setting("examples.explanation", 9),
        ["9 explained", "the 4", "at most 4"],
    ),
    "more tuning than rows": (
        setting("examples.tuning", 9),
        ["9 tuning examples", "the 4", "at most 4"],
    ),
    "tuning takes all rows": (shared_tuning, ["4 tuning examples leave nothing of the 4 rows"]),
    "more shown than explained": (setting("report.explained_examples", 3), ["type at most 2"]),
    "missing folder setting": (
        lambda w: w.raw.pop("folders"),
        ["folders.models: not set", "--config"],
    ),
    # The catalog.
    "broken YAML": (
        entry("tasks", "version: 1\nprompt: {text\n"),
        ["tiny.yaml", "line 3", "broken YAML"],
    ),
    "a key twice": (
        entry("tasks", "version: 1\nversion: 2\n"),
        ["line 2", "'version' occurs twice"],
    ),
    "YAML that is no mapping": (
        entry("tasks", "- version\n"),
        ["tiny.yaml", "expected keys with values"],
    ),
    "unknown key of a task": (task(optoins=["a", "b"]), ["unknown key 'optoins'", "'options'"]),
}
