"""Every business "no" and every refusal, in one catalogue that both doors render.

A `DomainError` carries a stable code; the catalogue says its HTTP status, its title in both languages, its
cause and its cure. REST renders it as problem+json, GraphQL as `extensions.code` (edge/).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Problem:
    """What a code means: for the answer (`status`, titles) and for the documentation (`cause`, `cure`)."""

    status: int
    en: str
    zh: str
    cause: str
    cure: str


PROBLEMS: dict[str, Problem] = {
    "bad_request": Problem(
        400, "Bad request", "请求无效", "The request could not be understood.", "Read `detail` and correct the request."
    ),
    "invalid_json": Problem(
        400, "Invalid JSON", "JSON 格式错误", "The body is not JSON, or is nested too deeply.", "Send valid JSON."
    ),
    "invalid_cursor": Problem(
        400, "Invalid cursor", "游标无效", "The cursor was not made by this server.", "Start again without a cursor."
    ),
    "cursor_mismatch": Problem(
        400,
        "Cursor of another list",
        "游标与列表不符",
        "The cursor belongs to another list, filter or order.",
        "Send the filters and the order the cursor came with, or start without a cursor.",
    ),
    "unauthenticated": Problem(
        401,
        "Not signed in",
        "未登录",
        "No credentials were sent, or they are unknown, expired or revoked.",
        "Send `Authorization: Bearer` with a valid key or access token.",
    ),
    "forbidden": Problem(
        403,
        "Not allowed",
        "没有权限",
        "You can see this, but you may not do that with it.",
        "Ask for a role or a key scope that allows it; `permissions` says what is allowed.",
    ),
    "not_found": Problem(
        404, "Not found", "未找到", "It does not exist, or you may not see it.", "Check the id, or ask for access."
    ),
    "method_not_allowed": Problem(
        405, "Method not allowed", "方法不允许", "The path has no such method.", "See the `Allow` header."
    ),
    "not_acceptable": Problem(
        406, "Not acceptable", "无法提供所需格式", "No offered format is acceptable.", "Accept `application/json`."
    ),
    "conflict": Problem(
        409, "Conflict", "状态冲突", "The state of the object does not allow this.", "Read it again, then decide."
    ),
    "already_exists": Problem(
        409,
        "Already exists",
        "已存在",
        "Something with this name or key exists.",
        "Choose another, or change that one.",
    ),
    "anonymity_not_set_up": Problem(
        409,
        "Anonymity is not set up",
        "未配置匿名功能",
        "This server has no key file with which to seal who wrote something anonymous.",
        "Send it without `anonymous`, or ask those who run the server to set `KSHARE_SEAL_KEYS`.",
    ),
    "charts_not_installed": Problem(
        409,
        "Charts are not installed",
        "未安装图表功能",
        "This server lacks the packages with which charts are drawn.",
        "Take the figures as JSON or CSV, or ask those who run the server to install `kshare[charts]`.",
    ),
    "idempotency_in_progress": Problem(
        409,
        "Still running",
        "请求仍在处理",
        "A request with this Idempotency-Key is still running.",
        "Wait as long as `Retry-After` says, then repeat it.",
    ),
    "version_conflict": Problem(
        412,
        "Changed by somebody else",
        "版本冲突",
        "The object is not in the version you named.",
        "Read it again, merge your change and send the new version.",
    ),
    "too_large": Problem(413, "Too large", "内容过大", "The body is over the limit.", "Send less at once."),
    "uri_too_long": Problem(414, "Address too long", "地址过长", "The URL is over the limit.", "Shorten the query."),
    "unsupported_media_type": Problem(
        415, "Unsupported media type", "不支持的媒体类型", "The body is of an unknown type.", "Send `application/json`."
    ),
    "invalid": Problem(
        422,
        "Invalid input",
        "输入无效",
        "Some of the input breaks a rule; `errors` points at each place.",
        "Correct the places named in `errors`.",
    ),
    "idempotency_mismatch": Problem(
        422,
        "Idempotency-Key used before",
        "幂等键已用于其他请求",
        "This Idempotency-Key was used with another body.",
        "Use a new key for a new request.",
    ),
    "too_complex": Problem(
        422,
        "Query too complex",
        "查询过于复杂",
        "The GraphQL document is too deep, too wide or too costly.",
        "Ask for less at once; `extensions.cost` says what a query costs.",
    ),
    "precondition_required": Problem(
        428,
        "If-Match required",
        "缺少 If-Match",
        "A change needs `If-Match` with the ETag of what it changes.",
        "Read the object and send its ETag.",
    ),
    "rate_limited": Problem(
        429, "Too many requests", "请求过于频繁", "The rate limit is used up.", "Wait as long as `Retry-After` says."
    ),
    "headers_too_large": Problem(
        431, "Headers too large", "请求头过大", "The request headers are over the limit.", "Send smaller headers."
    ),
    "internal": Problem(
        500,
        "Internal error",
        "内部错误",
        "Something went wrong on our side; it is logged under `request_id`.",
        "Try again; if it stays, report the `request_id`.",
    ),
    "unavailable": Problem(
        503,
        "Temporarily unavailable",
        "暂时不可用",
        "The database or another needed service is away, or the server is overloaded.",
        "Repeat after `Retry-After` seconds.",
    ),
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """One broken rule: where (RFC 6901 pointer or `?parameter`), which rule, the rule in words, and its bounds."""

    pointer: str
    code: str
    message: str
    bounds: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class DomainError(Exception):
    """A refusal with a code from `PROBLEMS`; rendered once by each door, never caught on the way."""

    code: str
    detail: str = ""
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(self.code, self.detail)

    @property
    def problem(self) -> Problem:
        return PROBLEMS[self.code]


def not_found(what: str = "object") -> DomainError:
    """The one answer for what does not exist and for what the caller may not see."""
    return DomainError("not_found", f"There is no such {what}, or you may not see it.")


def invalid(pointer: str, code: str, message: str) -> DomainError:
    """A 422 with a single place."""
    return DomainError("invalid", message, errors=[FieldError(pointer, code, message)])


def unavailable(detail: str, retry_after: int = 2) -> DomainError:
    """A 503 that asks to come back after `retry_after` seconds."""
    return DomainError("unavailable", detail, headers={"Retry-After": str(retry_after)})
