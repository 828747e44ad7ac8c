"""Ideas through GraphQL."""

from uuid import UUID

from kshare.content.graphql import ContentCard, ContentFields
from kshare.core.access import Permission
from kshare.discussion.graphql import Comment
from kshare.edge.graphql import (
    VIEWS,
    First,
    command_field,
    connection_type,
    enum_type,
    input_type,
    list_field,
    many_field,
    object_type,
    one_field,
)
from kshare.ideas.commands import idea as commands
from kshare.ideas.reads.idea import IDEA, IDEAS
from kshare.ideas.shapes import decisions as decision_shapes
from kshare.ideas.shapes import idea as shapes
from kshare.ideas.shapes import templates as template_shapes
from kshare.people.graphql import Person

READ = Permission.content_read

for enum in (shapes.IdeaSize, shapes.IdeaStage, decision_shapes.Outcome, decision_shapes.DeclineReason):
    enum_type(enum)


object_type(template_shapes.TemplateAnswer)


@object_type
class Coauthor(shapes.Coauthor):
    __doc__ = shapes.Coauthor.__doc__
    person: Person
    """Who."""


@object_type
class Decision(decision_shapes.Decision):
    __doc__ = decision_shapes.Decision.__doc__
    idea: ContentCard
    """The idea."""
    decided_by: Person
    """Who decided."""


@object_type
class Idea(ContentFields, shapes.Idea):
    __doc__ = shapes.Idea.__doc__
    coauthors: list[Coauthor]  # type: ignore[assignment]  # a field is read, never assigned
    """Everybody who shares it, with their shares; empty when it is its author's alone."""
    decision: Decision | None
    """The decision that stands."""
    desk: Person | None
    """On whose desk it lies; null: the committee's, or nobody owes anything."""

    @many_field("The newest comments that answer it directly; deleted ones only where they hold replies.")
    def comments(self, first: First = 3) -> list[Comment]:
        raise NotImplementedError


VIEWS["Idea"] = (IDEA, READ)
IdeaConnection = connection_type(Idea, "Idea")
input_type(shapes.IdeaFilter, name="IdeaFilter")
input_type(shapes.Share)
input_type(template_shapes.Answer)


class Query:
    ideas = list_field(IDEAS, IdeaConnection, shapes.IdeaFilter, READ, "Ideas you may see.")
    idea = one_field(IDEA, Idea, READ, "One idea.")


class Mutation:
    propose_idea = command_field(
        commands.propose_idea, Idea, IDEA, "Propose an idea; it is submitted at once unless `draft` is true."
    )
    revise_idea = command_field(commands.revise_idea, Idea, IDEA, "Revise an idea; what is left out stays as it is.")
    submit_idea = command_field(commands.submit_idea, Idea, IDEA, "Submit a draft.")
    withdraw_idea = command_field(commands.withdraw_idea, Idea, IDEA, "Withdraw your idea.")
    reinstate_idea = command_field(commands.reinstate_idea, Idea, IDEA, "Bring your withdrawn idea back.")
    delete_idea = command_field(commands.delete_idea, UUID, None, "Delete a draft; answers its id.")
    put_idea = command_field(commands.put_idea, Idea, IDEA, "Propose or revise the idea of an external system.")
