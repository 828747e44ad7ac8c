"""Who sees what of reviews, where its fields come from, and its lists."""
