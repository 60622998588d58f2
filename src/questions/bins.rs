//! A histogram as rows: how often each value was seen.

use diesel::QueryableByName;
use diesel::sql_types::BigInt;

/// One value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct BinRow {
    /// The value.
    #[diesel(sql_type = BigInt)]
    pub value: i64,
    /// How often it was seen.
    #[diesel(sql_type = BigInt)]
    pub seen: i64,
}
