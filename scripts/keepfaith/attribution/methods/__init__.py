"""One module per attribution method, each defining `METHOD`."""
