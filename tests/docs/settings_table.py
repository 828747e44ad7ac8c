"""The table of settings in README.md as core/settings.py says it. `python -m tests.docs.settings_table` writes it."""

from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from kshare.core.settings import Settings

README = Path(__file__).parents[2] / "README.md"
HEAD = "| Variable | Default | Meaning |\n|---|---|---|\n"


def table() -> str:
    """The rows."""
    return "".join(f"| `KSHARE_{name.upper()}` | {_default(f)} | {f.description} |\n" for name, f in _fields())


def _fields() -> "list[tuple[str, FieldInfo]]":
    return list(Settings.model_fields.items())


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is None or isinstance(value, SecretStr):
        return "–"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if value == ():
        return "–"
    if isinstance(value, tuple):
        return "`[" + ",".join(f'"{one}"' for one in value) + "]`"
    return f"`{value}`"


def written(text: str) -> str:
    """The page with its table as it should be."""
    before, head, after = text.partition(HEAD)
    rest = after.splitlines(keepends=True)
    while rest and rest[0].startswith("|"):
        del rest[0]
    return before + head + table() + "".join(rest)


if __name__ == "__main__":
    README.write_text(written(README.read_text()))
