"""Both doors and the reactors, assembled: one line a slice."""

from collections.abc import Sequence
from functools import cache

from graphql import GraphQLSchema

from kshare.benefits import graphql as benefits_graphql
from kshare.benefits import rest as benefits_rest
from kshare.challenges import graphql as challenges_graphql
from kshare.challenges import rest as challenges_rest
from kshare.content import graphql as content_graphql
from kshare.content import rest as content_rest
from kshare.content.anonymity import graphql as anonymity_graphql
from kshare.content.anonymity import rest as anonymity_rest
from kshare.content.anonymity.credits import ContributionCredits
from kshare.contributions import graphql as contributions_graphql
from kshare.contributions import rest as contributions_rest
from kshare.contributions.reactor import ContributionsKeeper
from kshare.core.journal import Reactor
from kshare.core.settings import Settings
from kshare.discussion import graphql as discussion_graphql
from kshare.discussion import rest as discussion_rest
from kshare.edge.door import Door
from kshare.edge.graphql import schema_of
from kshare.events import graphql as events_graphql
from kshare.events import rest as events_rest
from kshare.ideas.graphql import clock as clock_graphql
from kshare.ideas.graphql import idea as idea_graphql
from kshare.ideas.graphql import merging as merging_graphql
from kshare.ideas.graphql import similar as similar_graphql
from kshare.ideas.graphql import stages as stages_graphql
from kshare.ideas.graphql import templates as templates_graphql
from kshare.ideas.graphql import triage as triage_graphql
from kshare.ideas.likeness import LikenessKeeper
from kshare.ideas.reactor import IdeaClock
from kshare.ideas.rest import clock as clock_rest
from kshare.ideas.rest import idea as idea_rest
from kshare.ideas.rest import merging as merging_rest
from kshare.ideas.rest import similar as similar_rest
from kshare.ideas.rest import stages as stages_rest
from kshare.ideas.rest import templates as templates_rest
from kshare.ideas.rest import triage as triage_rest
from kshare.ideas.triage.model_reactor import ModelTriage
from kshare.ideas.triage.reactor import Triage
from kshare.incubation import graphql as incubation_graphql
from kshare.incubation import rest as incubation_rest
from kshare.knowledge import graphql as knowledge_graphql
from kshare.knowledge import rest as knowledge_rest
from kshare.metrics import graphql as metrics_graphql
from kshare.metrics import rest as metrics_rest
from kshare.metrics.dashboards import graphql as dashboards_graphql
from kshare.metrics.dashboards import rest as dashboards_rest
from kshare.metrics.flows import graphql as flows_graphql
from kshare.metrics.flows import rest as flows_rest
from kshare.metrics.reactor import MetricsKeeper
from kshare.outcomes import graphql as outcomes_graphql
from kshare.outcomes import rest as outcomes_rest
from kshare.people import graphql as people_graphql
from kshare.people.rest import departments, groups, keys, persons
from kshare.resources import graphql as resources_graphql
from kshare.resources import rest as resources_rest
from kshare.reviews.graphql import comparing as comparing_graphql
from kshare.reviews.graphql import desk as desk_graphql
from kshare.reviews.graphql import forms as forms_graphql
from kshare.reviews.graphql import panels as panels_graphql
from kshare.reviews.graphql import policies as policies_graphql
from kshare.reviews.graphql import reviews as reviews_graphql
from kshare.reviews.reactor import ReviewClock
from kshare.reviews.rest import comparing as comparing_rest
from kshare.reviews.rest import desk as desk_rest
from kshare.reviews.rest import forms as forms_rest
from kshare.reviews.rest import panels as panels_rest
from kshare.reviews.rest import policies as policies_rest
from kshare.reviews.rest import reviews as reviews_rest
from kshare.search import graphql as search_graphql
from kshare.search import rest as search_rest
from kshare.search.reactor import SearchIndexer
from kshare.teams import graphql as teams_graphql
from kshare.teams import rest as teams_rest

DOORS: list[Door] = [
    persons.door,
    departments.door,
    groups.door,
    keys.door,
    content_rest.door,
    anonymity_rest.door,
    discussion_rest.door,
    knowledge_rest.door,
    idea_rest.door,
    stages_rest.door,
    clock_rest.door,
    merging_rest.door,
    templates_rest.door,
    triage_rest.door,
    similar_rest.door,
    incubation_rest.door,
    teams_rest.door,
    resources_rest.door,
    benefits_rest.door,
    challenges_rest.door,
    reviews_rest.door,
    desk_rest.door,
    forms_rest.door,
    panels_rest.door,
    comparing_rest.door,
    policies_rest.door,
    search_rest.door,
    contributions_rest.door,
    outcomes_rest.door,
    metrics_rest.door,
    dashboards_rest.door,
    flows_rest.door,
    events_rest.door,
]


@cache
def schema() -> GraphQLSchema:
    """The GraphQL schema of all slices; made once, since Strawberry uses up the classes it is made of."""
    slices = [
        people_graphql,
        content_graphql,
        anonymity_graphql,
        discussion_graphql,
        knowledge_graphql,
        idea_graphql,
        stages_graphql,
        clock_graphql,
        merging_graphql,
        templates_graphql,
        triage_graphql,
        similar_graphql,
        incubation_graphql,
        teams_graphql,
        resources_graphql,
        benefits_graphql,
        challenges_graphql,
        reviews_graphql,
        desk_graphql,
        forms_graphql,
        panels_graphql,
        comparing_graphql,
        policies_graphql,
        search_graphql,
        contributions_graphql,
        outcomes_graphql,
        metrics_graphql,
        dashboards_graphql,
        flows_graphql,
        events_graphql,
    ]
    return schema_of(
        [part.Query for part in slices if hasattr(part, "Query")],
        [part.Mutation for part in slices if hasattr(part, "Mutation")],
        [part.Subscription for part in slices if hasattr(part, "Subscription")],
    )


def reactors(settings: Settings | None = None) -> Sequence[Reactor]:
    """Everything that reacts to the journal."""
    every: list[Reactor] = [SearchIndexer(), ContributionCredits(), LikenessKeeper(), IdeaClock(), ReviewClock()]
    every += [Triage(settings), ContributionsKeeper(), MetricsKeeper(settings)]
    if settings is not None and settings.llm_url is not None:
        every.append(ModelTriage(settings))
    return every
