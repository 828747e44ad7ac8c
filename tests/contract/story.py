"""A day at a small company, in which every operation is used once; the contract's examples are recorded from it."""

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from tests.conftest import Actor, Company

SUBJECTS = (
    "ideas",
    "similar",
    "stages",
    "merging",
    "triage",
    "teams",
    "challenges",
    "resources",
    "incubation",
    "benefits",
    "outcomes",
    "reviews_policies",
    "reviews_forms",
    "reviews",
    "reviews_desk",
    "reviews_panels",
    "reviews_comparing",
    "anonymity",
    "contributions",
    "metrics",
)
"""The parts of the story that are told in files of their own, in order."""

Do = Callable[..., Any]
"""`do(operation, actor, *places, body=None, **query)`: performs the operation, keeps it, returns the answer."""

STAFF = {
    "employee": ("林知夏", "zhixia.lin", "传感器工程师"),
    "colleague": ("周清和", "qinghe.zhou", "研发经理"),
    "outsider": ("Anna Weber", "anna.weber", "Account Manager"),
    "reviewer": ("郑远", "yuan.zheng", "质量主管"),
    "manager": ("宁书语", "shuyu.ning", "知识管理"),
    "rd_manager": ("高明", "ming.gao", "研发知识专员"),
    "committee": ("唐越", "yue.tang", "创新委员会"),
    "finance": ("罗敏仪", "minyi.luo", "财务分析师"),
    "hr": ("孟昕岚", "xinlan.meng", "人力资源"),
    "admin": ("郝志强", "zhiqiang.hao", "系统管理员"),
}
DEPARTMENTS = {"root": "星澜传感科技", "rd": "研发中心", "rd_pressure": "压力产品组", "sales": "销售部"}


def furnish(company: Company) -> None:
    """Gives the people and departments of the test company names that can be shown."""
    for attribute, (name, mailbox, title) in STAFF.items():
        actor: Actor = getattr(company, attribute)
        change = "UPDATE person SET name = $2, email = $3, title = $4 WHERE id = $1"
        company.server.sql(change, actor.id, name, f"{mailbox}@example.com", title)
    for key, name in DEPARTMENTS.items():
        company.server.sql("UPDATE department SET name = $2 WHERE id = $1", company.departments[key], name)


def tell(do: Do, company: Company) -> None:
    """Every operation once, in an order in which each finds what it needs."""
    _people(do, company)
    _departments_and_groups(do, company)
    _keys(do, company)
    item = _knowledge(do, company)
    _discussion(do, company, item)
    for subject in SUBJECTS:
        import_module(f"tests.contract.story_{subject}").tell(do, company)
    _search_and_events(do, company)


def _people(do: Do, company: Company) -> None:
    hr, anyone = company.hr, company.employee
    rd, sales = str(company.departments["rd"]), str(company.departments["sales"])
    do("getMe", anyone)
    do("listPeople", anyone, department=rd, limit=2)
    newcomer = {"name": "沈若溪", "email": "ruoxi.shen@example.com", "title": "应用工程师", "department_id": sales}
    person = do("createPerson", hr, body={**newcomer, "since": "2026-03-02"})["id"]
    do("getPerson", anyone, person)
    do("updatePerson", hr, person, body={"title": "高级应用工程师"})
    do("movePerson", hr, person, body={"department_id": rd, "since": "2026-04-01"})
    do("listMemberships", anyone, person, limit=2)
    role = do("assignRole", company.admin, person, body={"role": "reviewer", "department_id": rd})["id"]
    do("listAssignedRoles", anyone, person)
    do("removeRole", company.admin, person, role)
    known = {"name": "许南乔", "email": "nanqiao.xu@example.com", "title": "销售", "department_id": sales}
    do("putPersonByExternalId", hr, "hris", "E-1042", body={**known, "since": "2026-03-02"})
    do("getPersonByExternalId", anyone, "hris", "E-1042")
    two = [
        {"external_source": "hris", "external_id": "E-1043", "name": "唐屿"},
        {"name": "唐屿", "email": known["email"]},
    ]
    do("createPeople", hr, body={"items": two})


def _departments_and_groups(do: Do, company: Company) -> None:
    hr, anyone = company.hr, company.employee
    root = str(company.departments["root"])
    do("listDepartments", anyone, limit=2)
    department = do("createDepartment", hr, body={"name": "质量部", "name_en": "Quality", "parent_id": root})["id"]
    do("getDepartment", anyone, department)
    do("updateDepartment", hr, department, body={"name": "质量与可靠性部"})
    do("deleteDepartment", hr, department)
    do("putDepartmentByExternalId", hr, "hris", "D-07", body={"name": "法务部", "parent_id": root})
    do("getDepartmentByExternalId", anyone, "hris", "D-07")
    group = do("createGroup", hr, body={"name": "低温攻关组", "description": "解决零下四十度的漂移"})["id"]
    do("addGroupMember", hr, group, str(company.colleague.id))
    do("listGroups", anyone, member=str(company.colleague.id))
    do("getGroup", anyone, group)
    do("updateGroup", hr, group, body={"description": "解决零下四十度以下的漂移"})
    do("removeGroupMember", hr, group, str(company.colleague.id))
    do("deleteGroup", hr, group)


def _keys(do: Do, company: Company) -> None:
    owner = company.employee
    asked = {"name": "夜间导入", "scopes": ["content_read", "knowledge_write"], "expires_at": "2099-12-31T00:00:00Z"}
    key = do("createKey", owner, body=asked)["id"]
    do("getKey", owner, key)
    do("listKeys", owner, limit=1)
    do("revokeKey", owner, key)


def _knowledge(do: Do, company: Company) -> str:
    author, reader, manager = company.employee, company.colleague, company.manager
    category = do("createCategory", manager, body={"name": "现场经验", "name_en": "In the field"})["id"]
    do("updateCategory", manager, category, body={"description": "在客户现场学到的"})
    do("getCategory", reader, category)
    do("listCategories", reader)
    tag = do("createTag", manager, body={"name": "压力传感器", "synonyms": ["压传"]})["id"]
    do("updateTag", manager, tag, body={"synonyms": ["压传", "pressure sensor"]})
    do("getTag", reader, tag)
    written = {
        "kind": "solution",
        "title": "压力传感器零点漂移的现场处理",
        "summary": "不拆机，十分钟内恢复零点。",
        "body": "先放空，等十分钟，再校零。",
        "category_id": category,
        "tags": ["压传"],
    }
    item: str = do("createKnowledgeItem", author, body=written)["id"]
    do("publishKnowledgeItem", author, item)
    changed = {"body": "先放空，等十五分钟，再校零。\n\n低于零下二十度时等半小时。", "note": "低温要等更久"}
    do("updateKnowledgeItem", author, item, body=changed)
    do("getKnowledgeItem", reader, item)
    do("listKnowledgeItems", reader, category=category, limit=2)
    do("listKnowledgeItemRevisions", reader, item, limit=2)
    do("getKnowledgeItemRevision", reader, item, 2)
    do("diffKnowledgeItem", reader, item, **{"from": 1, "to": 2})
    do("restoreKnowledgeItemRevision", author, item, body={"revision": 1, "note": "先按原来的做法"})
    outside = {"kind": "sop", "title": "出厂前的零点检查", "body": "每台三次，取中间值。", "publish": True}
    do("putKnowledgeItemByExternalId", author, "wiki", "4711", body=outside)
    do("getKnowledgeItemByExternalId", reader, "wiki", "4711")
    draft = author.item(publish=False)["id"]
    two = [{"external_source": "wiki", "external_id": "4712", **outside}, {**outside, "category_id": draft}]
    do("createKnowledgeItems", author, body={"items": two})
    do("explainAccess", company.admin, item, person=str(company.outsider.id))
    do("deleteKnowledgeItem", author, draft)
    do("archiveKnowledgeItem", author, author.item(title="旧的校零步骤")["id"])
    do("deleteCategory", manager, manager.rest.post("/categories", json={"name": "空的"}).json()["id"])
    other = manager.rest.post("/tags", json={"name": "压力变送器"}).json()["id"]
    do("mergeTag", manager, other, body={"into": tag})
    do("deleteTag", manager, manager.rest.post("/tags", json={"name": "没人用"}).json()["id"])
    do("listTags", reader, q="压")
    return item


def _discussion(do: Do, company: Company, item: str) -> None:
    reader, author = company.colleague, company.employee
    question = {"body": "高原上也是十分钟吗？@林知夏", "mentions": [str(author.id)]}
    comment = do("writeComment", reader, item, body=question)["id"]
    author.rest.post(f"/content/{item}/comments", json={"body": "四千米以上等一刻钟。", "parent_id": comment})
    do("editComment", reader, comment, body={"body": "高原上也是十分钟吗？在格尔木遇到过。"})
    do("listComments", author, item, roots=True)
    do("getComment", author, comment)
    do("react", reader, item, "thank")
    do("listReactions", author, item)
    do("withdrawReaction", reader, item, "thank")
    do("rateContent", reader, item, body={"score": 5})
    do("withdrawRating", reader, item)
    do("followContent", reader, item)
    do("listMyFollows", reader)
    do("unfollowContent", reader, item)
    reader.rest.put(f"/content/{item}/reactions/favourite")
    do("listMyFavourites", reader)
    do("recordView", reader, item, body={"dwell_ms": 42_000})
    do("deleteComment", reader, comment)


def _search_and_events(do: Do, company: Company) -> None:
    reader = company.colleague
    company.server.settle()
    do("search", reader, q="校零", facets=True, limit=1)
    deadline = time.monotonic() + 10  # it is recorded behind the search
    while not company.server.sql("SELECT FROM searched_text") and time.monotonic() < deadline:
        time.sleep(0.05)
    do("listSearchQueries", company.manager, limit=2)
    do("listEventTypes", reader)
    published = ["knowledge_item_published"]
    do("listEvents", reader, types=published, limit=1)
    do("streamEvents", reader, types=published, after=reader.rest.get("/events?limit=1").json()["latest"])
