"""Every figure of sharing equals what its contract says, computed slowly, on random histories."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st
from tests.conftest import Loop
from tests.metrics.histories import ZONE, History, Stage, stage
from tests.metrics.reference.kept import category_months, hot_categories, places
from tests.metrics.reference.sharing import ITEM_KINDS, REFERENCES, knowledge_flow
from tests.metrics.reference.told import World, compare

from kshare.content.models import CategoryRow, ContentRow
from kshare.contributions.models import ContributionRow
from kshare.core.principal import ANONYMOUS_ID, EVERYONE
from kshare.discussion.models import CommentRow, ReactionRow, ViewingRow
from kshare.metrics.contracts import MetricTopic
from kshare.metrics.definitions import METRICS
from kshare.metrics.periods import Period
from kshare.people.models import PersonRow
from kshare.reviews.models import AssignmentRow, JudgementRow, PanelRow, ReviewRow
from kshare.search.models import SearchRow

SHARING = {id: metric for id, metric in METRICS.items() if metric.topic is MetricTopic.sharing}


class Sharing(History):
    """A history of who wrote, read, judged and searched."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.persons = [one["id"] for one in self.rows[PersonRow] if one["kind"] == "person"]
        self.contents: list[dict[str, Any]] = []
        self.categories = [self.id() for _ in range(self.random.randint(1, 3))]
        for number, category in enumerate(self.categories):
            self.add(CategoryRow, id=category, name=f"分类{number}", parent_id=None, path=[category])
        for _ in range(self.random.randint(0, 60)):
            self._write()
        for _ in range(self.random.randint(0, 200)):
            self._use()
        for _ in range(self.random.randint(0, 80)):
            self._contribute()
        for _ in range(self.random.randint(0, 25)):
            self._review()
        aliases = [self.id() for _ in range(self.random.randint(1, 12))]
        for _ in range(self.random.randint(0, 60)):
            hits, exact = self.random.choice([0, 0, 1, 200]), self.chance(0.8)
            values = {"id": self.id(), "person_id": self.random.choice(aliases), "query": "阀", "filters": {}}
            self.add(SearchRow, **values, hits=hits, exact=exact, at=self.moment())

    def _write(self) -> None:
        author = self.random.choice(self.persons) if self.chance(0.8) else self.persons[0]
        anonymous = self.chance(0.1)
        published = self.moment(date(2023, 8, 1)) if self.chance(0.9) else None
        others = [one["id"] for one in self.contents]
        named = self.random.sample(others, k=min(len(others), self.random.choice([0, 0, 1, 3])))
        texts = [
            str(one).upper() if self.chance(0.3) else f"见(/knowledge-items/{one})" for one in [*named, *named[:1]]
        ]
        content = self.add(
            ContentRow,
            id=self.id(),
            kind="knowledge_item" if self.chance(0.8) else "idea",
            variety=self.random.choice(ITEM_KINDS[:3]),
            title="条目",
            body="，".join([*texts, str(self.id())]),
            state="draft" if published is None else self.random.choice(["published", "published", "archived"]),
            published_at=published,
            author_id=ANONYMOUS_ID if anonymous else author,
            owner_id=UUID(int=author.int ^ 1) if anonymous else author,
            department_id=None if anonymous else self.random.choice(self.departments[:4]),
            category_id=self.random.choice([None, *self.categories]),
            audience=[EVERYONE],
            readers=[EVERYONE] if self.chance(0.9) else [self.departments[0]],
            classification=self.random.choice([0, 1, 1, 1, 2]),
        )
        self.contents.append(content)

    def _use(self) -> None:
        if not self.contents:
            return
        content, reader = self.random.choice(self.contents), self.random.choice(self.people)
        if self.chance(0.6):
            for _ in range(self.random.randint(1, 3)):
                self.add(ViewingRow, id=self.id(), content_id=content["id"], person_id=reader, at=self.moment())
            return
        if self.chance(0.4):
            comment = {"id": self.id(), "content_id": content["id"], "body": "很有用", "deleted": self.chance(0.2)}
            self.add(CommentRow, **comment, author_id=reader, owner_id=reader, created_at=self.moment())
            return
        kind = self.random.choice(["thank", "thank", "like", "favourite"])
        one = {"content_id": content["id"], "person_id": reader, "kind": kind}
        if not any(one.items() <= row.items() for row in self.rows[ReactionRow]):
            self.add(ReactionRow, **one, created_at=self.moment())

    def _contribute(self) -> None:
        day = self.day(date(2023, 9, 1))
        entry = {
            "id": self.id(),
            "person_id": self.random.choice(self.persons),
            "rule": "comment_written",
            "rule_version": 1,
            "occurred_on": day,
            "month": day.replace(day=1),
            "weight": self.random.choice([Decimal("0.5"), Decimal(3), Decimal("4.17")]),
            "object_kind": "comment",
            "corrects_id": None,
            "recorded_at": datetime.combine(day, datetime.min.time(), ZONE),
        }
        self.add(ContributionRow, **entry)
        if self.chance(0.4):
            less = {"id": self.id(), "weight": -entry["weight"], "corrects_id": entry["id"]}
            self.add(ContributionRow, **entry | less)

    def _review(self) -> None:
        if not self.contents:
            return
        began = self.moment(date(2023, 9, 1))
        if self.chance(0.1):
            self._compare_pairs(began)
            return
        ended = self.after(began) if self.chance(0.8) else None
        content = self.random.choice(self.contents)["id"]
        review = self.add(
            ReviewRow,
            id=self.id(),
            content_id=content,
            method="verdict",
            state=self.random.choice(["approved", "rejected", "withdrawn"]) if ended else "preparing",
            revision=1,
            submitted_by=self.persons[0],
            submitted_at=began,
            closed_at=ended,
            needs="one",
            required=1,
            working_days=3,
        )
        if not ended and not any(
            one["content_id"] == content and one["state"] == "open" for one in self.rows[ReviewRow]
        ):
            review["state"] = "open"
        for person in self.random.sample(self.persons, k=min(len(self.persons), self.random.randint(1, 6))):
            self._ask(review["id"], content, person, began, ended)

    def _ask(self, review: UUID, content: UUID, person: UUID, began: datetime, ended: datetime | None) -> None:
        asked = self.after(began) if self.chance(0.2) else began
        given = [self.after(asked) for _ in range(self.random.choice([0, 1, 1, 2]))]
        # What is anonymous ends at midnight, which may lie before.
        given = sorted(at for at in given if ended is None or at <= ended + timedelta(days=1))
        excused = self.after(asked) if not given and self.chance(0.3) else None
        assignment = self.add(
            AssignmentRow,
            id=self.id(),
            review_id=review,
            content_id=content,
            person_id=person,
            state="given" if given else "declined" if excused else "released" if ended else "asked",
            open=ended is None,
            due_at=asked,
            created_at=asked,
            closed_at=excused or (ended if ended and not given else None),
        )
        for number, at in enumerate(given, 1):
            values = {"id": self.id(), "review_id": review, "assignment_id": assignment["id"], "person_id": person}
            self.add(JudgementRow, **values, revision=1, number=number, current=number == len(given), given_at=at)

    def _compare_pairs(self, began: datetime) -> None:
        """A panel that compares has assignments of no review."""
        panel = {"id": self.id(), "name": "评审组", "method": "pairs", "state": "closed", "chair_id": self.persons[0]}
        self.add(PanelRow, **panel, working_days=3, opened_at=began, closed_at=self.after(began))
        self.add(
            AssignmentRow,
            id=self.id(),
            panel_id=panel["id"],
            person_id=self.persons[0],
            state="given",
            open=False,
            due_at=began,
            created_at=began,
            closed_at=self.after(began),
        )


@pytest.fixture(scope="module")
def played(postgres_url: str, loop: Loop) -> Iterator[Stage]:
    with stage(postgres_url, loop) as one:
        yield one


def test_every_metric_has_a_reference() -> None:
    assert SHARING.keys() == REFERENCES.keys()


# A smaller seed is no simpler history.
@settings(max_examples=25, phases=[Phase.generate])
@given(seed=st.integers(0, 2**32))
def test_figures_of_sharing_are_what_their_contracts_say(played: Stage, seed: int) -> None:
    history = Sharing(seed)
    found = played.play(history, SHARING)
    world = World(found.tables, history.today)
    for quarter in history.quarters:
        for metric, reference in REFERENCES.items():
            compare(metric, reference, world, quarter, found.figures)
        cells = {
            (cell["within_id"], cell["from_id"], cell["to_id"]): (cell["pairs"], cell["people"], cell["reason"])
            for cell in found.tables["metric_flow"]
            if cell["quarter"] == quarter.start
        }
        assert cells == knowledge_flow(world, quarter)
    check_what_is_kept(world, history.quarters)


def check_what_is_kept(world: World, quarters: Sequence[Period]) -> None:
    """Raises AssertionError unless what dashboards show beside the figures is what its reference says."""
    found: dict[Any, Any] = {
        (one["person_id"], one["grain"], one["start"]): (one["department_id"], one["weight"], one["place"])
        for one in world.tables["contributor_place"]
    }
    expected: dict[Any, Any] = {}
    for quarter in quarters:
        expected |= places(world, quarter)
    assert found == expected
    found = {
        (one["category_id"], one["month"], one["classification"]): tuple(
            one[name] for name in ("items", "ideas", "views", "thanks")
        )
        for one in world.tables["category_month"]
    }
    expected = {}
    for quarter in quarters:
        expected |= category_months(world, quarter)
    assert found == expected
    found = {
        (one["classification"], one["topic_id"]): (one["recent"], one["baseline"], one["people"])
        for one in world.tables["hot_topic"]
    }
    assert found == hot_categories(world)
    event(f"{len(found)} hot topics")
