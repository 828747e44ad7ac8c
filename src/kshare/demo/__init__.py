"""The demo company: data, and how it is loaded."""
