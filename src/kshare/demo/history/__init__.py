"""Two years of the demo company before its own stories, worked out anew for the day on which they are loaded.

The story, in months from the first of 24 full ones (story.yaml has its figures):

- Months 1 to 5: a slow start. Few write, mostly the knowledge office and some who are keen; what most is written about
  is the shortage of parts.
- Month 6: a campaign with prizes. Three in ten share something. A month later half of them, and after three months it
  is as it was before.
- Months 7 to 12: the digital twin is talked about for a while, and then no more. A third of all searches find nothing.
  An idea waits a month for its answer.
- Month 13: managers begin to share themselves. In the same month ideas get a clock: from then on they are answered
  within two weeks.
- Month 15: the others follow, and do not fall back. More and more is read by people of other departments, and ever
  fewer searches find nothing.
- The last three weeks: inspection by machine vision at the line (边缘AI质检) is suddenly everywhere. The calibration of
  sensors (传感器标定) is always written about: much, and always the same.

The cloud platform team and the plant in Penang grow, the knowledge office has fewer than five people, some leave and
some move. Everything depends on the day alone. The history ends two days before it, and leaves nothing open but a few
ideas that wait for their authors, so that desks and overdue lists hold what the demo's own stories put there.
"""
