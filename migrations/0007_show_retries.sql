-- What is known when an attempt of a call has ended: how many there may be in all, and when the next one is due.
--
-- Null in older rows and where it is not known. New columns without a default: the lock is short, nothing is rewritten.

alter table task_attempts
    -- How many attempts may be made in this generation, those before an operator's retry included.
    add column allowed bigint,
    -- When the next one begins; null if none will follow.
    add column next_at timestamptz(3);
