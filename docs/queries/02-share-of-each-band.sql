-- How much was charged off-peak, and what did a kWh cost in each band?
--
-- Read it: a row is a local month, a tariff and one of its bands, named as in tariffs.toml; a tariff that follows a
-- series has one band without a name. `share_pct` is of the month's energy by that tariff. Energy without a price has
-- no price_per_kwh. Bills tell no hours and are left out.
WITH part AS (
    SELECT strftime(local_date, '%Y-%m') AS month, rule_id AS tariff, currency, unnest(parts) AS part
    FROM session_costs
    WHERE basis = 'tariff' AND component = 'energy'
)
SELECT
    month,
    tariff,
    part.band AS band,
    max(currency) AS currency,
    round(sum(part.kwh), 1) AS kwh,
    round(100 * sum(part.kwh) / sum(sum(part.kwh)) OVER (PARTITION BY month, tariff), 1) AS share_pct,
    round(sum(part.kwh * part.price_per_kwh::DOUBLE) / sum(part.kwh) FILTER (part.price_per_kwh IS NOT NULL), 4)
        AS price_per_kwh
FROM part
GROUP BY month, tariff, part.band
ORDER BY month, tariff, kwh DESC;
