//! The SQL of `migrations/`, embedded, and applied in order.

use diesel::migration::{Migration, MigrationSource};
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

/// Every migration, the same for both dialects.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// How many of them are not among `applied`, without asking the database: reading must not make the
/// table that remembers them.
pub fn pending(applied: &[String]) -> usize {
    versions().iter().filter(|version| !applied.contains(version)).count()
}

/// How many of `applied` this version does not know.
pub fn unknown(applied: &[String]) -> usize {
    let known = versions();
    applied.iter().filter(|version| !known.contains(version)).count()
}

/// The versions of all of them.
pub fn versions() -> Vec<String> {
    let all: Vec<Box<dyn Migration<Sqlite>>> = MIGRATIONS.migrations().unwrap_or_default();
    all.iter().map(|migration| migration.name().version().to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_applied_is_pending() {
        let all = pending(&[]);
        assert!(all >= 2, "{all} embedded");
        let applied = ["00000000000001".to_owned(), "from the future".to_owned()];
        assert_eq!((pending(&applied), unknown(&applied)), (all - 1, 1));
    }
}
