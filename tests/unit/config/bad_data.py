"""Ways to spoil the files of a local task, each with words that the one line of its refusal must hold."""

from spoils import Cases, csv_table, data, missing_field, own_options, row, source

BAD: Cases = {
    "unknown format": (
        source(splits={"evaluation": "test.xlsx"}),
        ["unknown format '.xlsx'", ".jsonl"],
    ),
    "empty file": (data("test.jsonl", b"\n\n"), ["test.jsonl: holds no rows"]),
    "not UTF-8": (
        data("test.jsonl", b'{"id": 1, "text": "ok", "label": 0}\n{"text": "caf\xe9"}\n'),
        ["test.jsonl: line 2", "not UTF-8", "save the file as UTF-8"],
    ),
    "broken JSON": (
        data("test.jsonl", b'{"id": 1, "text": "ok", "label": 0}\n\n{"id": 2,\n'),
        ["test.jsonl: line 3: broken JSON", "correct that line"],
    ),
    "key twice": (
        data("test.jsonl", b'{"id": 1, "text": "ok", "label": 0, "label": 1}\n'),
        ["test.jsonl: line 1: the key 'label' occurs twice in one object", "delete one"],
    ),
    "JSON that is no object": (data("test.jsonl", b"[1, 2]\n"), ["line 1: expected an object"]),
    "row without a field": (missing_field, ["test.jsonl: line 2", "no column 'text'"]),
    "row with an empty field": (row(text="  "), ["line 3", "'text' is empty"]),
    "row with a field that shows nothing": (
        row(text="\u200b \ufeff"),
        ["line 3", "'text' is empty"],
    ),
    "row with null": (row(text=None), ["line 3", "'text' is empty", "fill it"]),
    "row with a number for text": (row(text=5), ["line 3", "must be text, got 5", "quotes"]),
    "half a surrogate pair": (row(text="\ud800"), ["line 3", "surrogate"]),
    "label outside the options": (
        row(label=2),
        ["line 3", "label 2 lies outside the 2 choices (0 to 1)"],
    ),
    "negative label": (
        row(label=-1),
        ["line 3", "label -1 lies outside", "fill it, or type skip: [unlabelled] in sources.local"],
    ),
    "label below -1": (row(label=-2), ["line 3: column 'label': label -2 lies outside"]),
    "label left out": (
        lambda w: w.write_rows("test.jsonl", [*w.rows()[:3], {"id": 3, "text": "x"}]),
        ["line 4: no column 'label'", "or type skip: [unlabelled] in sources.local"],
    ),
    "column misspelt": (
        source(label="labl"),
        ["line 1: no column 'labl'; did you mean 'label'? (task tiny)"],
    ),
    "column misspelt, and skipped": (
        source(label="labl", skip=["unlabelled"]),
        ["skip leaves no row (line 1: no column 'labl'; did you mean 'label'?)", "correct"],
    ),
    "another skip than that of the row": (
        lambda w: (w.change_source(skip=["equal_options"]), w.change_row(text="")),
        ["line 3", "type skip: [equal_options, empty] in sources.local"],
    ),
    "all rows left out": (
        lambda w: (
            w.change_source(skip=["unlabelled"]),
            w.write_rows("test.jsonl", [r | {"label": -1} for r in w.rows()]),
        ),
        ["test.jsonl: skip leaves no row (line 1: column 'label': label -1 lies outside"],
    ),
    "too many rows left out": (
        lambda w: (
            w.change_source(skip=["unlabelled"]),
            w.write_rows("test.jsonl", [r | {"label": r["label"] - 1} for r in w.rows()]),
            w.set("examples.explanation", 3),
        ),
        ["3 explained examples are more than the 2", "(2 more are left out by skip)", "at most 2"],
    ),
    "label in words": (row(label="yes"), ["line 3", "label 'yes' is not a number", "label_names"]),
    "label that names nothing": (
        lambda w: (w.change_source(label_names=["neg", "pos"]), w.change_row(label="poss")),
        ["label 0 names none of the choices"],
    ),
    "id twice": (row(id=1), ["line 3: id '1' is also in line 2", "its own, or leave id out"]),
    "id missing": (row(id=None), ["line 3", "'id' is empty"]),
    "row with one option": (
        own_options("a"),
        ["line 3", "has 1 choices", "at least two", "skip: [single_option]"],
    ),
    "row without options": (own_options(), ["line 3", "'choices' is empty", "skip: [empty]"]),
    "row with an empty option": (own_options("a", " "), ["line 3", "choice ' '", "not empty"]),
    "row with an option that shows nothing": (
        own_options("a", "\u200b"),
        ["line 3", "not empty", "skip: [empty]"],
    ),
    "row with an option of bytes": (
        own_options("a\0", "b"),
        ["line 3", "NUL character at character 1"],
    ),
    "row with equal options": (
        own_options("a", "a "),
        ["line 3", "'a' twice", "skip: [equal_options]"],
    ),
    "rationale outside its field": (
        lambda w: (
            w.change_source(rationale={"text": "spans"}, splits={"evaluation": "test.jsonl"}),
            w.write_rows("test.jsonl", [r | {"spans": [[0, 99]]} for r in w.rows()]),
        ),
        ["line 1", "rationale [0, 99]", "its field of 15 characters"],
    ),
    "rationale by its former name": (
        lambda w: w.change_source(evidence={"text": "spans"}),
        [
            "tasks/tiny.yaml: sources.local: the key evidence is now called rationale; type rationale:"
        ],
    ),
    "CSV without the column": (
        csv_table,
        ["test.csv: line 2: no column 'text'", "did you mean 'txet'?"],
    ),
    "CSV with a cell too many": (
        lambda w: (csv_table(w), w.write_data("test.csv", b"id,text,label\n1,Good, bad,1\n")),
        ["test.csv: line 2: 4 cells for 3 columns", "quote"],
    ),
    "Parquet that is none": (
        lambda w: (
            w.write_data("test.parquet", b"PAR1"),
            w.change_source(splits={"evaluation": "test.parquet"}),
        ),
        ["not a readable Parquet file", "write it again"],
    ),
    "too little calibration text": (
        data("text.txt", b"One.\n"),
        ["has 1 texts", "reads 2", "lower samples to 1"],
    ),
}
