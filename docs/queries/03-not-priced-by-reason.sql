-- What has no price, and why?
--
-- Read it: a row is a reason (docs/tables.md explains each), a make and a kind of place. A session may stand under more
-- than one reason. `kwh` is null where no energy was told. Most go away with a rule: a tariff for the place, or a
-- price for the hours.
SELECT
    reason,
    make,
    place,
    count(DISTINCT session_id) AS sessions,
    round(sum(kwh_unpriced), 1) AS kwh,
    min(local_date) AS first_day,
    max(local_date) AS last_day
FROM session_costs
WHERE basis IN ('billed', 'tariff') AND amount IS NULL
GROUP BY ALL
ORDER BY sessions DESC, reason, make, place;
