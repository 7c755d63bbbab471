-- Why an order may not be done in time.
--
-- A new column without a default: the lock is short, nothing is rewritten. Of orders that are at risk already, only their record says why.

alter table orders
    add column at_risk_reason text;
