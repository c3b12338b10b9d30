-- What did charging cost, by month and kind of place?
--
-- Read it: a row is a local month, a kind of place and a currency. `cost` is what was billed or what a tariff says, taxes
-- and fees included. A row without a currency holds the sessions that nothing prices: their cost is not 0, it is not
-- known. `kwh_unpriced` is the energy of those, and of parts of others. A row without a place is what is owed by the
-- month, as a base price.
SELECT
    strftime(local_date, '%Y-%m') AS month,
    place,
    currency,
    count(DISTINCT session_id) AS sessions,
    round(sum(kwh_priced), 1) AS kwh_priced,
    round(sum(kwh_unpriced), 1) AS kwh_unpriced,
    sum(amount) AS cost
FROM session_costs
WHERE basis IN ('billed', 'tariff')
GROUP BY ALL
ORDER BY month, place, currency NULLS LAST;
