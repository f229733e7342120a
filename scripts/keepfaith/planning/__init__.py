"""Estimates before any job: jobs, hours, memory and disk of a study, and the margins that its tasks can decide."""
