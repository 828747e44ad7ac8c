"""Whoever asks in Chinese is told in Chinese which rule was broken, and with which bound."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import Company

import kshare
from kshare.core.messages import MESSAGES_ZH

ZH = {"Accept-Language": "zh-CN"}
RAISED_WITH = {"invalid": 1, "FieldError": 1, "PydanticCustomError": 0, "PydanticKnownError": 0}
"""What makes a broken rule, and which argument is its code."""


def codes() -> Iterator[str]:
    for path in Path(kshare.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name | ast.Attribute):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            place = RAISED_WITH.get(name)
            if place is not None and len(node.args) > place:
                code = node.args[place]
                if isinstance(code, ast.Constant) and isinstance(code.value, str):
                    yield code.value


def test_every_rule_of_ours_has_chinese_words() -> None:
    found = set(codes())
    assert {"unknown_reference", "text_nul", "external_pair"} <= found
    assert found <= MESSAGES_ZH.keys(), found - MESSAGES_ZH.keys()


def test_the_bound_is_named(company: Company) -> None:
    refused = company.employee.rest.get("/knowledge-items", params={"limit": 101}, headers=ZH).json()
    assert refused["errors"] == [{"pointer": "?limit", "code": "less_than_equal", "message": "数值过大，不得大于 100"}]
    item = {"kind": "recipe", "title": "长" * 201, "tags": ["标签"] * 21, "summary": "\x07"}
    refused = company.employee.rest.post("/knowledge-items", json=item, headers=ZH).json()
    told = {error["pointer"]: error["message"] for error in refused["errors"]}
    assert told["/title"] == "内容过长，最多 200 个字符"
    assert told["/tags"] == "项目过多，最多 20 项"
    assert told["/summary"] == "不得包含控制字符 U+0007"
    assert told["/kind"].startswith("不是允许的取值，可取 ")
    assert "、" in told["/kind"]
    assert " or " not in told["/kind"]


def test_a_bound_that_is_not_known_is_left_out(company: Company) -> None:
    refused = company.manager.rest.post("/knowledge-items:batch", json={"items": []}, headers=ZH).json()
    assert refused["errors"][0]["message"] == "项目过少"
