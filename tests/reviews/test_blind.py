"""Reviewing is blind: nobody learns what another judged, nor whether, before giving theirs."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from tests.conftest import Company, Loop, cloned_database, found_company, live_server
from tests.reviews.scenes import Scene
from tests.reviews.watching import everything

from kshare.core import ids

SAID: list[dict[str, Any]] = [
    {"scores": (5, 1), "comment": "写得清楚", "remark": False},
    {"scores": (1, 4), "comment": "", "remark": True},
    {"scores": (3, 3), "comment": "再想想", "remark": True},
]


class _Counting:
    """In the place of chance, so that ids of one moment sort in the order in which they were made, in both companies."""

    def __init__(self) -> None:
        self.count = itertools.count(1)

    def randbits(self, bits: int) -> int:
        return next(self.count)


@pytest.fixture(scope="module", autouse=True)
def in_order() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ids, "secrets", _Counting())
        yield


@pytest.fixture(scope="module")
def twins(postgres_url: str, loop: Loop) -> Iterator[tuple[Company, Company]]:
    """Two companies in which the same is done."""
    with (
        cloned_database(postgres_url, loop) as first,
        cloned_database(postgres_url, loop) as second,
        live_server(first, loop) as one,
        live_server(second, loop) as other,
    ):
        yield found_company(one), found_company(other)


def test_trial(twins: tuple[Company, Company]) -> None:
    import time

    t = time.monotonic()
    scene = Scene(twins[0], 0).build()
    print("build", time.monotonic() - t)
    for content in ("规范", "点子"):
        r = scene.submit("s", content)
        assert r.status_code == 201, r.text
        print(content, scene.asked(content))
    secrets = [("甲", "规范"), ("甲", "点子")]
    full = everything(scene.things(secrets), scene.word)
    near = everything(scene.things(secrets), scene.word, near=True)
    print(len(full), len(near))
    t = time.monotonic()
    from tests.reviews.watching import told
    told(scene.people["乙"], full)
    print("full", time.monotonic() - t)
    t = time.monotonic()
    a = told(scene.people["乙"], full)
    print("full", time.monotonic() - t)
    t = time.monotonic()
    told(scene.people["乙"], near)
    print("near", time.monotonic() - t)
    from collections import Counter
    c = Counter(x.label.split("[")[0] for x in full)
    print(c.most_common(60))
    print(Counter(v[:3] for v in a.values()))
    for k, v in a.items():
        if v[:3] not in ("200", "404"): print(k, v[:300])
        if '"errors"' in v: print(k, v[-300:])
    with scene.unheard(dict.fromkeys(("乙", "旁观", "管理员", "发明人", "读者", "丁"), full)):
        for c in ("规范", "点子"):
            r = scene.judge("j", "甲", c, SAID[0])
            assert r.status_code == 201, r.text
    print("ok", time.monotonic() - t)
