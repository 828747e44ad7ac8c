"""The way of an idea through GraphQL: stages, questions, decisions, its story."""

from typing import Annotated
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from kshare.core.access import Permission
from kshare.edge.graphql import (
    VIEWS,
    Info,
    command_field,
    connection_type,
    enum_type,
    field,
    input_type,
    list_field,
    mutation,
    object_type,
    one_field,
)
from kshare.ideas.commands import decisions, stages
from kshare.ideas.graphql.idea import Decision, Idea
from kshare.ideas.reads.decisions import DECISION, DECISIONS
from kshare.ideas.reads.idea import IDEA
from kshare.ideas.reads.stages import TIMELINE, ways
from kshare.ideas.shapes import decisions as decision_shapes
from kshare.ideas.shapes import stages as shapes
from kshare.people.graphql import Person

READ = Permission.content_read

enum_type(shapes.NextStage)
StageOfIdeas = object_type(shapes.StageOfIdeas)
PublishedDecisions = object_type(decision_shapes.PublishedDecisions)
PublishDecisionsInput = input_type(decision_shapes.PublishDecisions)


@object_type
class TimelineEntry(shapes.TimelineEntry):
    __doc__ = shapes.TimelineEntry.__doc__
    actor: Person | None
    """Who did it."""
    payload: JSON  # type: ignore[assignment]
    """The facts; their schema is that of the type."""


VIEWS["TimelineEntry"] = (TIMELINE.view, READ)
VIEWS["Decision"] = (DECISION, READ)
TimelineConnection = connection_type(TimelineEntry, "TimelineEntry")
DecisionConnection = connection_type(Decision, "Decision")
input_type(decision_shapes.DecisionFilter, name="DecisionFilter")


class Query:
    idea_timeline = list_field(
        TIMELINE, TimelineConnection, None, READ, "The whole story of an idea.", fixed={"idea_id": "idea"}
    )
    idea_decisions = list_field(
        DECISIONS, DecisionConnection, decision_shapes.DecisionFilter, READ, "Decisions on ideas."
    )
    idea_decision = one_field(DECISION, Decision, READ, "One decision on an idea.")

    @field("Every stage of ideas, and where an idea in it can go.")
    def idea_stages(self, info: Info) -> list[StageOfIdeas]:  # type: ignore[valid-type]
        info.context.demand(READ)
        return ways()


class Mutation:
    advance_idea = command_field(
        stages.advance_idea, Idea, IDEA, "Send an idea to the screening or the evaluation; a declined one back."
    )
    ask_author = command_field(
        stages.ask_author, Idea, IDEA, "Ask the author of an idea; the clock waits for the answer."
    )
    answer_question = command_field(stages.answer_question, Idea, IDEA, "Answer the question about your idea.")
    decide_idea = command_field(
        decisions.decide_idea, Idea, IDEA, "Decide on an idea; privately, if it is to be published with others."
    )
    withdraw_decision = command_field(
        decisions.withdraw_decision, UUID, None, "Take back a decision that is not published; answers its id."
    )

    @mutation("Publish private decisions together, all or none.")
    async def publish_decisions(
        self,
        info: Info,
        input: Annotated[decision_shapes.PublishDecisions, strawberry.argument(description="Which.")],
    ) -> PublishedDecisions | None:  # type: ignore[valid-type]
        done = await decisions.publish_decisions(info.context.work, input)
        return decision_shapes.PublishedDecisions(published=done)
