-- Of which days is nothing known, and why?
--
-- Read it: a row is a vehicle, a stream and a stretch of days in one state (docs/tables.md explains each). What these
-- days have cost is in no sum of the other queries. Days outside of the window, or before consent, are gone for good.
WITH unknown AS (
    SELECT
        vehicle_id,
        make,
        stream,
        state,
        day,
        day - row_number() OVER (PARTITION BY vehicle_id, stream, state ORDER BY day)::INTEGER AS stretch
    FROM completeness
    WHERE state NOT IN ('collected', 'confirmed_empty')
)
SELECT vehicle_id, make, stream, state, min(day) AS first_day, max(day) AS last_day, count(*) AS days
FROM unknown
GROUP BY vehicle_id, make, stream, state, stretch
ORDER BY days DESC, vehicle_id, stream, first_day;
