"""What a study will cost before it runs: jobs, hours, memory and disk, from its sizes and the machine's rate."""
