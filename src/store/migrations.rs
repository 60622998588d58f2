//! The SQL of `migrations/`, embedded, and applied in order.

use diesel_migrations::{EmbeddedMigrations, embed_migrations};

/// Every migration, the same for both dialects.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");
