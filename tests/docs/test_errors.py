"""docs/errors.md says what the catalogue of errors says."""

from tests.docs.errors_page import PAGE, page

from kshare.core.errors import PROBLEMS


def test_the_page_is_the_catalogue() -> None:
    assert PAGE.read_text() == page(), "run `python -m tests.docs.errors_page` and commit docs/errors.md"


def test_every_code_stands_in_a_table_with_cause_and_cure() -> None:
    cells = [line.strip("| ").split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    rows = {row[0].strip("`"): row for row in cells}
    for code, problem in PROBLEMS.items():
        assert rows[code][1] == str(problem.status)
        assert rows[code][3] == problem.cause
        assert rows[code][4] == problem.cure
