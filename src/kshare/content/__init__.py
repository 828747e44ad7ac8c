"""What every shared thing is: title, author, audience, tags, categories, revisions."""
