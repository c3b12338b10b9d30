-- What is reimbursed to whom, by which policy, and what cannot be?
--
-- Read it: a row is a driver, a local month, a policy with its version, and a currency. `caps` is what caps took away
-- and is within `reimbursed`. `not_paid` are lines for which the policy has no amount, with the reasons why; their rows
-- have no currency.
SELECT
    coalesce(driver, 'nobody named') AS driver,
    strftime(local_date, '%Y-%m') AS month,
    rule_id AS policy,
    rule_version AS version,
    currency,
    count(DISTINCT session_id) AS sessions,
    round(sum(kwh_priced), 1) AS kwh,
    sum(amount) AS reimbursed,
    sum(amount) FILTER (component = 'cap') AS caps,
    count(*) FILTER (amount IS NULL) AS not_paid,
    string_agg(DISTINCT reason, ', ' ORDER BY reason) AS why_not
FROM session_costs
WHERE basis = 'policy'
GROUP BY ALL
ORDER BY driver, month, policy, version, currency NULLS LAST;
