"""GPUs of a job: those that the user or the cluster makes visible, each leased to one job."""
