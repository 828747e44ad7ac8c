"""The only code that changes teams, by subject."""
