"""Panels that score: made, opened, judged blind, closed, decided on."""

import pytest
from tests.conftest import Company
from tests.reviews.panelling import CRITERIA, idea, panel
from tests.reviews.reviewing import done, owed


def test_a_panel_of_five_with_a_conflict_scores_ten_ideas_blind(company: Company) -> None:
    one = panel(company, 10, 5)
    first, *others = one.members
    assert one.read()["state"] == "preparing"
    assert one.author.rest.get("/reviews", params={"content": one.ideas[0]}).json()["items"] == []
    assert [owed(member) for member in one.members] == [[]] * 5
    opened = one.open()
    assert (opened["state"], opened["ideas"], opened["progress"]) == ("open", 10, {"asked": 50, "given": 0})
    assert [len(owed(member)) for member in one.members] == [10] * 5
    conflict = {"reason": "提案人是我的配偶"}
    own = one.assignment(first, one.ideas[9])
    done(first.rest.post(f"/review-assignments/{own}/conflict", json=conflict))
    assert [len(owed(member)) for member in one.members] == [9, 10, 10, 10, 10]

    for number, idea_id in enumerate(one.ideas):
        for place, member in enumerate(one.members):
            if (member, number) == (first, 9):
                continue
            value = 1 + (number * 4) // 9
            done(one.score(member, idea_id, value, min(5, value + (place + number) % 2)), 201)
            if number == 0:
                seen = done(member.rest.get(f"/reviews/{one.review(idea_id, member)['id']}/judgements"))["items"]
                assert len(seen) == place + 1
                for waiting in one.members[place + 1 :]:
                    review = one.review(idea_id, waiting)
                    assert (review["progress"], review["result"]) == (None, None)
                    assert done(waiting.rest.get(f"/reviews/{review['id']}/judgements"))["items"] == []
        held = one.company.committee.rest.post(f"/ideas/{idea_id}/decision", json={"outcome": "approved"})
        assert held.status_code == 409
    assert one.read()["progress"] == {"asked": 49, "given": 49}
    assert one.page("results") == one.page("agreement") == one.page("deviations") == []

    closed = one.close()
    assert (closed["state"], closed["closing_note"]) == ("closed", None)
    results = one.page("results")
    scores = [result["result"]["score"] for result in results]
    assert len(results) == 10 and scores == sorted(scores, reverse=True)
    assert [result["result"]["judges"] for result in results].count(4) == 1
    agreement = one.page("agreement", first)
    assert [row["criterion"] and row["criterion"]["name"] for row in agreement] == [None, "效果", "可行"]
    assert agreement[1]["alpha"] == 1 and 0.5 < agreement[0]["alpha"] < 1
    assert all(row["units"] == 10 and row["raters"] == 5 and row["low"] <= row["high"] for row in agreement)
    assert len(one.page("deviations")) == 5 and len(one.page("deviations", first)) == 1
    assert [result["id"] for result in one.page("results", first)] == [
        result["id"] for result in results if result["subject"]["id"] != one.ideas[9]
    ]

    best = results[0]["subject"]["id"]
    assert results[0]["result"]["advice"] == "approve"
    decision = f"/ideas/{best}/decision"
    silent = company.committee.rest.post(decision, json={"outcome": "declined", "reason": "cost"})
    assert silent.status_code == 422, silent.text
    assert silent.json()["errors"][0]["code"] == "against_advice"
    against = {"outcome": "declined", "reason": "cost", "explanation": "今年没有预算。"}
    done(company.committee.rest.post(decision, json=against))
