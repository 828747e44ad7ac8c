"""The rules a field can break, in Chinese."""

from typing import Final

from kshare.core.errors import FieldError, Language

MESSAGES_ZH: Final[dict[str, str]] = {
    "missing": "缺少必填字段",
    "extra_forbidden": "未知字段",
    "null_forbidden": "不能为空值，可以省略",
    "string_type": "应为字符串",
    "string_too_long": "内容过长，最多 {max_length} 个字符",
    "string_too_short": "内容过短，至少 {min_length} 个字符",
    "string_pattern_mismatch": "格式不符",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_parsing_size": "数值超出范围",
    "int_from_float": "应为整数",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "finite_number": "应为有限的数字",
    "decimal_type": "应为数字",
    "decimal_parsing": "应为数字",
    "decimal_max_digits": "位数过多，最多 {max_digits} 位",
    "decimal_max_places": "小数位过多，最多 {decimal_places} 位",
    "decimal_whole_digits": "整数位过多，最多 {whole_digits} 位",
    "greater_than": "数值过小，应大于 {gt}",
    "greater_than_equal": "数值过小，不得小于 {ge}",
    "less_than": "数值过大，应小于 {lt}",
    "less_than_equal": "数值过大，不得大于 {le}",
    "amount_as_text": '小数请用文本书写，例如 "12.50"，以免丢失位数',
    "whole_number": "此单位只能用整数",
    "currency": "请使用 ISO 4217 货币代码，例如 CNY",
    "currency_missing": "金额必须说明货币",
    "currency_unused": "只有金额才有货币",
    "unit_mismatch": "种类或单位与所申请的不一致",
    "more_than_asked": "多于所申请的数量",
    "months_sum": "十二个月之和必须等于首年金额",
    "bool_type": "应为布尔值",
    "bool_parsing": "应为布尔值",
    "uuid_type": "不是有效的标识符",
    "uuid_parsing": "不是有效的标识符",
    "enum": "不是允许的取值，可取 {expected}",
    "literal_error": "不是允许的取值，可取 {expected}",
    "datetime_type": "不是有效的时间",
    "datetime_parsing": "不是有效的时间",
    "datetime_from_date_parsing": "不是有效的时间",
    "datetime_object_invalid": "不是有效的时间",
    "timezone_aware": "时间必须带时区",
    "date_type": "不是有效的日期",
    "date_parsing": "不是有效的日期",
    "date_from_datetime_parsing": "不是有效的日期",
    "date_from_datetime_inexact": "日期不得带时间",
    "list_type": "应为列表",
    "too_long": "项目过多，最多 {max_length} 项",
    "too_short": "项目过少，至少 {min_length} 项",
    "dict_type": "应为对象",
    "model_type": "应为对象",
    "model_attributes_type": "应为对象",
    "text_nul": "不得包含 NUL 字符",
    "text_surrogate": "不得包含孤立的代理字符",
    "text_control": "不得包含控制字符 {character}",
    "text_line": "只能有一行，不得换行或使用制表符",
    "email": "不是有效的电子邮件地址",
    "value": "超出可以保存的范围",
    "value_error": "不是允许的取值",
    "unknown_parameter": "未知参数",
    "repeated_parameter": "参数只能出现一次",
    "unknown_reference": "引用的对象不存在",
    "same_object": "不能是对象自身",
    "external_pair": "external_source 与 external_id 必须同时给出",
    "shares_sum": "各人份额之和必须为 100",
    "author_missing": "分享者中必须有作者本人",
    "above_clearance": "高于您的密级权限",
    "beyond_your_own": "超出您自己的权限或期限",
    "in_the_past": "时间已过",
    "no_template": "回答须对应一个模板",
    "answer_missing": "模板要求的内容尚未填写",
    "triz_parameter": "应为 1 到 39 的参数编号",
    "duplicate": "不得重复",
    "already_author": "作者不能评审自己的建议",
    "only_with_outcome": "与所作的决定不符，应省略",
    "anonymous_draft": "草稿不能匿名，请直接提交",
    "anonymous_too_late": "它已署名，无法再改为匿名",
    "anonymous_alone": "匿名内容不能有合作者",
    "own_keys_only": "拆封权限只能写进本人自己的密钥",
    "in_the_future": "时间还没有到",
    "dates_backwards": "结束日期早于开始日期",
    "seats_taken": "已占用的名额更多",
    "unknown_skill": "招募中没有这项技能",
    "weights_sum": "权重之和必须为 100",
    "limits_backwards": "建议否决的界限不能高于建议通过的界限",
    "form_retired": "此评审表已停用",
    "form_missing": "建议的评审必须指定评审表",
    "form_unused": "知识条目的评审没有评审表",
    "stage_unused": "只有建议才有阶段",
    "quorum_missing": "需要说明人数",
    "quorum_unused": "只有 needs 为 quorum 时才说明人数",
    "hackathon_only": "只有黑客松才限定团队人数",
    "sizes_backwards": "最大人数不能小于最小人数",
    "sponsor_judges": "发起人公布结果，不能担任评委",
    "not_cleared": "此人的密级权限不足",
    "team_missing": "黑客松必须以团队参赛",
    "not_later": "截止时间只能推后",
    "scores_missing": "请为每个标准评分，或弃权",
    "abstained": "弃权者不评分",
    "one_scope": "部门与分类只能选一个",
    "service_account": "服务账号没有电子邮件地址",
}
"""By code. What follows the comma names the bound, and is left out where the error does not carry it."""


def localized(error: FieldError, language: Language) -> str:
    """The rule in the caller's language; English where a code has no Chinese."""
    if language != "zh":
        return error.message
    message = MESSAGES_ZH.get(error.code)
    if message is None:
        return error.message
    bounds = {
        name: bound.replace(" or ", "、") if isinstance(bound, str) else bound for name, bound in error.bounds.items()
    }
    try:
        return message.format_map(bounds)
    except KeyError:
        return message.partition("，")[0]
