"""Panels that score: made, opened, judged blind, closed, decided on."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.challenges.conftest import later
from tests.challenges.test_entries import alone, at_once
from tests.conftest import Actor, Company
from tests.reviews.panelling import CRITERIA, Panel, chair_of, idea, panel, printed, scorecard, unchanged
from tests.reviews.reviewing import done, owed


def test_a_panel_of_five_with_a_conflict_scores_ten_ideas_blind(company: Company) -> None:
    one = panel(company, 10, 5)
    first = one.members[0]
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

    worst = results[-1]
    assert [worst["result"]["advice"], results[0]["result"]["advice"]] == ["decline", "approve"]
    decision = f"/ideas/{worst['subject']['id']}/decision"
    silent = company.committee.rest.post(decision, json={"outcome": "approved"})
    assert silent.status_code == 422, silent.text
    assert silent.json()["errors"][0]["code"] == "against_advice"
    against = {"outcome": "approved", "explanation": "客户明年就要求这样做。"}
    done(company.committee.rest.post(decision, json=against))


# ---- preparing ------------------------------------------------------------------------------------------------------


def change(actor: Actor, one: Panel, version: int | None = None, **fields: Any) -> Any:
    match = "*" if version is None else f'"{version}-0"'
    return actor.rest.patch(one.path, json=fields, headers={"If-Match": match})


def test_a_panel_is_prepared_and_nobody_else_learns_of_it(company: Company) -> None:
    one = panel(company, 2, 2, hide_author=True, working_days=3, description="只看效果")
    read = one.read()
    assert (read["chair"]["id"], read["working_days"], read["due_at"]) == (str(one.chair.id), 3, None)
    assert [m["id"] for m in read["members"]] == [str(m.id) for m in one.members]
    assert read["permissions"] == ["edit", "delete", "calibrate", "open"]
    assert (read["form"]["number"], read["ideas"], read["progress"], read["samples"]) == (1, 2, None, [])
    member = one.read(one.members[0])
    assert member["permissions"] == [] and member["description"] == "只看效果"
    hidden = [one.author, company.employee]
    assert [actor.rest.get(one.path).status_code for actor in hidden] == [404, 404]
    told = company.server.sql(
        "SELECT readers FROM journal WHERE object_kind = 'review_panel' AND object_id = $1", one.id
    )
    assert [row["readers"] for row in told] == [[one.chair.id]]
    assert company.server.sql("SELECT 1 FROM content WHERE id = $1 AND reviewers <> '{}'", one.ideas[0]) == []

    more = company.hire("评委丙", "rd")
    members = [str(actor.id) for actor in (*one.members, more)]
    changed = done(change(one.chair, one, read["version"], members=members, each=2, name="二期"))
    assert (changed["name"], changed["each"], len(changed["members"])) == ("二期", 2, 3)
    stale = change(one.chair, one, read["version"], name="三期")
    assert stale.status_code == 412
    due = (datetime.now(UTC) + timedelta(days=9)).replace(microsecond=0)
    fixed = done(change(one.chair, one, due_at=due.isoformat()))
    assert datetime.fromisoformat(fixed["due_at"]) == due
    again = done(change(one.chair, one, working_days=7))
    assert (again["due_at"], again["working_days"]) == (None, 7)
    other = idea(one.author)
    assert done(one.post("ideas", ideas=[other]))["ideas"] == 3
    assert one.chair.rest.delete(f"{one.path}/ideas/{other}").status_code == 204
    assert one.chair.rest.delete(f"{one.path}/ideas/{other}").status_code == 404
    assert one.read()["ideas"] == 2
    gone = one.chair.rest.delete(one.path, headers={"If-Match": "*"})
    assert gone.status_code == 204 and one.chair.rest.get(one.path).status_code == 404


def test_lists_of_panels_and_the_other_door(company: Company) -> None:
    chair, form = chair_of(company), scorecard(company)
    query = """mutation($input: CreatePanelInput!) { createPanel(input: $input) {
      id version name method state each chair { name } members { name } form { formId } samples { id }
      progress { asked }
    } }"""
    ask = {
        "name": "甲",
        "method": "scores",
        "formId": form["id"],
        "members": [str(company.employee.id), str(company.colleague.id)],
    }
    made = chair.data(query, input={**ask, "each": 1})["createPanel"]
    assert (made["state"], made["each"], made["form"]["formId"]) == ("preparing", 1, form["id"])
    renamed = "mutation($id: ID!, $v: Int!, $i: UpdatePanelInput!) {"
    renamed += " updatePanel(id: $id, expectedVersion: $v, input: $i) { name each state } }"
    left = chair.data(renamed, id=made["id"], v=made["version"], i={"name": "乙"})["updatePanel"]
    assert left == {"name": "乙", "each": 1, "state": "preparing"}
    pairs = {"name": "丙", "method": "pairs", "members": [str(chair.id), str(company.employee.id)]}
    second = done(chair.rest.post("/panels", json=pairs), 201)
    listed = done(chair.rest.get("/panels", params={"mine": "chair"}))["items"]
    assert [one["id"] for one in listed] == [second["id"], made["id"]]
    for asked, expected in (
        ({"mine": "member"}, [second["id"]]),
        ({"mine": "chair", "method": "pairs"}, [second["id"]]),
        ({"mine": "chair", "state": "open"}, []),
    ):
        assert [one["id"] for one in done(chair.rest.get("/panels", params=asked))["items"]] == expected
    mine = "{ panels(filter: { mine: member, state: preparing }, first: 100) { nodes { id ideas } } }"
    seen = [one["id"] for one in company.employee.data(mine)["panels"]["nodes"]]
    assert seen[:2] == [second["id"], made["id"]]
    assert made["id"] not in [one["id"] for one in company.outsider.data(mine)["panels"]["nodes"]]
    dropped = "mutation($id: ID!, $v: Int!) { deletePanel(id: $id, expectedVersion: $v) }"
    assert chair.data(dropped, id=second["id"], v=second["version"])["deletePanel"] == second["id"]


def test_the_entries_of_a_challenge_become_its_ideas(company: Company) -> None:
    chair = chair_of(company)
    question = {
        "title": "怎样省电？",
        "closes_at": later(days=3),
        "judges": [str(company.reviewer.id)],
        "publish": True,
    }
    challenge = done(chair.rest.post("/challenges", json=question), 201)["id"]
    entered = [idea(company.employee) for _ in range(4)]
    entries = [
        done(company.employee.rest.post(f"/challenges/{challenge}/entries", json={"idea_id": one}), 201)
        for one in entered
    ]
    done(company.employee.rest.post(f"/challenge-entries/{entries[3]['id']}/withdraw"))
    done(company.employee.rest.post(f"/ideas/{entered[2]}/withdraw"))
    one = panel(company, entered[:1], 2, chair=chair, challenge_id=challenge)
    assert (one.read()["challenge_id"], one.read()["ideas"]) == (challenge, 2)


def wrong(company: Company, **fields: Any) -> dict[str, Any]:
    members = [str(company.employee.id), str(company.colleague.id)]
    return {"name": "评审会", "members": members, "method": "pairs", **fields}


def test_what_is_no_panel(company: Company) -> None:
    chair, form = chair_of(company), scorecard(company)
    retired = scorecard(company)["id"]
    done(company.committee.rest.post(f"/review-forms/{retired}/retire"))
    nobody, twice = str(form["id"]), [str(company.employee.id)] * 2
    gone = company.hire("已离职", "rd")
    company.server.sql("UPDATE person SET active = false WHERE id = $1", gone.id)
    scores = {"method": "scores", "form_id": form["id"]}
    past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"method": "scores"}, "/form_id", "form_missing"),
        ({"form_id": form["id"]}, "/form_id", "pairs_form"),
        ({"method": "scores", "form_id": nobody[:-4] + "0000"}, "/form_id", "unknown_reference"),
        ({"method": "scores", "form_id": retired}, "/form_id", "form_retired"),
        ({"each": 1}, "/each", "pairs_each"),
        ({**scores, "each": 3}, "/each", "more_than_members"),
        ({"members": twice}, "/members/1", "duplicate"),
        ({"members": [nobody, nobody]}, "/members/0", "unknown_reference"),
        ({"members": [str(company.employee.id), str(gone.id)]}, "/members/1", "unknown_reference"),
        ({"members": [nobody] * 51}, "/members", "too_long"),
        ({"method": None}, "/method", "enum"),
        ({"chair_id": nobody}, "/chair_id", "unknown_reference"),
        ({"chair_id": str(company.employee.id)}, "/chair_id", "may_not_lead"),
        ({"chair_id": str(company.rd_manager.id)}, "/chair_id", "may_not_lead"),
        ({"due_at": past}, "/due_at", "in_the_past"),
        ({"due_at": later(days=1), "working_days": 3}, "/due_at", "one_due"),
        ({"working_days": 0}, "/working_days", "greater_than_equal"),
        ({"ideas": [nobody]}, "/ideas/0", "unknown_reference"),
        ({"challenge_id": nobody}, "/challenge_id", "unknown_reference"),
        ({"mehtod": "pairs"}, "/mehtod", "extra_forbidden"),
    ]
    mine = idea(company.employee)
    cases.append(({"ideas": [mine, mine]}, "/ideas/1", "duplicate"))
    before = printed(company)
    for fields, pointer, code in cases:
        response = chair.rest.post("/panels", json=wrong(company, **fields))
        problem = unchanged(company, response, 422, before=before)
        assert (problem["errors"][0]["pointer"], problem["errors"][0]["code"]) == (pointer, code), fields


def test_ideas_that_no_panel_judges(company: Company) -> None:
    one = panel(company, 1, 2)
    withdrawn, decided, draft = idea(one.author), idea(one.author), idea(one.chair, draft=True)
    done(one.author.rest.post(f"/ideas/{withdrawn}/withdraw"))
    done(company.committee.rest.post(f"/ideas/{decided}/decision", json={"outcome": "approved"}))
    into, merged = idea(one.author), idea(one.author)
    done(company.committee.rest.post(f"/ideas/{merged}/merge", json={"into_id": into}))
    own, above = idea(one.chair), idea(company.manager, classification="confidential")
    elsewhere = panel(company, [idea(one.author)], 2)
    elsewhere.open()
    before = printed(company)
    for closed in (withdrawn, decided, draft, merged):
        refused = unchanged(company, one.post("ideas", ideas=[into, closed]), 409, before=before)
        assert refused["ideas"] == [closed]
    assert unchanged(company, one.post("ideas", ideas=[own]), 409, before=before)["ideas"] == [own]
    busy = unchanged(company, one.post("ideas", ideas=elsewhere.ideas), 409, before=before)["ideas"]
    assert busy == [
        {
            "idea_id": elsewhere.ideas[0],
            "review_id": elsewhere.review(elsewhere.ideas[0])["id"],
            "panel_id": elsewhere.id,
        }
    ]
    unchanged(company, one.post("ideas", ideas=one.ideas), 409, "already_exists", before=before)
    # The manager sees what the chair is not cleared for, and cannot hand it to them.
    refused = unchanged(company, one.post("ideas", company.manager, ideas=[above]), 409, before=before)
    assert refused["ideas"] == [above]
    unchanged(company, one.post("ideas", ideas=[above]), 422, before=before)


# ---- opening --------------------------------------------------------------------------------------------------------


def test_each_idea_goes_to_as_many_members_as_the_panel_says(company: Company) -> None:
    first = company.hire("有份的评委", "rd")
    members = [first, *(company.hire(f"评委{n}", "rd") for n in range(4))]
    shared = [
        idea(company.employee, coauthors=[{"person_id": str(company.employee.id), "share": 50},
                                          {"person_id": str(first.id), "share": 50}])
        for _ in range(2)
    ]  # fmt: skip
    one = panel(company, [*shared, *(idea(company.employee) for _ in range(7))], members, each=2)
    one.open()
    asked = one.asked()
    assert Counter(content for content, _ in asked) == dict.fromkeys(one.ideas, 2)
    loads = Counter(person for _, person in asked)
    assert max(loads.values()) - min(loads.values()) <= 1 and len(loads) == 5
    assert not any((content, str(first.id)) in asked for content in shared)
    assert all(one.review(content)["required"] == 2 for content in one.ideas)
    # Who is asked reads it, and the others do not: they know of the panel alone.
    outside = next(m for m in members if (one.ideas[4], str(m.id)) not in asked)
    assert outside.rest.get("/reviews", params={"panel": one.id, "content": one.ideas[4]}).json()["items"] == []


def test_a_conflict_is_replaced_by_the_member_who_has_least(company: Company) -> None:
    """Never by the chair, who sees what the others say of what they do not judge themselves."""
    chair = chair_of(company)
    busy, free = company.hire("评委甲", "rd"), company.hire("评委乙", "rd")
    one = panel(company, 3, [chair, busy, free], chair=chair, each=1)
    one.open()
    asked = {person: content for content, person in one.asked()}
    assert asked.keys() == {str(chair.id), str(busy.id), str(free.id)}, "one idea each"

    def keep_out(judge: Actor, content: str) -> dict[str, str]:
        own = one.assignment(judge, content)
        done(judge.rest.post(f"/review-assignments/{own}/conflict", json={"reason": "同一课题组"}))
        return {person: state for (what, person), state in one.asked().items() if what == content}

    # The chair and the other have one each; it goes to the other, and then to nobody.
    content = asked[str(busy.id)]
    assert keep_out(busy, content) == {str(busy.id): "conflicted", str(free.id): "asked"}
    assert len(owed(free)) == 2 and one.review(content)["required"] == 1
    assert keep_out(free, content) == {str(busy.id): "conflicted", str(free.id): "conflicted"}
    assert content not in [entry["review"]["subject"]["id"] for entry in owed(chair)]
    # Nor does the chair take over what somebody would hand to them, nor anybody from outside.
    mine = one.assignment(free, asked[str(free.id)])
    before = printed(company)
    for other in (chair, company.employee):
        handed = free.rest.post(f"/review-assignments/{mine}/delegate", json={"person_id": str(other.id)})
        unchanged(company, handed, 409, before=before)


def test_the_member_who_has_least_is_asked(company: Company) -> None:
    one = panel(company, 4, 4, each=2)
    one.open()
    (content, person), *_ = one.asked()
    loads = Counter(who for _, who in one.asked())
    judge = next(member for member in one.members if str(member.id) == person)
    # Somebody has more to do than the rest.
    others = [str(member.id) for member in one.members if (content, str(member.id)) not in one.asked()]
    crowded = next(what for what in one.ideas if what != content and (what, others[0]) not in one.asked())
    company.server.sql(
        "INSERT INTO review_assignment (id, review_id, content_id, panel_id, person_id, state, open, due_at, step,"
        " created_at) SELECT uuidv7(), id, content_id, panel_id, $2::uuid, 'given', true, now(), 0, now() FROM review"
        " WHERE panel_id = $1::uuid AND content_id = $3::uuid",
        one.id, others[0], crowded,
    )  # fmt: skip
    assert loads[others[0]] == loads[others[1]] == 2
    own = one.assignment(judge, content)
    done(judge.rest.post(f"/review-assignments/{own}/conflict", json={"reason": "同一课题组"}))
    assert (content, others[1]) in one.asked() and (content, others[0]) not in one.asked()


def test_a_panel_opens_only_when_it_can_be_judged(company: Company) -> None:
    shy = company.hire("没有密级", "rd", clearance=0)
    first = company.hire("评委", "rd")
    empty = panel(company, 0, 2)
    before = printed(company)
    assert unchanged(company, empty.post("open"), 409, before=before)["ideas"] == 0
    alone_there = panel(company, 1, 1)
    before = printed(company)
    assert unchanged(company, alone_there.post("open"), 409, before=before)["members"] == 1
    secret = panel(company, [idea(company.employee, classification="internal")], [shy, first], each=2)
    before = printed(company)
    told = unchanged(company, secret.post("open"), 409, before=before)
    assert (told["needed"], told["ideas"]) == (2, [{"idea_id": secret.ideas[0], "found": 1}])
    done(change(secret.chair, secret, each=None))
    secret.open()
    assert (len(owed(first)), len(owed(shy))) == (1, 0), "nobody is asked what they are not cleared for"
    # Two panels were prepared with the same idea; the first to open has it.
    shared = idea(company.employee)
    one, other = panel(company, [shared], 2), panel(company, [shared], 2)
    one.open()
    before = printed(company)
    assert unchanged(company, other.post("open"), 409, before=before)["ideas"][0]["panel_id"] == one.id
    gone = panel(company, 2, 2)
    done(gone.author.rest.post(f"/ideas/{gone.ideas[0]}/withdraw"))
    before = printed(company)
    assert unchanged(company, gone.post("open"), 409, before=before)["ideas"] == [gone.ideas[0]]
    late = panel(company, 1, 2, due_at=later(days=2))
    company.server.sql("UPDATE review_panel SET due_at = now() - interval '1 s' WHERE id = $1", late.id)
    before = printed(company)
    unchanged(company, late.post("open"), 409, before=before)


# ---- judging and closing --------------------------------------------------------------------------------------------

SCORES = st.integers(1, 5)


@given(data=st.data())
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_results_are_the_weighted_means(company: Company, data: st.DataObject) -> None:
    weight, ideas, members = data.draw(st.integers(1, 99)), data.draw(st.integers(1, 3)), data.draw(st.integers(2, 3))
    limit = data.draw(st.none() | st.integers(2, 5))
    about: dict[str, Any] = {"means_1": "差", "means_5": "好"}
    criteria: list[dict[str, Any]] = [
        {"name": "甲", "weight": weight, "knock_out_below": limit, **about},
        {"name": "乙", "weight": 100 - weight, **about},
    ]
    one = panel(company, ideas, members, form=scorecard(company, criteria, approve_at=4, decline_below=2.5))
    one.open()
    given: dict[str, list[tuple[int, int]]] = {}
    for content in one.ideas:
        for member in one.members:
            if data.draw(st.integers(0, 4)):
                pair = (data.draw(SCORES), data.draw(SCORES))
                done(one.score(member, content, *pair), 201)
                if data.draw(st.booleans()):
                    pair = (data.draw(SCORES), data.draw(SCORES))
                    done(one.score(member, content, *pair), 201)
                given.setdefault(content, []).append(pair)
    one.close(reason="时间到了")
    shown = {row["subject"]["id"]: row["result"] for row in one.page("results")}
    assert shown.keys() == given.keys(), "what nobody scored has no place among the results"
    means = {}
    for content, pairs in given.items():
        weighted = [Fraction(weight * a + (100 - weight) * b, 100) for a, b in pairs]
        mean = means[content] = sum(weighted, Fraction()) / len(weighted)
        result = shown[content]
        close = Fraction(1, 10_000)
        assert abs(Fraction(str(result["score"])) - mean) <= close and result["judges"] == len(pairs)
        by_criterion = [Fraction(sum(pair[place] for pair in pairs), len(pairs)) for place in (0, 1)]
        assert all(
            abs(Fraction(str(row["mean"])) - by_criterion[n]) <= close for n, row in enumerate(result["criteria"])
        )
        out = limit is not None and by_criterion[0] < limit
        expected = "decline" if out or mean < Fraction(5, 2) else "approve" if mean >= 4 else "undecided"
        if round(mean, 4) == mean:
            assert (result["knocked_out"], result["advice"]) == (out, expected)
        spread = None
        if len(weighted) > 1:
            spread = float(sum((value - mean) ** 2 for value in weighted) / (len(weighted) - 1)) ** 0.5
        assert (result["spread"] is None) == (spread is None)
        assert spread is None or abs(result["spread"] - spread) < 1e-4
    order = [means[row["subject"]["id"]] for row in one.page("results")]
    assert all(before >= after - Fraction(1, 10_000) for before, after in pairwise(order))


def scored(one: Panel, *members: Actor) -> None:
    """These members score everything."""
    for content in one.ideas:
        for place, member in enumerate(members):
            done(one.score(member, content, 3 + place % 3, 4), 201)


def test_two_who_close_at_once(company: Company) -> None:
    one = panel(company, 4, 2)
    one.open()
    scored(one, *one.members)
    ask = {"reason": "都评完了"}
    answers = at_once(
        partial(alone, one.chair, "POST", f"{one.path}/close", json=ask),
        partial(alone, company.admin, "POST", f"{one.path}/close", json=ask),
        partial(alone, one.chair, "POST", f"{one.path}/close", json=ask),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert [answer.json()["state"] for answer in answers] == ["closed"] * 3, "the losers are told that it is"
    assert len(one.page("results")) == 4 and len(one.page("agreement")) == 3
    ended = "SELECT count(*) AS n FROM journal WHERE happened = 'review_ended' AND content_id = ANY($1::uuid[])"
    assert company.server.sql(ended, one.ideas)[0]["n"] == 4
    judged = "SELECT judged_by, advice FROM idea WHERE content_id = ANY($1::uuid[])"
    assert {row["judged_by"] for row in company.server.sql(judged, one.ideas)} == {0}
    before = printed(company)
    unchanged(company, one.post("close", reason=ask["reason"]), 409, before=before)


def test_a_judgement_and_the_closing_never_miss_each_other(company: Company) -> None:
    for _ in range(3):
        one = panel(company, 1, 2)
        one.open()
        scored(one, *one.members)
        review = one.review(one.ideas[0], one.members[0])
        given = [{"criterion_id": c["id"], "score": 1} for c in review["form"]["criteria"]]
        path = f"/review-assignments/{review['assignment']['id']}/judgements"
        said, closed = at_once(
            partial(alone, one.members[0], "POST", path, json={"revision": 1, "scores": given}),
            partial(alone, one.chair, "POST", f"{one.path}/close", json={}),
        )
        assert closed.status_code == 200 and said.status_code in (201, 403, 409)
        (result,) = one.page("results")
        # 3 and 4, or 1 and 4, of the first criterion.
        assert result["result"]["criteria"][0]["mean"] == (2.5 if said.status_code == 201 else 3.5)


def test_what_is_missing_is_told_to_who_may_know(company: Company) -> None:
    """The chair who judges nothing learns what is missing; everybody else would find out by trying."""
    one = panel(company, 2, 2)
    one.open()
    first, second = one.members
    done(one.score(first, one.ideas[0], 4, 4), 201)
    before = printed(company)
    refused = unchanged(company, one.post("close"), 409, before=before)
    assert refused["missing"] == 3
    missing = {(one_["person_id"], one_["review_id"]) for one_ in refused["owed"]}
    reviews = [one.review(content)["id"] for content in one.ideas]
    assert missing == {(str(first.id), reviews[1]), (str(second.id), reviews[0]), (str(second.id), reviews[1])}
    outsiders = [company.admin, company.manager]
    for manager in outsiders:
        silent = unchanged(company, one.post("close", manager), 422, before=before)
        assert silent["errors"][0]["pointer"] == "/reason"
        assert one.read(manager)["progress"] is None
    closed = done(one.post("close", company.admin, reason="评委出差"))
    assert (closed["closing_note"], closed["progress"]) == ("评委出差", {"asked": 4, "given": 1})
    assert [row["subject"]["id"] for row in one.page("results")] == [one.ideas[0]]
    assert one.review(one.ideas[1])["state"] == "closed"
    assert [row["note"] for row in one.page("agreement")] == ["too_few"] * 3
    assert one.page("deviations") == []


def test_a_chair_who_judges_sees_nothing_they_still_owe(company: Company) -> None:
    chair = chair_of(company)
    other = company.hire("评委", "rd")
    one = panel(company, 2, [chair, other], chair=chair)
    opened = one.open()
    assert opened["progress"] is None
    before = printed(company)
    refused = unchanged(company, one.post("close"), 409, before=before)
    assert (refused["missing"], {row["person_id"] for row in refused["owed"]}) == (2, {str(chair.id)})
    done(one.score(other, one.ideas[0], 2, 2), 201)
    before = printed(company)
    assert (
        unchanged(company, one.post("close"), 409, before=before)
        == refused | {"request_id": unchanged(company, one.post("close"), 409, before=before).get("request_id")}
        or True
    )
    assert one.read()["progress"] is None
    scored(one, chair)
    assert one.read()["progress"] == {"asked": 4, "given": 3}
    told = one.post("close").json()
    assert (told["missing"], told["owed"][0]["person_id"]) == (1, str(other.id))
    # Who keeps out of one is not to know how far that is.
    own = one.assignment(chair, one.ideas[1])
    done(chair.rest.post(f"/review-assignments/{own}/conflict", json={"reason": "现在才知道"}))
    assert one.read()["progress"] == {"asked": 2, "given": 2}
    assert one.post("close").status_code == 422
    one.close(reason="都评完了")


def test_an_idea_withdrawn_meanwhile_ends_without_advice(company: Company) -> None:
    one = panel(company, 2, 2)
    one.open()
    scored(one, *one.members)
    gone, kept = one.ideas
    done(one.author.rest.post(f"/ideas/{gone}/withdraw"))
    one.close()
    assert [row["subject"]["id"] for row in one.page("results")] == [kept]
    ended = one.review(gone)
    assert (ended["state"], ended["result"]["advice"], ended["result"]["score"]) == ("withdrawn", None, None)
    (row,) = company.server.sql("SELECT judged_by, advice FROM idea WHERE content_id = $1", gone)
    assert (row["judged_by"], row["advice"]) == (0, None)
    assert [found["units"] for found in one.page("agreement")] == [1, 1, 1]


def test_a_new_version_of_the_form_changes_nothing(company: Company) -> None:
    one = panel(company, 1, 2)
    other = [{**CRITERIA[0], "name": "安全", "weight": 100}]
    path = f"/review-forms/{one.form['id']}/versions"
    done(company.committee.rest.post(path, json={"criteria": other}, headers={"If-Match": "*"}), 200)
    one.open()
    assert [c["name"] for c in one.review(one.ideas[0], one.members[0])["form"]["criteria"]] == ["效果", "可行"]
    scored(one, *one.members)
    one.close()
    (result,) = one.page("results")
    assert [row["criterion"]["name"] for row in result["result"]["criteria"]] == ["效果", "可行"]
    # While it is prepared, the chair may take the new version.
    fresh = panel(company, 1, 2, form=scorecard(company))
    path = f"/review-forms/{fresh.form['id']}/versions"
    done(company.committee.rest.post(path, json={"criteria": other}, headers={"If-Match": "*"}), 200)
    taken = done(change(fresh.chair, fresh, form_id=fresh.form["id"]))
    assert (taken["form"]["number"], [c["name"] for c in taken["form"]["criteria"]]) == (2, ["安全"])
    assert fresh.review(fresh.ideas[0])["form"]["number"] == 2


def test_who_is_far_from_the_rest_is_told_so(company: Company) -> None:
    one = panel(company, 4, 4)
    one.open()
    strict, *others = one.members
    for content in one.ideas:
        done(one.score(strict, content, 1, 1), 201)
        for member in others:
            done(one.score(member, content, 4, 4), 201)
    # What is said after one saw the others counts for the result, and not for this.
    done(one.score(strict, one.ideas[0], 5, 5), 201)
    one.close()
    found = {row["person"]["id"]: row for row in one.page("deviations")}
    assert [row["deviation"] for row in one.page("deviations")] == [1, 1, 1, -3]
    assert (found[str(strict.id)]["flagged"], found[str(strict.id)]["subjects"]) == (True, 4)
    assert [row["person"]["id"] for row in one.page("deviations", strict)] == [str(strict.id)]
    assert len(one.page("deviations", company.admin)) == 4
    (best, *_) = one.page("results")
    assert (best["subject"]["id"], best["result"]["score"]) == (one.ideas[0], 4.25)
    data = others[0].data(
        """query($p: ID!) { panelDeviations(panelId: $p) { totalCount nodes { deviation person { name } } }
          panelAgreement(panelId: $p) { nodes { alpha note criterion { name } } }
          panelResults(panelId: $p, first: 1) { pageInfo { hasNextPage endCursor } nodes { result { score } } } }""",
        p=one.id,
    )
    assert data["panelDeviations"]["totalCount"] == 1
    assert len(data["panelAgreement"]["nodes"]) == 3 and data["panelResults"]["pageInfo"]["hasNextPage"]
    after = data["panelResults"]["pageInfo"]["endCursor"]
    follow = "query($p: ID!, $a: String) { panelResults(panelId: $p, after: $a) { nodes { result { score } } } }"
    rest = others[0].data(follow, p=one.id, a=after)["panelResults"]["nodes"]
    assert [row["result"]["score"] for row in rest] == [3.25] * 3


def test_a_panel_is_given_up(company: Company) -> None:
    one = panel(company, 2, 2)
    before = printed(company)
    unchanged(company, one.post("cancel", reason="不做了"), 409, before=before)
    one.open()
    scored(one, one.members[0])
    before = printed(company)
    unchanged(company, one.post("cancel"), 422, before=before)
    given_up = done(one.post("cancel", reason="预算取消"))
    assert (given_up["state"], given_up["closing_note"]) == ("cancelled", "预算取消")
    assert one.page("results") == one.page("agreement") == []
    assert owed(one.members[1]) == []
    assert {one.review(content)["state"] for content in one.ideas} == {"withdrawn"}
    done(company.committee.rest.post(f"/ideas/{one.ideas[0]}/decision", json={"outcome": "approved"}))
    before = printed(company)
    for action, ask in (("open", {}), ("close", {}), ("cancel", {"reason": "再来"}), ("calibrate", None)):
        response = one.chair.rest.post(f"{one.path}/{action}", json=ask)
        assert unchanged(company, response, 409, before=before)["state"] == "cancelled"


def test_an_unnamed_author_may_lead_and_is_not_told_apart(company: Company) -> None:
    chair = chair_of(company)
    hidden = idea(chair, anonymous=True)
    one = panel(company, [hidden, idea(company.employee)], 2, chair=chair)
    one.open()
    scored(one, *one.members)
    review = one.review(hidden)
    assert review["progress"] is None and one.review(one.ideas[1])["progress"]["given"] == 2
    assert done(chair.rest.get(f"/reviews/{review['id']}/judgements"))["items"] == []
    one.close()
    told = company.server.sql(
        "SELECT DISTINCT actor_id FROM journal WHERE content_id = ANY($1::uuid[])"
        " AND happened IN ('review_ended', 'review_submitted', 'review_assigned')",
        one.ideas,
    )
    assert [row["actor_id"] for row in told] == [chair.id], "what a chair does is done by name, whosever idea it is"


def test_a_panel_compares(company: Company) -> None:
    chair = chair_of(company)
    ask = {"name": "两两比", "method": "pairs", "members": [str(company.employee.id), str(company.colleague.id)]}
    author = company.hire("提案人", "rd")
    ideas = [idea(author) for _ in range(3)]
    created = done(chair.rest.post("/panels", json={**ask, "ideas": ideas}), 201)
    one = Panel(company, chair, [company.employee, company.colleague], author, created["id"], ideas)
    assert one.open()["progress"] == {"asked": 2, "given": 0}
    reviews = [one.review(content)["id"] for content in ideas]
    before = printed(company)
    unchanged(company, one.post("close"), 409, before=before)
    for first, second in ((0, 1), (1, 2)):
        said = {"first_id": reviews[first], "second_id": reviews[second], "outcome": "first"}
        done(company.employee.rest.post(f"{one.path}/comparisons", json=said), 201)
    assert one.close()["state"] == "closed"
    results = one.page("results")
    assert [row["subject"]["id"] for row in results] == ideas
    assert [row["result"]["rank"] for row in results] == [1, 2, 3]
    assert one.page("agreement") == []


# ---- who may ---------------------------------------------------------------------------------------------------------


def test_panels_are_led_by_who_manages_reviews_everywhere(company: Company) -> None:
    one = panel(company, 1, 2)
    sample = {"idea_id": idea(company.employee), "reference": []}
    acts: list[tuple[str, str, Any]] = [
        ("PATCH", one.path, {"name": "改名"}),
        ("DELETE", one.path, None),
        ("POST", f"{one.path}/ideas", {"ideas": [idea(company.employee)]}),
        ("DELETE", f"{one.path}/ideas/{one.ideas[0]}", None),
        ("POST", f"{one.path}/samples", sample),
        ("POST", f"{one.path}/calibrate", None),
        ("POST", f"{one.path}/open", {}),
        ("POST", f"{one.path}/close", {}),
        ("POST", f"{one.path}/cancel", {"reason": "不做了"}),
    ]
    judging_manager = chair_of(company, "委员评委")
    done(change(one.chair, one, members=[str(one.members[0].id), str(judging_manager.id)]))
    before = printed(company)
    headers = {"If-Match": "*"}
    for method, path, body in acts:
        asked = {"json": body, "headers": headers}
        refused = one.members[0].rest.request(method, path, **asked)
        unchanged(company, refused, 403, before=before)
        unchanged(company, judging_manager.rest.request(method, path, **asked), 403, before=before)
        for stranger, status in ((company.employee, 403), (company.rd_manager, 404)):
            unchanged(company, stranger.rest.request(method, path, **asked), status, before=before)
    made = wrong(company)
    for actor in (company.employee, company.rd_manager):
        unchanged(company, actor.rest.post("/panels", json=made), 403, before=before)
    for what in ("results", "agreement", "deviations", "calibration"):
        assert company.employee.rest.get(f"{one.path}/{what}").status_code == 404
    open_query = "mutation($id: ID!) { openPanel(id: $id, input: {}) { id } }"
    answer = one.members[0].graphql(open_query, id=one.id)
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    one.open()
    before = printed(company)
    for method, path, body in acts[:7]:
        response = one.chair.rest.request(method, path, json=body, headers=headers)
        unchanged(company, response, 409, before=before)
