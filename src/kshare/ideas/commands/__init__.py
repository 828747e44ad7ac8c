"""The only code that changes ideas, by subject."""
