"""What an idea shows of the ideas merged into it: unions over all of them, computed when they are read.

Nothing is moved when ideas are merged (docs/adr/0006-ideas.md). Most ideas have no members, so everything here begins
with the idea's own row and is done when its `members` are empty.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal_column, or_, select
from sqlalchemy.orm import aliased

from kshare.content.models import ContentRow, CounterRow
from kshare.content.reads import COUNTERS
from kshare.content.shapes import Counters
from kshare.content.visibility import visible_content, visible_through_content
from kshare.core.reading import Alias, One, Source, View, Viewer
from kshare.discussion.models import FollowRow
from kshare.ideas.models import CoauthorRow, IdeaRow, VoteRow


def group(idea: Alias) -> ColumnElement[Any]:
    """The ids of an idea and of everything merged into it."""
    return func.array_append(idea.members, idea.id)


def owns_member(row: Alias) -> ColumnElement[bool]:
    """The viewer is an author, shown or not, of an idea that was merged into this one."""
    idea, share = aliased(IdeaRow), aliased(CoauthorRow)
    member: Alias = aliased(ContentRow)
    shared = select(share.content_id).where(share.content_id == member.id, share.person_id == Viewer.id).exists()
    mine: Select[Any] = select(literal_column("1")).select_from(idea).join(member, member.id == func.any(idea.members))
    return mine.where(idea.id == row.id, or_(Viewer.owns(member.owner_id), shared)).exists()


def voted(row: Alias) -> ColumnElement[bool]:
    """The viewer votes for the idea or for one that was merged into it."""
    vote, idea = aliased(VoteRow), aliased(IdeaRow)
    mine: Select[Any] = select(literal_column("1")).select_from(idea)
    mine = mine.join(vote, vote.content_id == func.any(group(idea)))
    return mine.where(idea.id == row.id, vote.person_id == Viewer.id).exists()


def merged_into(row: Alias) -> ColumnElement[Any]:
    """Where the idea went, if the viewer sees that."""
    idea, target = aliased(IdeaRow), aliased(ContentRow)
    found = select(target.id).join(idea, idea.merged_into == target.id)
    return found.where(idea.id == row.id, visible_content(target)).scalar_subquery()


def _comments(row: Alias) -> ColumnElement[Any]:
    idea, counter = aliased(IdeaRow), aliased(CounterRow)
    others = select(func.sum(counter.comments)).join(idea, counter.content_id == func.any(idea.members))
    merged = func.coalesce(others.where(idea.id == row.content_id).scalar_subquery(), literal_column("0"))
    total: ColumnElement[int] = row.comments + merged
    return total


def _followers(row: Alias) -> ColumnElement[Any]:
    idea, follow = aliased(IdeaRow), aliased(FollowRow)
    people = select(func.count(follow.person_id.distinct())).join(idea, follow.content_id == func.any(group(idea)))
    merged = people.where(idea.id == row.content_id, idea.members != literal_column("'{}'::uuid[]"))
    # Grouped, so that there is no row, and not a nought, for an idea without members.
    return func.coalesce(merged.group_by(idea.id).scalar_subquery(), row.followers)


_COUNTERS = View(
    "counters",
    Counters,
    CounterRow,
    visible_through_content,
    {**COUNTERS.fields, "comments": _comments, "followers": _followers},
)
IDEA_COUNTERS: Source = One(_COUNTERS, on=lambda row, counter: counter.content_id == row.id, seen_with_parent=True)
"""The counters of an idea: comments and followers are those of everything merged into it as well."""
