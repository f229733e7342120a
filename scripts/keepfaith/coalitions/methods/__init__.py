"""One module per explanation that the table of coalitions gives exactly, each declaring `METHOD`."""
