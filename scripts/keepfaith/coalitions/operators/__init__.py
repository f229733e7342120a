"""One module per way to remove segments from a prompt, each declaring `OPERATOR`."""
