"""Triage is right often enough to be of use, on the labelled ideas of bench/."""

from collections import Counter

from bench.triage_quality import labelled, measure


def test_the_labelled_set_is_large_and_of_both_languages() -> None:
    ideas, categories = labelled()
    assert len(ideas) >= 120
    assert {one.category for one in ideas} == categories.keys()
    assert Counter(one.matter.title.isascii() for one in ideas)[True] >= 25
    assert min(Counter(one.size for one in ideas).values()) >= 50
    assert len({one.matter.title for one in ideas}) == len(ideas)


def test_triage_is_right_often_enough() -> None:
    quality = measure()
    # By chance it would be one in ten, three in ten and about one in two.
    assert quality.top1 >= 0.52, quality
    assert quality.top3 >= 0.76, quality
    assert quality.size >= 0.85, quality
