//! What crosses the wire to Temporal.
