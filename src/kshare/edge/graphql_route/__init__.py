"""The GraphQL door: one address that follows "GraphQL over HTTP", and is thin enough not to show in a measurement.

A request is read (`requests`), the caller is made known, the document is found in the cache or parsed, measured and
validated (`documents`), the variables are coerced (`operations`), and the operation runs inside whatever `run` wraps
around it: a transaction, a retry (`execution`). Results that are already JSON (`orjson.Fragment`) go into the answer
untouched (`answers`).

Sources: GraphQL over HTTP (https://github.com/graphql/graphql-over-http, September 2026), with the choices that the
audits of the npm package `graphql-http` demand; GraphQL over SSE, "distinct connections mode"
(https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md); automatic persisted queries as Apollo has them.
"""

from kshare.edge.graphql_route.door import GraphQLDoor
from kshare.edge.graphql_route.errors import error_payload, understood
from kshare.edge.graphql_route.execution import Execute

__all__ = ["Execute", "GraphQLDoor", "error_payload", "understood"]
