DROP VIEW canonical_coupon_interactions;
DROP VIEW canonical_order_items;
DROP VIEW canonical_orders;
DROP VIEW canonical_shopping_session_events;
DROP VIEW canonical_shopping_sessions;
DROP VIEW canonical_offer_cycles;
DROP VIEW canonical_cycles;
DROP VIEW canonical_attempts;
