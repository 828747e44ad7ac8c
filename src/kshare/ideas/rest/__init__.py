"""Ideas through REST, by subject."""
