"""Answers to what a template asks for."""

from collections.abc import Mapping, Sequence
from typing import Any

from kshare.content.models import ContentRow
from kshare.core.errors import DomainError, FieldError, invalid
from kshare.core.text import graphemes
from kshare.core.writing import Work
from kshare.ideas.commands.rows import idea_of
from kshare.ideas.models import IdeaRow
from kshare.ideas.shapes.templates import Answer
from kshare.ideas.templates import TEMPLATES
from kshare.ideas.templates.triz import PARAMETERS

Stored = list[dict[str, str]]
"""Answers as they are stored, in the order of the template's fields."""


def checked_answers(key: str | None, answers: Sequence[Answer], *, complete: bool) -> Stored | None:
    """The answers as they are stored, none without a template.

    Raises 422 for an unknown template, for answers it does not ask for or that are too long, and if they have to be
    complete for a required one that is missing.
    """
    if key is None:
        if answers:
            raise invalid("/answers", "no_template", "Answers belong to a template: name it.")
        return None
    template = TEMPLATES.get(key)
    if template is None:
        raise invalid("/template", "unknown_reference", "There is no such template; /v1/idea-templates lists them.")
    fields = {field.key: field for field in template.fields}
    texts: dict[str, str] = {}
    for position, answer in enumerate(answers):
        place, field = f"/answers/{position}", fields.get(answer.field)
        if field is None:
            raise invalid(f"{place}/field", "unknown_reference", "The template has no such field.")
        if answer.field in texts:
            raise invalid(f"{place}/field", "duplicate", "This field is answered twice.")
        if field.parameter and not _is_parameter(answer.text):
            raise invalid(f"{place}/text", "triz_parameter", f"This is a number from 1 to {len(PARAMETERS)}.")
        if graphemes(answer.text) > field.max_length:
            message = f"This field takes at most {field.max_length} characters."
            too_long = FieldError(f"{place}/text", "string_too_long", message, {"max_length": field.max_length})
            raise DomainError("invalid", message, errors=[too_long])
        texts[answer.field] = answer.text
    if complete and (missing := _missing(key, texts)):
        raise invalid("/answers", "answer_missing", f"The template asks for: {', '.join(missing)}.")
    return [{"field": name, "text": texts[name]} for name in fields if name in texts]


def _is_parameter(text: str) -> bool:
    return text.isascii() and text.isdigit() and 1 <= int(text[:3]) <= len(PARAMETERS)


def _missing(key: str, texts: Mapping[str, str]) -> list[str]:
    return [field.key for field in TEMPLATES[key].fields if field.required and field.key not in texts]


async def change_answers(work: Work, idea: ContentRow, changes: dict[str, Any]) -> list[str]:
    """Takes `template` and `answers` out of the changes of a loaded idea and makes them; the names of what changed.

    Another template needs answers of its own; none at all takes the answers away.
    """
    given = {name: changes.pop(name) for name in ("template", "answers") if name in changes}
    if not given:
        return []
    row = await idea_of(work, idea)
    template = given.get("template", row.template)
    answers = given.get("answers")
    if answers is None:
        answers = [Answer(**answer) for answer in row.answers or ()] if template == row.template else []
    stored = checked_answers(template, answers, complete=idea.state != "draft")
    changed = [name for name, value in (("template", template), ("answers", stored)) if getattr(row, name) != value]
    row.template, row.answers = template, stored
    return changed


def check_answered(row: IdeaRow) -> None:
    """Raises 409 for a draft that lacks what its template asks for."""
    answered = {answer["field"]: answer["text"] for answer in row.answers or ()}
    if row.template is not None and (missing := _missing(row.template, answered)):
        raise DomainError("conflict", f"The template asks for what is not answered yet: {', '.join(missing)}.")
