"""Templates and thinking tools: what they ask for, and the answers an idea has."""

from typing import Annotated

from pydantic import Field

from kshare.core.reading import Ask, Shape
from kshare.core.text import line, prose


class TemplateField(Shape):
    """What a template asks for."""

    key: str
    """Its name in `answers`."""
    name: str
    """What it is called."""
    name_en: str
    """What it is called in English."""
    prompt: str
    """The question to answer."""
    prompt_en: str
    """The question in English."""
    required: bool
    """An idea is submitted only with an answer to it."""
    max_length: int
    """Characters an answer may have."""
    parameter: bool
    """The answer is the number of a TRIZ parameter."""


class IdeaTemplate(Shape):
    """A form to think with: what to ask oneself before proposing an idea."""

    key: str
    """Its name in `template`."""
    name: str
    """What it is called."""
    name_en: str
    """What it is called in English."""
    about: str
    """What it is good for."""
    about_en: str
    """What it is good for, in English."""
    fields: list[TemplateField]
    """What it asks for, in order."""


class IdeaTemplates(Shape):
    """All templates."""

    items: list[IdeaTemplate]
    """The templates."""


class TrizParameter(Shape):
    """One of the 39 parameters of technical systems that can get better or worse."""

    number: int
    """1 to 39."""
    name: str
    """What it is called."""
    name_en: str
    """What it is called in English."""


class TrizParameters(Shape):
    """The 39 parameters."""

    items: list[TrizParameter]
    """The parameters, by number."""


class TrizPrinciple(Shape):
    """One of the 40 principles by which contradictions have been resolved."""

    number: int
    """1 to 40."""
    name: str
    """What it is called."""
    name_en: str
    """What it is called in English."""
    explanation: str
    """What it means."""
    explanation_en: str
    """What it means, in English."""


class TrizPrinciples(Shape):
    """The 40 principles."""

    items: list[TrizPrinciple]
    """The principles, by number."""


class TrizContradiction(Shape):
    """A technical contradiction, and the principles by which others have resolved it."""

    improving: TrizParameter
    """What is to get better."""
    worsening: TrizParameter
    """What gets worse with it."""
    principles: list[TrizPrinciple]
    """The principles, those first that helped most often; empty where the published table says nothing."""


class TemplateAnswer(Shape):
    """An answer to what a template asks for."""

    field: str
    """The key of the field."""
    text: str
    """The answer."""


class Answer(Ask):
    """An answer to what the template asks for."""

    field: Annotated[str, line(1, 50)]
    """The key of the field."""
    text: Annotated[str, prose(1, 4000)]
    """The answer; a field may allow less."""


TemplateKey = Annotated[str, line(1, 50)]
Answers = Annotated[list[Answer], Field(max_length=20)]
