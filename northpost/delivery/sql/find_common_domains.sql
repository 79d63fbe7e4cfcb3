-- inputs: workspace_id, most (how many)
-- effect: none; the domains that most people's addresses have, the most common first
-- index:  none: it reads all people, once a day
SELECT split_part(email_key, '@', 2) AS domain, count(*) AS people
FROM contacts_contact
WHERE workspace_id = %(workspace_id)s AND email_key IS NOT NULL
GROUP BY 1
HAVING count(*) > 1
ORDER BY 2 DESC, 1
LIMIT %(most)s
