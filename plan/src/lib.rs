//! What will be done for one order.
