"""Templates and thinking tools through REST."""

from typing import Annotated

import orjson
from pydantic import Field
from starlette.responses import Response

from kshare.core.access import Permission
from kshare.core.errors import not_found
from kshare.core.reading import Ask, Shape
from kshare.edge.door import Door
from kshare.edge.parsing import WholeNumber
from kshare.edge.rest import Call
from kshare.ideas.shapes.templates import (
    IdeaTemplate,
    IdeaTemplates,
    TemplateKey,
    TrizContradiction,
    TrizParameters,
    TrizPrinciples,
)
from kshare.ideas.templates import TEMPLATES
from kshare.ideas.templates.triz import PARAMETERS, PRINCIPLES, contradiction

door = Door("Thinking tools", "Templates for ideas, and TRIZ.")
READ = Permission.content_read

Parameter = Annotated[int, Field(ge=1, le=39), WholeNumber]


class ContradictionQuery(Ask):
    """A technical contradiction."""

    improving: Parameter
    """The number of the parameter that is to get better."""
    worsening: Parameter
    """The number of the parameter that gets worse with it."""


def _answered(shape: Shape) -> Response:
    return Response(orjson.dumps(shape.model_dump(mode="json")), 200, None, "application/json")


@door.operation(
    "GET", "/idea-templates", "listIdeaTemplates", "List the templates for ideas", READ, answer=IdeaTemplates
)
async def templates(call: Call) -> Response:
    """What each asks for, in the order in which to ask. An idea names its template and answers it field by field."""
    return _answered(IdeaTemplates(items=list(TEMPLATES.values())))


@door.operation(
    "GET", "/idea-templates/{template}", "getIdeaTemplate", "Get a template for ideas", READ,
    path_types={"template": TemplateKey}, answer=IdeaTemplate,
)  # fmt: skip
async def template(call: Call) -> Response:
    """By its key."""
    found = TEMPLATES.get(call.path("template", TemplateKey))
    if found is None:
        raise not_found("template")
    return _answered(found)


@door.operation(
    "GET", "/triz/parameters", "listTrizParameters", "List the TRIZ parameters", READ, answer=TrizParameters
)
async def parameters(call: Call) -> Response:
    """The 39 parameters of technical systems."""
    return _answered(TrizParameters(items=list(PARAMETERS)))


@door.operation(
    "GET", "/triz/principles", "listTrizPrinciples", "List the TRIZ principles", READ, answer=TrizPrinciples
)
async def principles(call: Call) -> Response:
    """The 40 principles by which contradictions have been resolved."""
    return _answered(TrizPrinciples(items=list(PRINCIPLES)))


@door.operation(
    "GET", "/triz/contradiction", "getTrizContradiction", "Look a contradiction up", READ,
    query=ContradictionQuery, answer=TrizContradiction,
)  # fmt: skip
async def look_up(call: Call) -> Response:
    """The principles that the published table (Altshuller, 1971) names for it, in its order. Where it names none, and
    for a parameter against itself, the list is empty."""
    query = call.query(ContradictionQuery)
    return _answered(contradiction(query.improving, query.worsening))
