"""The only code that changes resources: budgets, requests, and what becomes of a grant."""
