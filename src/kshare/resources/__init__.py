"""Resources for ideas: budgets, what is asked of them, granted, used and returned."""
