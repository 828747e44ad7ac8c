"""The only code that changes challenges, by subject."""
