"""What the demo company reviews: each act is a command, done by whoever did it, at the time at which they did it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from kshare.challenges.models import ChallengeRow
from kshare.content.models import ContentRow
from kshare.core.principal import SYSTEM
from kshare.core.writing import Work
from kshare.demo.ideas import Act, Ideas, Plan
from kshare.knowledge import commands as knowledge
from kshare.people.models import PersonRow
from kshare.reviews.commands import calibration, comparing, forms, judging, panels, policies, running, submitting
from kshare.reviews.commands.closing import criteria_of
from kshare.reviews.models import AssignmentRow, FormCriterionRow, PanelRow, ReviewRow
from kshare.reviews.shapes.asks import DeclareConflict, GiveJudgement
from kshare.reviews.shapes.calibration import AddPanelSample
from kshare.reviews.shapes.comparing import CompareIdeas

_OUTCOMES = {">": "first", "=": "tie"}


class Reviews(Ideas):
    """What is judged, by whom, and what they said."""

    modules = (knowledge, policies, forms, submitting, panels, running, calibration, comparing)

    def plan(self, plan: Plan) -> None:
        """Says when everything is done."""
        for entry in self.source["ideas"]:
            self._plan_idea(plan, entry)
        for name, story in self.source["stories"].items():
            for number, entry in enumerate(story, 1):
                plan(self._time(entry["days"], name, number), self._told(entry))

    def _told(self, entry: Mapping[str, Any]) -> Act:
        for verb, act in (
            ("judge", self._judge),
            ("conflict", self._declare),
            ("compare", self._compare),
            ("sample", self._add_sample),
            ("times", self._move),
        ):
            if verb in entry:
                return act(entry)
        return self._act(entry, "")

    async def _assigned(self, content_key: str, person: str) -> tuple[UUID, str]:
        """What somebody is asked to judge, and who it is; of `any` the first who still owes it."""
        query = (
            select(AssignmentRow.id, PersonRow.external_id)
            .join(PersonRow, PersonRow.id == AssignmentRow.person_id)
            .where(AssignmentRow.content_id == self.things[content_key], AssignmentRow.open)
            .order_by(AssignmentRow.id)
        )
        if person == "any":
            query = query.where(AssignmentRow.state == "asked")
        else:
            query = query.where(AssignmentRow.person_id == self.people[person].id)
        found = (await self.session.execute(query)).first()
        if found is None:
            raise LookupError(f"{person} is not asked to judge {content_key}")
        return found[0], str(found[1])

    def _judge(self, entry: Mapping[str, Any]) -> Act:
        async def act(at: datetime) -> None:
            assignment, person = await self._assigned(entry["judge"], entry["by"])
            content = await self.session.get_one(ContentRow, self.things[entry["judge"]])
            ask = {name: entry[name] for name in ("verdict", "comment", "remarks") if name in entry}
            if "scores" in entry:
                ask["scores"] = await self._scores(assignment, entry["scores"])
            judged = GiveJudgement.model_validate({"revision": content.latest_revision, **ask})
            await judging.give_judgement(self._work(person, at), assignment, judged)

        return act

    async def _scores(self, assignment: UUID, scores: list[int]) -> list[dict[str, Any]]:
        """Scores in the order of the form; those at the ends of the scale with a word where it asks for one."""
        form = select(ReviewRow.form_version_id).join(AssignmentRow, AssignmentRow.review_id == ReviewRow.id)
        criteria = await self._criteria(form.where(AssignmentRow.id == assignment))
        return [
            {"criterion_id": one.id, "score": score, "comment": one.means_1 if score == 1 else one.means_5}
            if one.comment == "extremes" and score in (1, 5)
            else {"criterion_id": one.id, "score": score}
            for one, score in zip(criteria, scores, strict=True)
        ]

    async def _criteria(self, form: Select[UUID | None]) -> list[FormCriterionRow]:
        version = (await self.session.execute(form)).scalar_one()
        assert version is not None
        return await criteria_of(Work(SYSTEM, self.session), version)

    def _add_sample(self, entry: Mapping[str, Any]) -> Act:
        async def act(at: datetime) -> None:
            panel = self.things[entry["to"]]
            criteria = await self._criteria(select(PanelRow.form_version_id).where(PanelRow.id == panel))
            reference = zip((one.id for one in criteria), entry["worth"], strict=True)
            ask = AddPanelSample.model_validate(
                {
                    "idea_id": self.things[entry["sample"]],
                    "reference": [{"criterion_id": id, "score": score} for id, score in reference],
                }
            )
            await calibration.add_panel_sample(self._work(entry["by"], at), panel, ask)

        return act

    def _declare(self, entry: Mapping[str, Any]) -> Act:
        async def act(at: datetime) -> None:
            assignment, person = await self._assigned(entry["conflict"], entry["by"])
            ask = DeclareConflict(reason=entry["reason"])
            await judging.declare_conflict(self._work(person, at), assignment, ask)

        return act

    def _compare(self, entry: Mapping[str, Any]) -> Act:
        async def act(at: datetime) -> None:
            panel = self.things[entry["compare"]]
            query = select(ReviewRow.content_id, ReviewRow.id).where(ReviewRow.panel_id == panel)
            reviews = {row.content_id: row.id for row in await self.session.execute(query)}
            for said in entry["said"]:
                first, sign, second = said.split()
                ids = {"first_id": reviews[self.things[first]], "second_id": reviews[self.things[second]]}
                ask = CompareIdeas.model_validate({**ids, "outcome": _OUTCOMES[sign]})
                await comparing.compare_ideas(self._work(entry["by"], at), panel, ask)

        return act

    def _move(self, entry: Mapping[str, Any]) -> Act:
        async def act(_: datetime) -> None:
            times = await self.session.get_one(ChallengeRow, self.things[entry["times"]])
            for name in ("opens_at", "closes_at", "judging_until"):
                setattr(times, name, self._resolved(entry[name]))
            await self.session.flush()

        return act
