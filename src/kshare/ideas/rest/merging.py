"""Votes and merging through REST."""

from kshare.core.access import Permission
from kshare.edge.door import Door
from kshare.ideas.commands import merging, votes
from kshare.ideas.reads.idea import IDEA
from kshare.ideas.reads.merging import IDEA_COMMENTS, MERGED, VOTERS

door = Door("Votes and merging", "Votes for ideas; and ideas that are the same, made one.")
READ = Permission.content_read
ITEM = "/ideas/{id}"

door.command(
    "PUT", ITEM + "/vote", votes.vote_for_idea, "voteForIdea", "Vote for an idea",
    "One vote a person, until it is decided on; nobody votes for what is their own or has their own merged "
    "into it. Again, or after a vote for something that was merged into it, changes nothing.",
    view=IDEA,
)  # fmt: skip
door.command(
    "DELETE", ITEM + "/vote", votes.withdraw_vote, "withdrawVote", "Take a vote back",
    "Wherever among the merged ideas it was given. Without one nothing changes.",
)  # fmt: skip
door.page(
    ITEM + "/voters", VOTERS, "listIdeaVoters", "List who votes for an idea", READ, fixed={"idea": "id"},
)  # fmt: skip
door.command(
    "POST", ITEM + "/merge", merging.merge_idea, "mergeIdea", "Merge an idea into another",
    "For who manages or decides on both. The other one, which is the answer, shows the votes, followers and comments "
    "of both, each person once; nothing is moved. `conflict` for one that is a draft, withdrawn or merged already, for "
    "what is being carried out, and if not everybody who may read one may read the other.",
    view=IDEA,
)  # fmt: skip
door.command(
    "POST", ITEM + "/unmerge", merging.unmerge_idea, "unmergeIdea", "Undo the merging of an idea",
    "It stands for itself again, with its votes, followers and comments, and in the stage in which it was.",
    view=IDEA,
)  # fmt: skip
door.page(
    ITEM + "/merged", MERGED, "listMergedIdeas", "List what was merged into an idea", READ, fixed={"into": "id"},
)  # fmt: skip
door.page(
    ITEM + "/comments", IDEA_COMMENTS, "listIdeaComments",
    "List the comments on an idea and on what was merged into it", READ, fixed={"idea": "id"},
)  # fmt: skip
