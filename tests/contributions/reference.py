"""What the account should say, worked out slowly: plain Python over all rows, by the words of the rules."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.conftest import Company
from tests.contributions.accounts import Standing

from kshare.core.clock import midnight, now

ZONE = ZoneInfo("Asia/Shanghai")
WEIGHTS = {
    "item_published": Decimal(3),
    "item_improved": Decimal(1),
    "idea_proposed": Decimal(2),
    "idea_adopted": Decimal(3),
    "idea_implemented": Decimal(5),
    "comment_written": Decimal("0.5"),
    "review_given": Decimal(1),
    "credited": Decimal(2),
}
Found = tuple[UUID, str, date, Decimal, str, UUID, UUID | None]


def day(moment: datetime) -> date:
    return moment.astimezone(ZONE).date()


class Reference:
    """All rows of a company's tables, and what follows from them."""

    def __init__(self, company: Company) -> None:
        def rows(table: str, order: str = "1") -> list[Any]:
            return company.server.sql(f"SELECT * FROM {table} ORDER BY {order}")

        self.people = {row["id"]: row for row in rows("person")}
        self.memberships = rows("membership", "since, id")
        self.contents = {row["id"]: row for row in rows("content")}
        self.revisions = rows("content_revision", "content_id, number")
        self.ideas = {row["content_id"]: row for row in rows("idea")}
        self.coauthors = rows("idea_coauthor")
        self.decisions = rows("idea_decision")
        self.moves = company.server.sql(
            "SELECT content_id, at, payload ->> 'to_stage' AS stage FROM journal WHERE happened = 'idea_stage_changed'"
        )
        self.comments = rows("comment")
        self.reviews = {row["id"]: row for row in rows("review")}
        self.assignments = {row["id"]: row for row in rows("review_assignment")}
        self.judgements = rows("review_judgement")
        self.credits = rows("credit")

    def standing(self) -> Standing:
        """The entries that should hold, as `accounts.standing` tells them."""
        parts = (self._items(), self._improvements(), self._ideas(), self._comments(), self._reviews(), self._credits())
        found = [one for part in parts for one in part if self.people[one[0]]["kind"] == "person"]
        return Counter(
            (person, self.department(person, on), rule, 1, on, weight, kind, thing, content)
            for person, rule, on, weight, kind, thing, content in found
        )

    def department(self, person: UUID, on: date) -> UUID | None:
        """Where somebody was on a day."""
        there = None
        for row in self.memberships:
            if row["person_id"] == person and row["since"] <= on and (row["until"] is None or on < row["until"]):
                there = row["department_id"]
        return there

    def _shown(self, id: UUID) -> bool:
        return bool(self.contents[id]["state"] != "draft" and self.contents[id]["published_at"])

    def _items(self) -> Iterator[Found]:
        for item in self.contents.values():
            if item["kind"] == "knowledge_item" and self._shown(item["id"]):
                yield (
                    item["author_id"], "item_published", day(item["published_at"]), WEIGHTS["item_published"],
                    "knowledge_item", item["id"], item["id"],
                )  # fmt: skip

    def _improvements(self) -> Iterator[Found]:
        counted: set[tuple[UUID, UUID, date]] = set()
        for text in self.revisions:
            item = self.contents[text["content_id"]]
            if item["kind"] != "knowledge_item" or not self._shown(item["id"]):
                continue
            if text["number"] == 1 or text["number"] > item["revision"] or text["held"]:
                continue
            published, on = day(item["published_at"]), day(text["created_at"])
            early = text["author_id"] == item["author_id"] and on - published < timedelta(days=7)
            once = (text["author_id"], item["id"], on)
            if text["created_at"] < item["published_at"] or early or once in counted:
                continue
            counted.add(once)
            yield text["author_id"], "item_improved", on, WEIGHTS["item_improved"], "revision", text["id"], item["id"]

    def shares(self, id: UUID) -> dict[UUID, int]:
        """The shares in an idea, in per cent."""
        shares = {row["person_id"]: row["share"] for row in self.coauthors if row["content_id"] == id}
        return shares or {self.contents[id]["author_id"]: 100}

    def _ideas(self) -> Iterator[Found]:
        for id, idea in self.ideas.items():
            content = self.contents[id]
            anonymous = self.people[content["author_id"]]["kind"] == "system"
            counts = content["state"] == "published" or (content["state"] == "archived" and idea["merged_into"])
            if anonymous or not counts:
                continue
            days = {"idea_proposed": day(content["published_at"])}
            for decision in self.decisions:
                approved = decision["current"] and decision["outcome"] == "approved"
                if decision["content_id"] == id and approved and decision["published_at"]:
                    days["idea_adopted"] = day(decision["decided_at"])
            moved = [row["at"] for row in self.moves if (row["content_id"], row["stage"]) == (id, "implemented")]
            if content["stage"] in ("implemented", "verified") and moved:
                days["idea_implemented"] = day(max(moved))
            for rule, on in days.items():
                shares = self.shares(id)
                for person, share in shares.items():
                    weight = WEIGHTS[rule] * share / 100
                    yield person, rule, on, weight, "idea", id, id

    def _comments(self) -> Iterator[Found]:
        for comment in self.comments:
            content = self.contents[comment["content_id"]]
            person = comment["author_id"]
            shares = self.shares(content["id"]) if content["kind"] == "idea" else {content["author_id"]: 100}
            if (
                comment["deleted"]
                or not self._shown(content["id"])
                or person == content["author_id"]
                or person in shares
            ):
                continue
            weight = WEIGHTS["comment_written"]
            yield person, "comment_written", day(comment["created_at"]), weight, "comment", comment["id"], content["id"]

    def _reviews(self) -> Iterator[Found]:
        given = {judgement["assignment_id"] for judgement in self.judgements}
        for assignment in self.assignments.values():
            if assignment["id"] not in given or assignment["state"] == "conflicted":
                continue
            review = self.reviews[assignment["review_id"]]
            if review["state"] in ("preparing", "open"):
                continue
            content = self.contents[review["content_id"]]
            if self.people[content["author_id"]]["kind"] == "system" and review["closed_at"] >= midnight(now()):
                continue
            yield (
                assignment["person_id"], "review_given", day(review["closed_at"]), WEIGHTS["review_given"],
                "review", review["id"], review["content_id"],
            )  # fmt: skip

    def _credits(self) -> Iterator[Found]:
        for credit in self.credits:
            weight = WEIGHTS["credited"] * credit["amount"]
            yield credit["person_id"], "credited", credit["day"], weight, "credit", credit["id"], None
