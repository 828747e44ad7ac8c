"""How much one GraphQL document may ask for, found in one walk whose time is linear in the document.

Three things bound the work a stranger can cause. The parser stops at a number of bytes, tokens and comments. The
`Meter` then walks every definition once and remembers what each fragment asks for, so that fifty fragments which
double one another cost fifty steps and not 2^50; it runs before GraphQL's own validation, whose comparison of
overlapping fields would be the next target. Last, the cost of an operation, which depends on its variables, is
computed for each distinct set of page sizes and remembered.

The cost of an operation is the largest number of objects its answer may hold:

* an object field is 1 and what is selected from it;
* a list field is its size times (1 and what is selected from an item);
* a connection, a type with lists called `edges` or `nodes`, is 1, and its size times what is selected below these;
* a leaf and all introspection is 0; a root field of a mutation is 10 more.

The size of a list or connection is its argument `first`, `last` or `limit`, and 20 where there is none.

Sources: graphql-core 3.3 (`graphql.validation`), the GraphQL specification of September 2025 (section 5).
"""

from kshare.edge.graphql_limits.document import Document, InvalidDocument, Operation
from kshare.edge.graphql_limits.limits import Cost, Limits

__all__ = ["Cost", "Document", "InvalidDocument", "Limits", "Operation"]
