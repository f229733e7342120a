"""One file per pruning criterion, named as the criterion."""
