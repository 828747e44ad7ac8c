"""The document of a request: remembered, trusted, or parsed, measured and validated."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import cast

from graphql import GraphQLError, GraphQLSchema

from kshare.core.errors import DomainError
from kshare.edge.graphql_limits import Document, InvalidDocument, Limits
from kshare.edge.graphql_route.errors import Refused
from kshare.edge.graphql_route.requests import Parameters, bad_request


class KeptDocuments:
    """Valid documents by the SHA-256 of their source; the least recently used leave when there is no more room.

    The weight of a document is its length and 600 bytes for each token, which is what its tree takes in memory
    (measured: 270 to 560). Invalid documents are not kept, since a stranger could fill the room with them.
    """

    def __init__(self, count: int, size: int) -> None:
        self.count = count
        self.size = size
        self.used = 0
        self._kept: OrderedDict[str, tuple[Document, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, digest: str) -> Document | None:
        kept = self._kept.get(digest)
        if kept is None:
            return None
        self._kept.move_to_end(digest)
        return kept[0]

    def put(self, digest: str, document: Document, length: int) -> None:
        weight = length + 600 * document.tokens
        self._kept[digest] = (document, weight)
        self.used += weight
        while len(self._kept) > self.count or (self.used > self.size and len(self._kept) > 1):
            _, (_, freed) = self._kept.popitem(last=False)
            self.used -= freed


class Documents:
    """Finds the documents of one schema.

    `trusted` are documents by the SHA-256 of their source; with `trusted_only` no others are found. Raises ValueError
    for a trusted document under a hash that is not its own.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits,
        kept: KeptDocuments,
        *,
        trusted: Mapping[str, str],
        trusted_only: bool,
    ) -> None:
        self.schema = schema
        self.limits = limits
        self.kept = kept
        self._trusted = dict(trusted)
        self._trusted_only = trusted_only
        for digest, source in self._trusted.items():
            if hashlib.sha256(source.encode()).hexdigest() != digest:
                raise ValueError(f"the trusted document {digest!r} has another SHA-256")

    def find(self, parameters: Parameters) -> Document:
        """The document of a request, from the cache if it is known; raises `Refused`."""
        query, digest = parameters.query, parameters.digest
        if query is None:
            digest = cast("str", digest)
            if (kept := self.kept.get(digest)) is not None and not self._forbidden(digest):
                return kept
            if (query := self._trusted.get(digest)) is None:
                raise Refused.as_not_persisted("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound", 404)
        else:
            named, digest = digest, hashlib.sha256(query.encode()).hexdigest()
            if named is not None and named != digest:
                raise bad_request("`query` has another SHA-256 than the one given.")
            if self._forbidden(digest):
                raise Refused.as_not_persisted("PERSISTED_QUERY_ONLY", "Only trusted documents are executed here.", 403)
            if (kept := self.kept.get(digest)) is not None:
                return kept
        try:
            document = Document(self.schema, query, self.limits)
        except DomainError as error:
            raise Refused.because(error) from None
        except InvalidDocument as invalid:
            for fault in invalid.errors:
                fault.extensions = {"code": "GRAPHQL_VALIDATION_FAILED"}
            raise Refused(invalid.errors) from None
        except GraphQLError as error:
            raise Refused([error]) from None
        self.kept.put(digest, document, len(query))
        return document

    def _forbidden(self, digest: str) -> bool:
        return self._trusted_only and digest not in self._trusted
