"""Who is eligible in a period, and where: what all metrics of people are made of."""

ELIGIBLE = """
eligible AS (
  SELECT DISTINCT ON (m.person_id) m.person_id AS person, m.department_id AS department
  FROM membership m JOIN person p ON p.id = m.person_id AND p.kind = 'person'
  WHERE m.since < :until AND (m.until IS NULL OR m.until > greatest(m.since, :since))
  ORDER BY m.person_id, m.since DESC, m.id DESC
)"""
"""Everybody who belonged to a department on a day of the period or more; each once, in the department of the last
membership in it. Services are not people, and who is in no department cannot be dated."""

PLACED = """
placed AS (
  SELECT DISTINCT ON (m.person_id) m.person_id AS person, m.department_id AS department
  FROM membership m
  WHERE m.since < least(date_trunc('quarter', :since)::date + interval '3 months', :today + interval '1 day')
    AND (m.until IS NULL OR m.until > greatest(m.since, date_trunc('quarter', :since)::date))
  ORDER BY m.person_id, m.since DESC, m.id DESC
)"""
"""Where people were last in the quarter that the period lies in: for what is told of departments by quarters only, and
must count for the same one in a month, or the difference of the two would tell of those who moved."""

ACTIVE = """
active AS (
  SELECT person_id AS person, sum(weight) AS weight FROM contribution
  WHERE month >= :since AND month < :until GROUP BY person_id HAVING sum(weight) > 0
)"""
"""Whose account says that they contributed in the period, corrections taken off."""

LEVEL = """
leaders AS (SELECT DISTINCT manager_id AS person FROM person WHERE active AND manager_id IS NOT NULL),
senior_leaders AS (
  SELECT DISTINCT p.manager_id AS person FROM person p JOIN leaders l ON l.person = p.id
  WHERE p.active AND p.manager_id IS NOT NULL
),
level AS (
  SELECT e.person, CASE WHEN s.person IS NOT NULL THEN 'senior_leader' WHEN l.person IS NOT NULL THEN 'leader'
    ELSE 'staff' END AS level
  FROM eligible e LEFT JOIN leaders l USING (person) LEFT JOIN senior_leaders s USING (person)
)"""
"""The level of everybody eligible: by who leads whom today, since that is not dated."""
