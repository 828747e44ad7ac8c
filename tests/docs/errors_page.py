"""docs/errors.md as the catalogue of errors says it. `python -m tests.docs.errors_page` writes it."""

from pathlib import Path

from kshare.core.errors import PROBLEMS
from kshare.core.messages import MESSAGES_ZH

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"

_HEAD = """\
# Errors

Every refusal of the REST door is `application/problem+json` (RFC 9457) with a stable `code`. The GraphQL door gives the
same code in capitals under `extensions.code`, together with `status` and `detail`; only `version_conflict` is called
`CONFLICT` there. A running server explains each code at `/problems/{code}` and all of them at `/problems`.

```json
{
  "type": "/problems/invalid",
  "title": "输入无效",
  "status": 422,
  "detail": "1 of the rules for this input are broken.",
  "instance": "/v1/knowledge-items",
  "code": "invalid",
  "request_id": "01a1ffeb-b8d8-7324-82cd-215e013cf4dc",
  "errors": [{"pointer": "/title", "code": "missing", "message": "缺少必填字段"}]
}
```

`title` and the `message` of each broken rule follow `Accept-Language` (zh, en); `detail` is English. `pointer` is an
RFC 6901 pointer into the body, `?name` for a query parameter, `{name}` for a part of the path. Answers to 401 carry
`WWW-Authenticate`, to 405 `Allow`, to 412 the current `ETag`, to 429 and 503 `Retry-After`. Programs should decide by
`code`, fall back on the status for a code they do not know, and quote `request_id` when they report a fault.

## Codes

| Code | Status | Title | Cause | Cure |
|---|---|---|---|---|
"""

_GRAPHQL = """
## Codes of the GraphQL door only

| Code | Cause | Cure |
|---|---|---|
| `GRAPHQL_PARSE_FAILED` | The document is not GraphQL. | Correct it at the place that `locations` names. |
| `GRAPHQL_VALIDATION_FAILED` | The document does not fit the schema. | Compare it with `/schema.graphql`. |
| `BAD_USER_INPUT` | A variable or an argument does not fit its type. | Correct what the message names. |
| `PERSISTED_QUERY_NOT_FOUND` | No document with this hash is known here. | Send the document along. |
| `PERSISTED_QUERY_ONLY` | Only trusted ones are executed here. | Have yours registered (`KSHARE_GRAPHQL_DOCUMENTS`). |
| `CONFLICT` | `version_conflict` of the table above. | Read the object again and send its `version`. |

## Codes of broken rules

In `errors[].code`. These have a Chinese message; any other code is a rule whose message is shown in English.

"""


def page() -> str:
    """The whole page."""
    rows = [
        f"| `{code}` | {problem.status} | {problem.en} · {problem.zh} | {problem.cause} | {problem.cure} |"
        for code, problem in sorted(PROBLEMS.items(), key=lambda entry: (entry[1].status, entry[0]))
    ]
    rules = ", ".join(f"`{code}`" for code in sorted(MESSAGES_ZH))
    return _HEAD + "\n".join(rows) + "\n" + _GRAPHQL + rules + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
