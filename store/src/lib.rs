//! Postgres: what people and other systems read.
