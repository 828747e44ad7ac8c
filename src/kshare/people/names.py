"""How people are sorted and found by name: Chinese by pinyin, Latin by the alphabet."""

from kshare.core.pinyin import pinyin_key, pinyin_search
from kshare.core.words import fold

_LONGEST_CHINESE_NAME = 8
_PARTED = str.maketrans("._-+", "    ")


def sort_name(name: str) -> str:
    """The place of a name in lists."""
    return pinyin_key(name)


def search_name(name: str, email: str | None) -> str:
    """The words a person is found by, each by its beginning: the name, its pinyin and initials, the given name alone,
    the e-mail address and the words in its local part."""
    words = dict.fromkeys(pinyin_search(name).split())
    if name.isalpha() and not name.isascii() and len(name) <= _LONGEST_CHINESE_NAME:
        # Chinese is written without spaces: a given name is found although it stands behind the surname.
        for start in range(1, len(name)):
            words |= dict.fromkeys(word for word in pinyin_search(name[start:]).split() if len(fold(word)) > 1)
            words[fold(name[start:])] = None
    if email is not None:
        local = email.partition("@")[0].translate(_PARTED)
        words |= dict.fromkeys((email, *local.split()))
    return " ".join(words)
