"""One self-contained HTML page of a study: the answer, the figures, the tables, and explained examples."""
