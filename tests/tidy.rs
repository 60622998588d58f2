//! The style, checked by the tests themselves.
