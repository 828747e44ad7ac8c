"""Writes what every content has: its row, texts and counters, and how others responded to it."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kshare.content.models import ContentRow, ContentTagRow, CounterRow, RevisionRow
from kshare.core.ids import new_id
from kshare.demo.history.records import Content, Response
from kshare.demo.history.writing.desk import CLASSIFICATION, Desk
from kshare.discussion.models import CommentRow, FollowRow, RatingRow, ReactionRow, ViewingRow
from kshare.discussion.shapes import CommentWritten, Followed, Rated, Reacted, ReactionKind


def write_content(
    desk: Desk,
    content: Content,
    *,
    kind: str,
    created: datetime,
    touched: datetime,
    texts: Sequence[tuple[datetime, str, str | None]],
    stage: str | None = None,
    state: str = "published",
    changes: int = 0,
    judges: Sequence[str] = (),
) -> list[UUID]:
    """A content whose bodies, the last of which is shown, were written then and with these notes; with its counters,
    tags, and everything that others did with it. `changes` is how often it was changed otherwise. Answers the ids of
    what was said of it."""
    id, author = desk.contents[content.key], desk.person(content.author)
    reviewers = sorted(desk.person(judge) for judge in judges)
    desk.append(
        ContentRow,
        id=id,
        kind=kind,
        variety=content.variety,
        stage=stage,
        state=state,
        title=content.title,
        summary=content.summary,
        body=texts[-1][1],
        language=content.language,
        author_id=author,
        owner_id=author,
        department_id=desk.places.departments[content.department],
        category_id=desk.places.categories[content.category],
        audience=desk.audiences[content.key][:1],
        readers=[*desk.audiences[content.key], *reviewers],
        classification=CLASSIFICATION,
        revision=len(texts),
        latest_revision=len(texts),
        reviewers=reviewers,
        reviewed_from=1 if reviewers else None,
        version=len(texts) + changes,
        created_at=created,
        updated_at=touched,
        published_at=content.at,
        listed_at=content.at,
    )
    for number, (at, body, note) in enumerate(texts, 1):
        desk.append(
            RevisionRow,
            content_id=id,
            number=number,
            id=new_id(at),
            title=content.title,
            summary=content.summary,
            body=body,
            note=note,
            held=False,
            author_id=author,
            created_at=at,
        )
    for tag in sorted(desk.places.tags[name] for name in set(content.tags)):
        desk.append(ContentTagRow, id=id, tag_id=tag)
    _count(desk, content)
    _write_views(desk, content)
    for response in content.responses:
        _write_response(desk, content, response)
    return _write_comments(desk, content)


def _count(desk: Desk, content: Content) -> None:
    done = Counter(response.kind for response in content.responses)
    desk.append(
        CounterRow,
        content_id=desk.contents[content.key],
        comments=len(content.said),
        likes=done["like"],
        thanks=done["thank"],
        favourites=done["favourite"],
        followers=done["follow"],
        views=len(content.views),
        ratings=done["rating"],
        rating_sum=sum(response.score for response in content.responses),
    )


def _write_views(desk: Desk, content: Content) -> None:
    id = desk.contents[content.key]
    for view in content.views:
        values = {"content_id": id, "person_id": desk.person(view.person), "dwell_ms": view.dwell_ms, "at": view.at}
        desk.append(ViewingRow, id=new_id(view.at), **values)


def _write_comments(desk: Desk, content: Content) -> list[UUID]:
    ids = [new_id(one.at) for one in content.said]
    for id, one in zip(ids, content.said, strict=True):
        parent = None if one.answers is None else ids[one.answers]
        desk.append(
            CommentRow,
            id=id,
            content_id=desk.contents[content.key],
            parent_id=parent,
            author_id=desk.person(one.person),
            owner_id=desk.person(one.person),
            body=one.body,
            mentions=[],
            deleted=False,
            version=1,
            created_at=one.at,
        )
        event = CommentWritten(content_id=desk.contents[content.key], comment_id=id, parent_id=parent, mentions=[])
        desk.tell(content, event, one.person, one.at, object_id=id)
    return ids


def _write_response(desk: Desk, content: Content, response: Response) -> None:
    """Whom somebody follows, what they keep and how they rate only they themselves hear of."""
    id, person, at = desk.contents[content.key], desk.person(response.person), response.at
    mine = {"content_id": id, "person_id": person}
    if response.kind == "rating":
        desk.append(RatingRow, **mine, score=response.score, created_at=at, updated_at=at)
        desk.tell(content, Rated(content_id=id), response.person, at, readers=[person])
    elif response.kind == "follow":
        desk.append(FollowRow, **mine, created_at=at)
        desk.tell(content, Followed(content_id=id), response.person, at, readers=[person])
    else:
        desk.append(ReactionRow, **mine, kind=response.kind, created_at=at)
        hear = [person] if response.kind == "favourite" else None
        event = Reacted(content_id=id, kind=ReactionKind(response.kind))
        desk.tell(content, event, response.person, at, readers=hear)
