"""Schema, provenance, atomic write and checked read of every artifact."""
