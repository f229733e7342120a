"""Estimated cost of a study: jobs, hours, memory and disk, from its sizes and the machine's speed."""
