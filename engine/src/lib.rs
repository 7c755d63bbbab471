//! What happens to an order.
