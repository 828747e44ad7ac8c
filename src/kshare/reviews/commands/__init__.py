"""The only code that changes reviews."""
