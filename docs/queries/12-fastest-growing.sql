-- Whose cost grew most from one month to the next?
--
-- Read it: a row is a vehicle and a currency, in the latest local month that has ended, beside the month before. A
-- vehicle with days that are not known, or with sessions without a price, may look cheaper than it is: `unpriced` counts
-- the latter. The ten with the largest `more`.
WITH latest AS (
    SELECT date_trunc('month', max(local_date))::DATE AS month FROM session_costs
),
monthly AS (
    SELECT
        vehicle_id,
        make,
        currency,
        date_trunc('month', local_date)::DATE AS month,
        sum(amount) AS cost,
        round(sum(kwh_priced), 1) AS kwh
    FROM session_costs
    WHERE basis IN ('billed', 'tariff') AND currency IS NOT NULL
    GROUP BY ALL
),
unpriced AS (
    SELECT vehicle_id, date_trunc('month', local_date)::DATE AS month, count(DISTINCT session_id) AS sessions
    FROM session_costs
    WHERE basis IN ('billed', 'tariff') AND state <> 'complete'
    GROUP BY ALL
)
SELECT
    this.vehicle_id,
    this.make,
    strftime(this.month, '%Y-%m') AS month,
    this.currency,
    before.cost AS cost_before,
    this.cost,
    this.cost - coalesce(before.cost, 0) AS more,
    before.kwh AS kwh_before,
    this.kwh,
    coalesce(unpriced.sessions, 0) AS unpriced
FROM monthly AS this
CROSS JOIN latest
LEFT JOIN monthly AS before
    ON before.vehicle_id = this.vehicle_id
    AND before.currency = this.currency
    AND before.month = this.month - INTERVAL 1 MONTH
LEFT JOIN unpriced ON unpriced.vehicle_id = this.vehicle_id AND unpriced.month = this.month
WHERE this.month = latest.month - INTERVAL 1 MONTH
ORDER BY more DESC, this.vehicle_id
LIMIT 10;
