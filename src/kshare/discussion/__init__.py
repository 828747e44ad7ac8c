"""Comments, reactions, ratings, follows and views, on any content."""
