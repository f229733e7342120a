"""Which GPUs a job may use: those that the user or the cluster shows it, one holder each."""
