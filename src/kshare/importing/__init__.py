"""Folders of Markdown and HTML files become knowledge items: `files` reads them, `items` stores them."""
