"""The company of the benchmark: departments, people, groups, categories and tags, the same for every run."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from random import Random
from typing import Any
from uuid import UUID

import asyncpg

from kshare.content.taxonomy_shapes import folded
from kshare.core.access import Permission
from kshare.people import keys
from kshare.people.names import search_name, sort_name

PEOPLE, DEPARTMENTS, CATEGORIES, TAGS, GROUPS = 2_000, 200, 150, 400, 40
KEYS = 40
"""People with a key, whom the measurements speak for in turn."""

FOUNDED = datetime(2023, 1, 2, 8, tzinfo=UTC)
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红梅建文辉宇欣怡子涵浩然梓轩雨桐思远佳宁书语清和知夏"
_ENGLISH = ("Anna Ben Clara David Emma Felix Grace Henry Iris Jonas", "Weber Smith Rossi Novak Larsen Dubois Costa Kim")
_UNITS = "研发 制造 质量 销售 采购 供应链 人力资源 财务".split()
_FIELDS = "压力 温度 流量 软件 电子 结构 材料 工艺 测试 海外 华南 华东 华北 西南 渠道 服务 规划 装配 仓储 培训".split()
_LEVELS = "一部 二部 三部 中心 小组 工程组 支持组 项目组".split()
_SHELVES = "产品 工艺 质量 客户 供应商 项目 安全 信息系统 人事 财务 市场 法务".split()
_TITLES = "工程师 高级工程师 主管 经理 技术员 采购员 销售经理 质量工程师 项目经理 专员".split()
_TAG_ENDS = (
    "经验 案例 规范 故障 改进 对比 方法 模板 问答 指南 复盘 数据 标准 工具 流程 培训 风险 成本 交付 安全".split()
)


def uuid7(at: datetime, random: Random) -> UUID:
    """An id as it would have been made at that time."""
    milliseconds = int(at.timestamp() * 1000)
    value = (milliseconds << 80) | (7 << 76) | (random.getrandbits(12) << 64) | (2 << 62) | random.getrandbits(62)
    return UUID(int=value)


@dataclass
class Person:
    """Somebody in the company, with what decides what they see."""

    id: UUID
    name: str
    department: UUID
    clearance: int
    groups: list[UUID] = field(default_factory=list)


@dataclass
class Company:
    """Everybody and everything that content refers to."""

    people: list[Person]
    departments: dict[UUID, list[UUID]]
    """Ids with their paths, root first."""
    working: list[UUID]
    """All departments but the root, where nobody works."""
    groups: list[UUID]
    categories: dict[UUID, list[UUID]]
    tags: list[tuple[UUID, str]]
    keys: list[tuple[str, Person]]
    """API keys of ordinary employees."""


def _tree(random: Random, sizes: tuple[int, ...], total: int) -> dict[UUID, list[UUID]]:
    """Ids with paths: so many on each level, the rest on the last."""
    paths: dict[UUID, list[UUID]] = {}
    above: list[UUID | None] = [None]
    for size in (*sizes, total - sum(sizes)):
        level: list[UUID | None] = []
        for number in range(size):
            id, parent = uuid7(FOUNDED, random), above[number % len(above)]
            paths[id] = [*(paths[parent] if parent else []), id]
            level.append(id)
        above = level
    return paths


def found(random: Random) -> Company:
    """A new company of the usual size."""
    departments = _tree(random, (1, 8, 40), DEPARTMENTS)
    categories = _tree(random, (12, 40), CATEGORIES)
    working = list(departments)[1:]
    groups = [uuid7(FOUNDED, random) for _ in range(GROUPS)]
    people = []
    for number in range(PEOPLE):
        if number % 20:
            name = random.choice(_SURNAMES) + "".join(random.choices(_GIVEN, k=random.choice((1, 2, 2))))
        else:
            name = " ".join(random.choice(part.split()) for part in _ENGLISH)
        clearance = random.choices((1, 2, 3), weights=(88, 10, 2))[0]
        person = Person(uuid7(FOUNDED, random), name, random.choice(working), clearance)
        person.groups = random.sample(groups, random.choice((0, 0, 1, 1, 2, 3)))
        people.append(person)
    subjects = [f"{a}{b}" for b in _TAG_ENDS for a in _FIELDS]
    random.shuffle(subjects)
    tags = [(uuid7(FOUNDED, random), name) for name in subjects[:TAGS]]
    named = [(keys.new_key(), person) for person in random.sample(people, KEYS)]
    return Company(people, departments, working, groups, categories, tags, named)


def _name(number: int, firsts: list[str], seconds: list[str], thirds: list[str]) -> str:
    first, rest = number % len(firsts), number // len(firsts)
    return f"{firsts[first]}{seconds[rest % len(seconds)]}{thirds[(number * 7 + rest) % len(thirds)]}{number}"


async def store(connection: "asyncpg.Connection[Any]", company: Company, random: Random) -> None:
    """Writes the company into its tables."""
    times = {"version": 1, "created_at": FOUNDED, "updated_at": FOUNDED}

    async def copy(table: str, rows: list[dict[str, Any]]) -> None:
        columns = list(rows[0])
        records = [tuple(row[column] for column in columns) for row in rows]
        await connection.copy_records_to_table(table, records=records, columns=columns)

    def tree(paths: dict[UUID, list[UUID]], names: list[str], seconds: list[str], thirds: list[str]) -> Any:
        for number, (id, path) in enumerate(paths.items()):
            parent = path[-2] if len(path) > 1 else None
            name = _name(number, names, seconds, thirds)
            yield {"id": id, "name": name, "name_en": None, "parent_id": parent, "path": path} | times

    await copy("department", list(tree(company.departments, _UNITS, _FIELDS, _LEVELS)))
    await copy("category", list(tree(company.categories, _SHELVES, _FIELDS, _TAG_ENDS)))
    await copy(
        "person",
        [
            {
                "id": person.id,
                "kind": "person",
                "name": person.name,
                "sort_name": sort_name(person.name),
                "search_name": search_name(person.name, None),
                "email": f"p{number}@bench.example",
                "title": random.choice(_TITLES),
                "language": "zh" if number % 20 else "en",
                "department_id": person.department,
                "clearance": person.clearance,
                "active": True,
            }
            | times
            for number, person in enumerate(company.people)
        ],
    )
    await copy(
        "membership",
        [
            {"id": uuid7(FOUNDED, random), "person_id": p.id, "department_id": p.department, "since": date(2023, 1, 2)}
            for p in company.people
        ],
    )
    groups = [{"id": id, "name": f"兴趣小组{number}"} | times for number, id in enumerate(company.groups)]
    await copy("people_group", groups)
    await copy("group_member", [{"group_id": g, "person_id": p.id} for p in company.people for g in p.groups])
    await copy("tag", [{"id": id, "name": name} | times for id, name in company.tags])
    names = [{"folded": folded(name), "tag_id": id, "name": name, "preferred": True} for id, name in company.tags]
    await copy("tag_name", names)
    scopes = [permission.value for permission in Permission]
    await copy(
        "api_key",
        [
            {
                "id": uuid7(FOUNDED, random),
                "person_id": person.id,
                "name": "bench",
                "digest": keys.digest(key),
                "hint": key[-4:],
                "scopes": scopes,
                "created_at": FOUNDED,
                "version": 1,
            }
            for key, person in company.keys
        ],
    )
