-- How much CO2 did charging cause, by month and country's grid?
--
-- Read it: a row is a local month and what the grams are from (`co2_source`). A source that begins with `missing:` says
-- why the sessions of that row have none; without rules of CO2 it is null for all. `g_per_kwh` is the mean of what was
-- charged, which is not the mean of the grid: it depends on the hours.
WITH bearing AS (
    SELECT line.session_id, strftime(line.local_date, '%Y-%m') AS month, line.co2_g, line.co2_source, session.energy_kwh
    FROM session_costs AS line
    JOIN charge_sessions AS session USING (session_id)
    QUALIFY row_number() OVER (
        PARTITION BY line.session_id ORDER BY line.co2_source IS NULL, line.basis = 'policy', line.line_id
    ) = 1
)
SELECT
    month,
    regexp_replace(co2_source, 'no value from \S+ on', 'a value is not told') AS co2_source,
    count(*) AS sessions,
    round(sum(energy_kwh), 1) AS kwh,
    round(sum(co2_g) / 1000, 3) AS co2_kg,
    round(sum(co2_g) / nullif(sum(energy_kwh), 0), 1) AS g_per_kwh
FROM bearing
GROUP BY ALL
ORDER BY month, co2_kg DESC NULLS LAST, co2_source;
