-- Which drivers cost more than 100 in a month, or charged more than 300 kWh?
--
-- Read it: a row is a driver, a local month and a currency. The limits are the two numbers at the end; an amount is
-- compared in its own currency. Drivers are those of assignments.csv; sessions of nobody stand under 'nobody named'.
SELECT
    coalesce(driver, 'nobody named') AS driver,
    strftime(local_date, '%Y-%m') AS month,
    currency,
    count(DISTINCT session_id) AS sessions,
    round(sum(kwh_priced + coalesce(kwh_unpriced, 0)), 1) AS kwh,
    sum(amount) AS cost
FROM session_costs
WHERE basis IN ('billed', 'tariff')
GROUP BY ALL
HAVING cost > 100 OR kwh > 300
ORDER BY month, cost DESC NULLS LAST, driver;
