"""Templates and thinking tools through GraphQL."""

from typing import Annotated

import strawberry
from pydantic import Field

from kshare.core.access import Permission
from kshare.edge.graphql import Info, field, object_type
from kshare.edge.parsing import checked_value
from kshare.ideas.shapes import templates as shapes
from kshare.ideas.templates import TEMPLATES
from kshare.ideas.templates.triz import PARAMETERS, PRINCIPLES, contradiction

READ = Permission.content_read

object_type(shapes.TemplateField)
object_type(shapes.IdeaTemplate)
object_type(shapes.TrizParameter)
object_type(shapes.TrizPrinciple)
object_type(shapes.TrizContradiction)

_Number = Annotated[int, Field(ge=1, le=39)]


class Query:
    @field("The templates for ideas, with what each asks for.")
    def idea_templates(self, info: Info) -> list[shapes.IdeaTemplate]:
        info.context.demand(READ)
        return list(TEMPLATES.values())

    @field("One template for ideas.")
    def idea_template(
        self, info: Info, template: Annotated[str, strawberry.argument(description="Its key.")]
    ) -> shapes.IdeaTemplate | None:
        info.context.demand(READ)
        return TEMPLATES.get(template)

    @field("The 39 parameters of TRIZ.")
    def triz_parameters(self, info: Info) -> list[shapes.TrizParameter]:
        info.context.demand(READ)
        return list(PARAMETERS)

    @field("The 40 principles of TRIZ.")
    def triz_principles(self, info: Info) -> list[shapes.TrizPrinciple]:
        info.context.demand(READ)
        return list(PRINCIPLES)

    @field("The principles that the published table names for a contradiction, in its order.")
    def triz_contradiction(
        self,
        info: Info,
        improving: Annotated[int, strawberry.argument(description="The parameter that is to get better, 1 to 39.")],
        worsening: Annotated[int, strawberry.argument(description="The parameter that gets worse with it, 1 to 39.")],
    ) -> shapes.TrizContradiction | None:
        info.context.demand(READ)
        return contradiction(
            checked_value(_Number, improving, "/improving"), checked_value(_Number, worsening, "/worsening")
        )
