"""Does a level know what it knows: confidence against correctness, from saved predictions (numpy only)."""
