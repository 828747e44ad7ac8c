"""Markdown to safe HTML, and imported HTML to Markdown. Neither can be made to run for long by a hostile text."""

from kshare.core.markup.to_html import render_html
from kshare.core.markup.to_markdown import html_to_markdown

__all__ = ["html_to_markdown", "render_html"]
