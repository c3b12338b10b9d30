-- What does a kWh cost by kind of place and by the hour at which a session starts?
--
-- Read it: a row is a kind of place, a currency and an hour on the clock of the vehicle (0 to 23). All costs of a session
-- count, fees and taxes too. Only sessions that are priced whole, and with energy, can say what a kWh costs.
WITH session AS (
    SELECT
        session_id,
        place,
        currency,
        hour(timezone(timezone, started_at)) AS hour,
        sum(amount)::DOUBLE AS cost,
        sum(kwh_priced) AS kwh
    FROM session_costs
    WHERE basis IN ('billed', 'tariff') AND state = 'complete' AND session_id IS NOT NULL
    GROUP BY ALL
)
SELECT
    place,
    currency,
    hour,
    count(*) AS sessions,
    round(sum(kwh), 1) AS kwh,
    round(sum(cost) / sum(kwh), 4) AS cost_per_kwh
FROM session
WHERE kwh > 0
GROUP BY ALL
ORDER BY place, currency, hour;
