//! Sums of hashes, by table: rows may come in any order, and a row taken away is taken off.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Sealed;

/// A sum of hashes, modulo 2^128.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum(u128);

impl Sum {
    /// The first half of a SHA-256.
    pub(super) fn of_hash(hash: &[u8]) -> Self {
        let mut half = [0; 16];
        half.iter_mut().zip(hash).for_each(|(to, from)| *to = *from);
        Self(u128::from_be_bytes(half))
    }

    fn add(&mut self, other: Self) {
        self.0 = self.0.wrapping_add(other.0);
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for Sum {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u128::from_str_radix(text, 16).map(Self)
    }
}

impl Serialize for Sum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Rows of one table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSum {
    /// How many.
    pub rows: u64,
    /// What they add up to.
    pub sum: Sum,
}

/// Rows of several tables; of a table that is not named there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sums(BTreeMap<Sealed, TableSum>);

impl Sums {
    /// Adds a row.
    pub fn add(&mut self, table: Sealed, row: Sum) {
        let of_table = self.0.entry(table).or_default();
        of_table.rows += 1;
        of_table.sum.add(row);
    }

    /// Adds all of them.
    pub fn add_all(&mut self, others: &Self) {
        for (table, other) in &others.0 {
            let of_table = self.0.entry(*table).or_default();
            of_table.rows += other.rows;
            of_table.sum.add(other.sum);
        }
    }

    /// Without those, which are among it; a table of which nothing is left is not named.
    #[must_use]
    pub fn without(mut self, others: &Self) -> Self {
        self.0.retain(|table, of_table| {
            let other = others.of(*table);
            of_table.rows = of_table.rows.saturating_sub(other.rows);
            of_table.sum.0 = of_table.sum.0.wrapping_sub(other.sum.0);
            of_table.rows > 0
        });
        self
    }

    /// What a table has.
    pub fn of(&self, table: Sealed) -> TableSum {
        self.0.get(&table).copied().unwrap_or_default()
    }

    /// Says what a table has, whatever it was said to have.
    pub fn replace(&mut self, table: Sealed, sum: TableSum) {
        self.0.insert(table, sum);
    }

    /// Whether no row was added.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether rows of this table, none included, are among what was summed up.
    pub fn names(&self, table: Sealed) -> bool {
        self.0.contains_key(&table)
    }

    /// Says that this table was summed up, if only to nothing.
    pub fn name(&mut self, table: Sealed) {
        self.0.entry(table).or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(n: u8) -> Sum {
        Sum::of_hash(&[n; 32])
    }

    #[test]
    fn sums_know_no_order_and_a_row_twice_is_not_a_row() {
        let (mut one, mut other) = (Sums::default(), Sums::default());
        [1, 2, 200].into_iter().for_each(|n| one.add(Sealed::Orders, row(n)));
        [200, 1, 2].into_iter().for_each(|n| other.add(Sealed::Orders, row(n)));
        assert_eq!(one, other);
        other.add(Sealed::Orders, row(2));
        assert_ne!(one, other);
        let mut both = one.clone();
        both.add_all(&other);
        assert_eq!(both.of(Sealed::Orders).rows, 7);
        assert_eq!(both.of(Sealed::OrderItems), TableSum::default());
    }

    #[test]
    fn sums_are_read_as_they_were_written() {
        let mut sums = Sums::default();
        sums.add(Sealed::ShoppingSessionEvents, row(255));
        sums.name(Sealed::Orders);
        let text = serde_json::to_string(&sums).unwrap();
        assert_eq!(
            text,
            "{\"shopping_session_events\":{\"rows\":1,\
             \"sum\":\"ffffffffffffffffffffffffffffffff\"},\
             \"orders\":{\"rows\":0,\"sum\":\"00000000000000000000000000000000\"}}"
        );
        assert_eq!(serde_json::from_str::<Sums>(&text).unwrap(), sums);
    }
}
