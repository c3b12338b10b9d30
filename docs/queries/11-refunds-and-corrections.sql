-- Which bills were corrected after they were first told, and what was refunded?
--
-- Read it: a row is a revision of a session that tells another bill than the one before, newest first. `before` is null
-- where there was no bill yet: a bill that came late. A negative `change` is a refund. `raw_ref` is the landed answer
-- that told it. Bills below 0 stand here with their first telling, too.
WITH bill AS (
    SELECT
        session_id,
        vehicle_id,
        revision,
        started_at,
        last_changed_at,
        location_name,
        currency,
        billed_total,
        raw_ref,
        lag(billed_total) OVER revisions AS before,
        lag(revision) OVER revisions AS revision_before
    FROM session_history
    WINDOW revisions AS (PARTITION BY session_id ORDER BY revision)
)
SELECT
    session_id,
    vehicle_id,
    started_at,
    last_changed_at AS told_at,
    location_name,
    currency,
    before,
    billed_total AS after,
    billed_total - before AS change,
    raw_ref
FROM bill
WHERE (revision_before IS NOT NULL AND billed_total IS DISTINCT FROM before) OR billed_total < 0
ORDER BY told_at DESC, session_id;
