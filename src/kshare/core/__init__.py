"""The kernel: knows no slice and no web framework."""
