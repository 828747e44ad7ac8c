"""Reviews through REST."""
