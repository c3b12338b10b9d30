-- Which items of reconciliation are open, and for how long?
--
-- Read it: a row is a kind and state of item and how old it is, in days before the latest run. Old ones come first. To
-- see the items themselves: SELECT * FROM reconciliation WHERE is_open ORDER BY day.
WITH latest AS (
    SELECT max(started_at)::DATE AS day FROM runs
),
aged AS (
    SELECT item.*, date_diff('day', item.day, latest.day) AS age_days
    FROM reconciliation AS item CROSS JOIN latest
    WHERE item.is_open
)
SELECT
    CASE
        WHEN age_days > 90 THEN 'over 90 days'
        WHEN age_days > 30 THEN '31 to 90 days'
        WHEN age_days > 7 THEN '8 to 30 days'
        ELSE 'up to 7 days'
    END AS age,
    kind,
    state,
    count(*) AS items,
    count(DISTINCT vehicle_id) AS vehicles,
    min(day) AS oldest
FROM aged
GROUP BY ALL
ORDER BY oldest, kind, state;
