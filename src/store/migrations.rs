//! The SQL of `migrations/`, embedded, and applied in order.

use diesel::migration::{Migration, MigrationSource};
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

/// Every migration, the same for both dialects.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// How many of them are not among `applied`, without asking the database: reading must not make the
/// table that remembers them.
pub fn pending(applied: &[String]) -> usize {
    let all: Vec<Box<dyn Migration<Sqlite>>> = MIGRATIONS.migrations().unwrap_or_default();
    let versions = all.iter().map(|migration| migration.name().version().to_string());
    versions.filter(|version| !applied.contains(version)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_applied_is_pending() {
        let all = pending(&[]);
        assert!(all >= 2, "{all} embedded");
        assert_eq!(pending(&["00000000000001".to_owned(), "from the future".to_owned()]), all - 1);
    }
}
