"""Orders: criteria that say which attention layers are dropped first. One file per criterion."""
