"""kshare: the headless backend with which a company shares knowledge and proposes improvements."""
