"""Reasons: a code, what it refers to, and both in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from kshare.ideas.shapes.triage import TriageAspect, TriageReasonCode

_C = TriageReasonCode


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a part of a suggestion is as it is."""

    code: TriageReasonCode
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def aspect(self) -> TriageAspect:
        """What it is a reason for."""
        begins = self.code.value.partition("_")[0]
        return TriageAspect.completeness if begins in ("says", "lacks") else TriageAspect(begins)

    @property
    def words(self) -> str:
        """In words."""
        return ZH[self.code] + self._details("（", "）", "、", _DETAILS)

    @property
    def words_en(self) -> str:
        """In English words."""
        return self.code.description.rstrip(".") + self._details(" (", ")", ", ", _DETAILS_EN) + "."

    def _details(self, opening: str, closing: str, comma: str, details: Mapping[str, str]) -> str:
        told = [
            details[name].format(comma.join(value) if isinstance(value, list) else value)
            for name, value in self.parameters.items()
            if name in details
        ]
        return f"{opening}{comma.join(told)}{closing}" if told else ""


_DETAILS = {"words": "提到 {}", "contents": "{} 条", "likeness": "最高 {}%", "departments": "{} 个部门"}
_DETAILS_EN = {"words": "{}", "contents": "{} of them", "likeness": "{} % at most", "departments": "{} of them"}

ZH: Mapping[TriageReasonCode, str] = MappingProxyType(
    {
        _C.category_like: "相近的内容多在这个分类",
        _C.category_named: "它说的正是这个分类的事",
        _C.category_open: "没有线索指向某个分类",
        _C.size_like: "相近的建议多是这个级别",
        _C.size_says_large: "它需要多个部门或较大的投入",
        _C.size_says_small: "它限于自己的岗位",
        _C.size_open: "没有线索，先按小建议处理",
        _C.novelty_new: "没有发现相近的内容",
        _C.novelty_alike: "已有相近的内容",
        _C.novelty_same: "已有几乎相同的内容",
        _C.says_problem: "说明了问题",
        _C.says_cause: "说明了原因",
        _C.says_solution: "说明了做法",
        _C.says_effect: "说明了效果",
        _C.says_figures: "有数据",
        _C.says_cost: "说明了投入",
        _C.lacks_problem: "没有说明问题",
        _C.lacks_cause: "没有说明原因",
        _C.lacks_solution: "没有说明具体做法",
        _C.lacks_effect: "没有说明效果",
        _C.lacks_figures: "没有数据",
        _C.lacks_cost: "没有说明投入",
        _C.reach_company: "涉及全公司",
        _C.reach_departments: "涉及几个部门，或公司以外的人",
        _C.reach_department: "涉及一个部门或一处场所",
        _C.reach_workplace: "涉及自己的岗位",
        _C.reach_open: "没有说明涉及谁",
        _C.reach_elsewhere: "别的部门也有相近的建议",
    }
)
"""The sentences in Chinese; in English they are those of the codes."""
