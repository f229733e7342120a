"""What a level saves: weights, KV cache, time and memory, measured beside what arithmetic says."""
