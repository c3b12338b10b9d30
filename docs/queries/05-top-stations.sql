-- At which stations is charged most, and what does a kWh cost there?
--
-- Read it: a row is a station, as its source names it, and a currency; the twenty with the most energy. `cost_per_kwh`
-- is over sessions that are priced whole. Sessions at places that are not public are left out.
WITH cost AS (
    SELECT
        session_id,
        currency,
        sum(amount) AS cost,
        bool_and(state = 'complete') AS is_whole
    FROM session_costs
    WHERE basis IN ('billed', 'tariff') AND session_id IS NOT NULL AND currency IS NOT NULL
    GROUP BY session_id, currency
)
SELECT
    coalesce(session.location_name, session.address, 'not told') AS station,
    cost.currency,
    count(*) AS sessions,
    count(DISTINCT session.vehicle_id) AS vehicles,
    round(sum(session.energy_kwh), 1) AS kwh,
    sum(cost.cost) AS cost,
    round(
        sum(cost.cost::DOUBLE) FILTER (cost.is_whole) / nullif(sum(session.energy_kwh) FILTER (cost.is_whole), 0), 3
    ) AS cost_per_kwh
FROM charge_sessions AS session
LEFT JOIN cost USING (session_id)
WHERE session.place = 'public' AND session.status <> 'vanished'
GROUP BY ALL
ORDER BY kwh DESC NULLS LAST, station, cost.currency
LIMIT 20;
