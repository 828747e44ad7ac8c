"""An account of who contributed what: append-only, with corrections, for HR systems to pull."""
