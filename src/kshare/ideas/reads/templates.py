"""How the answers of an idea are read."""

from kshare.content.visibility import visible_through_content
from kshare.core.reading import Many, View
from kshare.ideas.models.templates import AnswerRow
from kshare.ideas.shapes.templates import TemplateAnswer

ANSWER = View("answer", TemplateAnswer, AnswerRow, visible_through_content)

ANSWERS = Many(
    ANSWER,
    on=lambda row, answer: answer.content_id == row.id,
    order=lambda answer: (answer.position,),
    first=20,
    seen_with_parent=True,
)
"""The answers of an idea, in the order of its template."""
