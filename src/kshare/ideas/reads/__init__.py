"""How ideas are read, by subject."""
