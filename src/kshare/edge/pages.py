"""Pages for browsers: self-contained, and closed to whatever might get into them."""

import base64
import hashlib
import re
from pathlib import Path
from typing import Final

from starlette.responses import Response

HTML: Final = "text/html"

STATIC: Final = Path(__file__).with_name("static")


class Page:
    """A self-contained HTML page whose only permitted script and style are the inline ones it came with.

    The policy names them by hash, so that nothing which might get into the page can run, and no other host is
    ever asked.
    """

    def __init__(self, path: Path) -> None:
        self.html = path.read_bytes()
        policy = (
            f"default-src 'none'; script-src {self._hashes(b'script')}; style-src {self._hashes(b'style')}; "
            "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        self.headers = {"Content-Security-Policy": policy, "Cache-Control": "no-cache", "Vary": "Accept"}

    def _hashes(self, tag: bytes) -> str:
        found = re.findall(rb"<%s>(.*?)</%s>" % (tag, tag), self.html, re.DOTALL)
        return " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(text).digest()).decode()}'" for text in found)

    def response(self) -> Response:
        """The page; a new response each time, since middleware may add headers to it."""
        return Response(self.html, 200, self.headers, f"{HTML}; charset=utf-8")
