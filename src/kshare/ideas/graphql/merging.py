"""Votes and merging through GraphQL."""

from kshare.core.access import Permission
from kshare.discussion.graphql import Comment
from kshare.edge.graphql import command_field, connection_type, list_field, object_type
from kshare.ideas.commands import merging, votes
from kshare.ideas.graphql.idea import Idea
from kshare.ideas.reads.idea import IDEA
from kshare.ideas.reads.merging import IDEA_COMMENTS, MERGED, VOTERS
from kshare.ideas.shapes import merging as shapes
from kshare.people.graphql import Person

READ = Permission.content_read


@object_type
class Voter(shapes.Voter):
    __doc__ = shapes.Voter.__doc__
    person: Person
    """Who."""


VoterConnection = connection_type(Voter, "Voter")
MergedIdeaConnection = connection_type(Idea, "MergedIdea")
IdeaCommentConnection = connection_type(Comment, "IdeaComment")


class Query:
    idea_voters = list_field(VOTERS, VoterConnection, None, READ, "Who votes for an idea.", {"idea_id": "idea"})
    merged_ideas = list_field(
        MERGED, MergedIdeaConnection, None, READ, "What was merged into an idea.", {"idea_id": "into"}
    )
    idea_comments = list_field(
        IDEA_COMMENTS,
        IdeaCommentConnection,
        None,
        READ,
        "The comments on an idea and on what was merged into it.",
        {"idea_id": "idea"},
    )


class Mutation:
    vote_for_idea = command_field(
        votes.vote_for_idea, Idea, IDEA, "Vote for an idea, one vote a person; again changes nothing."
    )
    withdraw_vote = command_field(votes.withdraw_vote, Idea, IDEA, "Take your vote back; without one nothing changes.")
    merge_idea = command_field(
        merging.merge_idea, Idea, IDEA, "Merge an idea into another; answers the one that stays."
    )
    unmerge_idea = command_field(merging.unmerge_idea, Idea, IDEA, "Undo the merging of an idea.")
