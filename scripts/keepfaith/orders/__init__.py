"""Orders: criteria that decide which attention layers are dropped first. One file per criterion."""
