//! Calling external systems, and simulating them.
