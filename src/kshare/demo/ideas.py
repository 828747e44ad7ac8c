"""The ideas of the demo company: each act is a command, done by whoever did it, at the time at which they did it."""

import hashlib
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime, time, timedelta
from types import ModuleType
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.benefits import commands as benefits
from kshare.challenges.commands import challenge, entries
from kshare.content.authorship import tell
from kshare.content.models import CategoryRow, ContentRow
from kshare.core.access import ROLES, Role
from kshare.core.clock import now
from kshare.core.principal import EVERYONE, SYSTEM, Principal
from kshare.core.sealing import derived
from kshare.core.writing import Work
from kshare.discussion import commands as discussion
from kshare.edge.commands import form_of
from kshare.ideas.commands import decisions, idea, merging, stages, votes
from kshare.ideas.models import VoteRow
from kshare.ideas.shapes.idea import ProposeIdea
from kshare.ideas.shapes.votes import IdeaVoted
from kshare.incubation import commands as incubation
from kshare.people.models import DepartmentRow, GroupRow, PersonRow
from kshare.resources.commands import budgets, grants, requests
from kshare.resources.models import ResourceGrantRow
from kshare.teams.commands import calls, joining, team

Act = Callable[[datetime], Coroutine[Any, Any, None]]
Plan = Callable[[datetime, Act], None]

_MODULES: Sequence[ModuleType] = (
    *(idea, stages, decisions, merging, votes, discussion),
    *(incubation, budgets, requests, grants, benefits, team, calls, joining, challenge, entries),
)
_FRIDAY = 4


class Ideas:
    """What people proposed, and what became of it."""

    modules: Sequence[ModuleType] = ()
    """More commands than those for ideas."""

    def __init__(
        self,
        session: AsyncSession,
        source: Mapping[str, Any],
        people: Mapping[str, PersonRow],
        roles: Mapping[str, Role],
        departments: Mapping[str, DepartmentRow],
        categories: Mapping[str, CategoryRow],
        groups: Mapping[str, GroupRow],
    ) -> None:
        self.session, self.source, self.people, self.roles = session, source, people, roles
        self.places: Mapping[str, Mapping[str, Any]] = {
            "person": people,
            "department": departments,
            "category": categories,
            "group": groups,
        }
        self.things: dict[str, UUID] = {}
        self.today = now()
        self.commands = {
            name: command
            for part in (*_MODULES, *self.modules)
            for name, command in vars(part).items()
            if hasattr(command, "permission")
        }

    def plan(self, plan: Plan) -> None:
        """Says when everything is done."""
        for number, entry in enumerate(self.source["acts"]):
            plan(self._time(entry["days"], "acts", number), self._act(entry, ""))
        for entry in self.source["ideas"]:
            if not entry.get("anonymous") or self._seed(self.people[entry["author"]]) is not None:
                self._plan_idea(plan, entry)

    def _plan_idea(self, plan: Plan, entry: Mapping[str, Any]) -> None:
        key, story = entry["key"], entry.get("story", ())
        proposed = self._time(entry["days"], key, 0)
        plan(proposed, self._propose(entry))
        moments = [self._time(one["days"], key, number) for number, one in enumerate(story, 1)]
        for at, one in zip(moments, story, strict=True):
            plan(at, self._act(one, key))
        # Votes count until it is decided, and it is seen by most within days.
        until = min(moments[0] if moments else self.today, proposed + timedelta(days=10))
        for share, person in self._readers(key, "vote", entry["author"])[: entry.get("votes", 0)]:
            plan(proposed + (until - proposed) * share, self._vote(person, key))
        for share, person in self._readers(key, "follow", entry["author"])[: entry.get("follows", 0)]:
            plan(proposed + (until - proposed) * share, self._act({"by": person, "do": "follow"}, key))

    def _readers(self, key: str, verb: str, author: str) -> list[tuple[float, str]]:
        """People in an order that is the same in every demo, each with a share of the time that they take."""

        def share(person: str) -> float:
            digest = hashlib.sha256(f"{verb}/{key}/{person}".encode()).digest()
            return int.from_bytes(digest[:4], "big") / 2**32

        among = sorted((share(person), person) for person in self.people if person != author)
        return [(share(person + "/when"), person) for _, person in among]

    def _time(self, days: int, key: str, number: int) -> datetime:
        """A moment of that day, at work, later the later in the story; of a weekend, the Friday before."""
        day = (self.today - timedelta(days=days)).date()
        day -= timedelta(days=max(0, day.weekday() - _FRIDAY))
        hour = hashlib.sha256(key.encode()).digest()[0] % 5 + 1
        return datetime.combine(day, time(hour), self.today.tzinfo) + timedelta(minutes=7 * number)

    def _propose(self, entry: Mapping[str, Any]) -> Act:
        fields = {name: entry[name] for name in entry if name in ProposeIdea.model_fields}
        category = self.places["category"][entry["category"]].id
        ask = ProposeIdea.model_validate(fields | {"category_id": category})

        async def act(at: datetime) -> None:
            self.things[entry["key"]] = await idea.propose_idea(self._work(entry["author"], at), ask)

        return act

    def _act(self, entry: Mapping[str, Any], idea_key: str) -> Act:
        command = self.commands[entry["do"]]
        form = form_of(command)

        async def act(at: datetime) -> None:
            arguments: list[Any] = [self.things[entry.get("what", idea_key)]] if form.where else []
            if form.ask is not None:
                arguments.append(form.ask.model_validate(self._resolved(entry.get("ask", {}))))
            version = {"version": None} if form.version == "required" else {}
            made = await command(self._work(entry["by"], at), *arguments, **version)
            if "as" in entry:
                self.things[entry["as"]] = await self._made(made)

        return act

    def _vote(self, person: str, key: str) -> Act:
        """A vote, without asking anew for each of hundreds whether it is allowed; `count` counts them all."""

        async def act(at: datetime) -> None:
            work = self._work(person, at)
            content = await self.session.get_one(ContentRow, self.things[key])
            work.append(VoteRow, content_id=content.id, person_id=work.principal.id, created_at=at)
            tell(work, content, IdeaVoted(content_id=content.id))
            await work.flush()

        return act

    async def count(self) -> None:
        """The votes, once everything was done."""
        work = Work(SYSTEM, self.session)
        await votes.count_votes(
            work, *(self.things[entry["key"]] for entry in self.source["ideas"] if entry["key"] in self.things)
        )

    async def _made(self, id: UUID) -> UUID:
        """What a command made; granting answers the request, and what is used then is the grant."""
        granted = select(ResourceGrantRow.id).where(ResourceGrantRow.request_id == id)
        return (await self.session.execute(granted)).scalar_one_or_none() or id

    def _resolved(self, value: Any) -> Any:
        """What stands in a file, with ids and days in place of the words for them."""
        if isinstance(value, dict):
            return {name: self._resolved(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._resolved(inner) for inner in value]
        kind, colon, name = value.partition(":") if isinstance(value, str) else ("", "", "")
        if not colon:
            return value
        if kind == "thing":
            return self.things[name]
        if kind in self.places:
            return self.places[kind][name].id
        if kind in ("day", "moment"):
            moment = self.today + timedelta(days=int(name))
            return moment.date() if kind == "day" else moment
        return value

    def _work(self, person: str, at: datetime) -> Work:
        row = self.people[person]
        seed = self._seed(row)
        pseudonym = None if seed is None else derived(seed, "pseudonym")
        permissions = ROLES[Role.employee] | ROLES[self.roles.get(person, Role.employee)]
        subjects = (row.id, EVERYONE) if pseudonym is None else (row.id, EVERYONE, pseudonym)
        principal = Principal(
            row.id, "person", row.name, subjects, row.clearance, permissions,
            department_id=row.department_id, pseudonym=pseudonym, seed=seed,
        )  # fmt: skip
        work = Work(principal, self.session)
        work.now = at
        return work

    def _seed(self, row: PersonRow) -> bytes | None:
        """Without keys nobody is anonymous, and what should be is left out."""
        seed: bytes | None = self.session.info["keyring"].seed(row.id)
        return seed
