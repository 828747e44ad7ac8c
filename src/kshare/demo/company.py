"""The demo company, founded anew.

What happened in it is replayed in the order in which it happened, with its dates, through the functions that the
commands use; so counters, revisions and the journal are as if people had done it, and the reactors index it.
"""

import hashlib
import heapq
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.content.commands import add_content, revise, set_state
from kshare.content.models import CategoryRow, ContentRow, ContentTagRow, CounterRow, TagNameRow, TagRow
from kshare.content.taxonomy_shapes import folded
from kshare.core.access import ROLES, Permission, Role
from kshare.core.clock import day_in, now
from kshare.core.ids import new_id
from kshare.core.journal import Happened
from kshare.core.principal import EVERYONE, Principal
from kshare.core.writing import Work
from kshare.demo.history.writing import write_history
from kshare.demo.history.writing.desk import Places
from kshare.demo.ideas import Ideas
from kshare.demo.reviews import Reviews
from kshare.demo.source import Source, time_of
from kshare.discussion.models import CommentRow, FollowRow, RatingRow, ReactionRow, ViewingRow
from kshare.discussion.shapes import CommentWritten, Followed, Rated, Reacted, ReactionKind
from kshare.knowledge.shapes import (
    KnowledgeItemArchived,
    KnowledgeItemCreated,
    KnowledgeItemPublished,
    KnowledgeItemRevised,
)
from kshare.people.models import (
    DepartmentRow,
    GroupMemberRow,
    GroupRow,
    MembershipRow,
    PersonRow,
    RoleAssignmentRow,
)
from kshare.people.names import search_name, sort_name

_FOUNDED = datetime(2024, 1, 1, tzinfo=UTC)

_ROLE = {
    "reviewer": Role.reviewer,
    "manager": Role.knowledge_manager,
    "hr": Role.hr,
    "committee": Role.committee,
    "finance": Role.finance,
    "admin": Role.administrator,
}

_LIFE_OF_ARCHIVED = timedelta(days=120)
"""After how long what the company archived was archived."""


@dataclass
class Company:
    """One founding, in one transaction."""

    session: AsyncSession
    source: Source
    departments: dict[str, DepartmentRow] = field(default_factory=dict)
    people: dict[str, PersonRow] = field(default_factory=dict)
    groups: dict[str, GroupRow] = field(default_factory=dict)
    categories: dict[str, CategoryRow] = field(default_factory=dict)
    tags: dict[str, UUID] = field(default_factory=dict)
    items: dict[str, ContentRow] = field(default_factory=dict)
    comments: dict[int, CommentRow] = field(default_factory=dict)

    async def found(self) -> None:
        """Everything: its people, what they wrote, and what others said to it."""
        organisation = self.source.organisation
        for entry in organisation["departments"]:
            self._grow(DepartmentRow, self.departments, entry, external_source="demo", external_id=entry["key"])
        await self.session.flush()
        self._hire(organisation)
        await self.session.flush()
        self._place(organisation)
        self._gather(organisation)
        await self.session.flush()
        self._fill_groups(organisation)
        for entry in organisation["categories"]:
            self._grow(CategoryRow, self.categories, entry)
        for entry in organisation["tags"]:
            self.tags[entry["name"]] = new_id()
            tag = {"id": self.tags[entry["name"]], "name": entry["name"], "curated": True}
            self.session.add(TagRow(**tag, created_at=_FOUNDED, updated_at=_FOUNDED))
        await self.session.flush()
        self._name_tags(organisation)
        await self._replay()
        await self._remember()
        await self._count()

    def _grow(self, row: Any, tree: dict[str, Any], entry: Mapping[str, Any], **more: Any) -> None:
        """One more place in a tree."""
        parent = tree[entry["parent"]] if entry["parent"] else None
        id = new_id()
        tree[entry["key"]] = row(
            id=id,
            name=entry["name"],
            name_en=entry["name_en"],
            parent_id=parent.id if parent else None,
            path=[*(parent.path if parent else []), id],
            created_at=_FOUNDED,
            updated_at=_FOUNDED,
            **more,
        )
        self.session.add(tree[entry["key"]])

    def _hire(self, organisation: Mapping[str, Any]) -> None:
        for entry in organisation["people"]:
            department = self.departments[entry["department"]]
            person = PersonRow(
                id=new_id(),
                name=entry["name"],
                sort_name=sort_name(entry["name"]),
                search_name=search_name(entry["name"], entry["email"]),
                email=entry["email"],
                external_source="demo",
                external_id=entry["key"],
                title=entry["title"],
                language=entry["language"],
                department_id=department.id,
                manager_id=self.people[entry["manager"]].id if entry["manager"] else None,
                clearance=entry["clearance"],
                created_at=_FOUNDED,
                updated_at=_FOUNDED,
            )
            self.people[entry["key"]] = person
            self.session.add(person)

    def _place(self, organisation: Mapping[str, Any]) -> None:
        """Who is and was in which department, and in which role."""
        moves = {move["person"]: move for move in organisation["moves"]}
        for entry in organisation["people"]:
            person, department = self.people[entry["key"]], self.departments[entry["department"]]
            since = _FOUNDED.date()
            if move := moves.get(entry["key"]):
                moved: date = move["until"] + timedelta(days=1)
                before = self.departments[move["from_department"]].id
                self.session.add(MembershipRow(person_id=person.id, department_id=before, since=since, until=moved))
                since = moved
            self.session.add(MembershipRow(person_id=person.id, department_id=department.id, since=since))
            if role := self._role(entry):
                self.session.add(RoleAssignmentRow(person_id=person.id, role=role.value, created_at=_FOUNDED))

    def _role(self, entry: Mapping[str, Any]) -> Role | None:
        return _ROLE.get(entry.get("demo_role") or entry.get("role") or "")

    def _gather(self, organisation: Mapping[str, Any]) -> None:
        for entry in organisation["groups"]:
            group = GroupRow(
                id=new_id(),
                name=entry["name"],
                description=entry["description"],
                created_at=_FOUNDED,
                updated_at=_FOUNDED,
            )
            self.groups[entry["key"]] = group
            self.session.add(group)

    def _fill_groups(self, organisation: Mapping[str, Any]) -> None:
        for entry in organisation["groups"]:
            group = self.groups[entry["key"]]
            self.session.add_all(
                GroupMemberRow(group_id=group.id, person_id=self.people[key].id) for key in entry["members"]
            )

    def _name_tags(self, organisation: Mapping[str, Any]) -> None:
        for entry in organisation["tags"]:
            names = {folded(name): name for name in (*entry["synonyms"], entry["name"])}
            self.session.add_all(
                TagNameRow(folded=key, tag_id=self.tags[entry["name"]], name=name, preferred=name == entry["name"])
                for key, name in names.items()
            )

    async def _remember(self) -> None:
        """The two years before, of which no story here tells."""
        places = Places(
            people={key: person.id for key, person in self.people.items()},
            departments={key: department.id for key, department in self.departments.items()},
            categories={key: category.id for key, category in self.categories.items()},
            tags=dict(self.tags),
            overseers=[
                self.people[entry["key"]].id
                for entry in self.source.organisation["people"]
                if (role := self._role(entry)) and Permission.metrics_read_all in ROLES[role]
            ],
        )
        today = day_in(ZoneInfo(self.session.info["time_zone"]), now())
        await write_history(self.session, self.source.history, self.source.organisation, places, today)

    # ---- what people did

    async def _replay(self) -> None:
        """Everything people did, in the order in which they did it."""
        acts: list[tuple[datetime, int, Callable[[datetime], Coroutine[Any, Any, None]]]] = []

        def plan(at: datetime, act: Callable[[datetime], Coroutine[Any, Any, None]]) -> None:
            heapq.heappush(acts, (at, len(acts), act))

        earlier: dict[str, list[Mapping[str, Any]]] = {}
        for revision in self.source.discussion["revisions"]:
            earlier.setdefault(revision["item"], []).append(revision)
        for key, (front, body) in self.source.items.items():
            self._plan_item(plan, key, front, body, sorted(earlier.get(key, ()), key=lambda one: str(one["at"])))
        for position, comment in enumerate(self.source.discussion["comments"]):
            plan(time_of(comment["at"]), self._comment(position, comment))
        for kind in ("reactions", "ratings", "follows"):
            for entry in self.source.discussion[kind]:
                plan(self._sometime_of(kind, entry), self._respond(kind, entry))
        roles = {entry["key"]: role for entry in self.source.organisation["people"] if (role := self._role(entry))}
        places = (self.people, roles, self.departments, self.categories, self.groups)
        ideas = Ideas(self.session, self.source.ideas, *places)
        reviews = Reviews(self.session, self.source.reviews, *places)
        for part in (ideas, reviews):
            part.plan(plan)
        while acts:
            at, _, act = heapq.heappop(acts)
            await act(at)
        await self.session.flush()
        for part in (ideas, reviews):
            await part.count()

    def _plan_item(
        self, plan: Any, key: str, front: Mapping[str, Any], body: str, earlier: Sequence[Mapping[str, Any]]
    ) -> None:
        """An item's life: its earlier texts while it was a draft, its publication, its end."""
        published = time_of(front["published_at"])
        texts = [{"title": front["title"], "summary": front["summary"], "note": None, **one} for one in earlier]
        texts.append({**front, "body": body, "at": front["published_at"], "note": None})
        for number, one in enumerate(texts):
            plan(time_of(one["at"]), self._create(key, front, one) if number == 0 else self._revise(key, one))
        if front["state"] != "draft":
            plan(published, self._move(key, "published"))
        if front["state"] == "archived":
            plan(published + _LIFE_OF_ARCHIVED, self._move(key, "archived"))

    def _sometime_of(self, kind: str, entry: Mapping[str, Any]) -> datetime:
        """When somebody who left no date responded: within weeks of the publication, the same in every demo."""
        digest = hashlib.sha256(f"{kind}/{entry['item']}/{entry['person']}/{entry.get('kind')}".encode()).digest()
        published = time_of(self.source.items[entry["item"]][0]["published_at"])
        weeks = (int.from_bytes(digest[:4], "big") / 2**32) ** 3 * 8
        return min(published + timedelta(minutes=20) + timedelta(weeks=weeks), max(published, now()))

    def _work(self, person: str, at: datetime) -> Work:
        row = self.people[person]
        principal = Principal(
            row.id, "person", row.name, (row.id, EVERYONE), row.clearance, ROLES[Role.employee],
            department_id=self._department(person, at),
        )  # fmt: skip
        work = Work(principal, self.session)
        work.now = at
        return work

    def _department(self, person: str, at: datetime) -> UUID:
        """Where somebody worked then."""
        for move in self.source.organisation["moves"]:
            if move["person"] == person and at.date() <= move["until"]:
                return self.departments[move["from_department"]].id
        department = self.people[person].department_id
        assert department is not None
        return department

    def _subject(self, name: str) -> UUID:
        """Whom an audience names: `everyone`, `department:rd`, `group:mentors` or `person:lin-zhixia`."""
        kind, _, key = name.partition(":")
        named: dict[str, Mapping[str, Any]] = {
            "department": self.departments,
            "group": self.groups,
            "person": self.people,
        }
        return EVERYONE if name == "everyone" else named[kind][key].id

    def _record(self, work: Work, item: ContentRow, happened: Happened, object_id: UUID | None = None) -> None:
        work.record(
            happened, object_id or item.id, item.readers, classification=item.classification, content_id=item.id
        )

    def _create(self, key: str, front: Mapping[str, Any], first: Mapping[str, Any]) -> Any:
        async def act(at: datetime) -> None:
            work = self._work(front["author"], at)
            item = self.items[key] = ContentRow(
                id=new_id(),
                kind="knowledge_item",
                variety=front["kind"],
                state="draft",
                title=first["title"],
                summary=first["summary"],
                body=first["body"],
                language=front["language"],
                author_id=work.principal.id,
                department_id=work.principal.department_id,
                category_id=self.categories[front["category"]].id,
                audience=[self._subject(name) for name in front["audience"]],
                classification=front["classification"],
                revision=1,
                created_at=at,
                updated_at=at,
                listed_at=at,
            )
            await add_content(work, item, (), first["note"])
            await work.flush()
            tagged = {self.tags[name] for name in front["tags"]}
            work.add(*(ContentTagRow(id=item.id, tag_id=tag) for tag in sorted(tagged)))
            self._record(work, item, KnowledgeItemCreated(content_id=item.id, kind=item.variety))
            await work.flush()

        return act

    def _revise(self, key: str, one: Mapping[str, Any]) -> Any:
        async def act(at: datetime) -> None:
            work, item = self._work(one["author"], at), self.items[key]
            item.title, item.summary, item.body, item.updated_at = one["title"], one["summary"], one["body"], at
            await revise(work, item, one["note"])
            self._record(work, item, KnowledgeItemRevised(content_id=item.id, revision=item.revision))
            await work.flush()

        return act

    def _move(self, key: str, state: str) -> Any:
        async def act(at: datetime) -> None:
            item = self.items[key]
            work = self._work(self.source.items[key][0]["author"], at)
            await set_state(work, item, state)
            happened: Happened = KnowledgeItemArchived(content_id=item.id)
            if state == "published":
                happened = KnowledgeItemPublished(content_id=item.id, kind=item.variety)
            self._record(work, item, happened)
            await work.flush()

        return act

    def _comment(self, position: int, entry: Mapping[str, Any]) -> Any:
        async def act(at: datetime) -> None:
            work, item = self._work(entry["author"], at), self.items[entry["item"]]
            answered = entry.get("reply_to")
            comment = self.comments[position] = CommentRow(
                id=new_id(),
                content_id=item.id,
                parent_id=None if answered is None else self.comments[answered].id,
                author_id=work.principal.id,
                owner_id=work.principal.id,
                body=entry["body"],
                mentions=[self.people[key].id for key in entry.get("mentions", ())],
                created_at=at,
            )
            work.add(comment)
            self._record(
                work,
                item,
                CommentWritten(
                    content_id=item.id,
                    comment_id=comment.id,
                    parent_id=comment.parent_id,
                    mentions=comment.mentions,
                ),
                comment.id,
            )

        return act

    def _respond(self, kind: str, entry: Mapping[str, Any]) -> Any:
        async def act(at: datetime) -> None:
            work, item = self._work(entry["person"], at), self.items[entry["item"]]
            mine: dict[str, Any] = {"content_id": item.id, "person_id": work.principal.id}
            if kind == "reactions":
                work.add(ReactionRow(**mine, kind=entry["kind"], created_at=at))
                self._record(work, item, Reacted(content_id=item.id, kind=ReactionKind(entry["kind"])))
            elif kind == "ratings":
                work.add(RatingRow(**mine, score=entry["score"], created_at=at, updated_at=at))
                self._record(work, item, Rated(content_id=item.id))
            else:
                work.add(FollowRow(**mine, created_at=at))
                self._record(work, item, Followed(content_id=item.id))
            # Nobody responds to what they have not read.
            read = timedelta(seconds=60 + len(item.body) // 4)
            dwell = int(read.total_seconds() * 1000)
            work.add(ViewingRow(**mine, dwell_ms=dwell, at=at - read))

        return act

    async def _count(self) -> None:
        """The counters, from what was replayed."""
        discussion = self.source.discussion
        likes = {kind: Counter[str]() for kind in ("like", "thank", "favourite")}
        for reaction in discussion["reactions"]:
            likes[reaction["kind"]][reaction["item"]] += 1
        comments, followers, ratings, scores, views = (Counter[str]() for _ in range(5))
        for entry in discussion["comments"]:
            comments[entry["item"]] += 1
        for entry in discussion["follows"]:
            followers[entry["item"]] += 1
        for entry in discussion["ratings"]:
            ratings[entry["item"]] += 1
            scores[entry["item"]] += entry["score"]
        for kind in ("reactions", "ratings", "follows"):
            views.update(entry["item"] for entry in discussion[kind])
        counters = [
            {
                "content_id": item.id,
                "comments": comments[key],
                "likes": likes["like"][key],
                "thanks": likes["thank"][key],
                "favourites": likes["favourite"][key],
                "followers": followers[key],
                "views": views[key],
                "ratings": ratings[key],
                "rating_sum": scores[key],
            }
            for key, item in self.items.items()
        ]
        await self.session.execute(update(CounterRow), counters)
