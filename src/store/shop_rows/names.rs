//! What the shop's tables and columns are called, as far as a mark touches them. A name is an
//! identifier whatever it holds: it never leaves its quotes.

use std::collections::BTreeMap;

/// A table, a column or a word of the shop, and what it is called unless somebody says otherwise.
const ROLES: [(&str, &str); 17] = [
    ("sessions", "shopping_sessions"),
    ("sessions.id", "id"),
    ("sessions.is_simulated", "is_simulated"),
    ("sessions.status", "status"),
    ("sessions.active", "active"),
    ("sessions.abandoned", "abandoned"),
    ("sessions.started_at", "started_at"),
    ("sessions.last_seen_at", "last_seen_at"),
    ("sessions.ended_at", "ended_at"),
    ("events", "shopping_session_events"),
    ("events.session_id", "session_id"),
    ("events.is_simulated", "is_simulated"),
    ("events.created_at", "created_at"),
    ("orders", "orders"),
    ("orders.shopping_session_id", "shopping_session_id"),
    ("orders.is_simulated", "is_simulated"),
    ("orders.created_at", "created_at"),
];
/// Said for a name: the shop has no such thing.
const NONE: &str = "none";
/// Bytes of a name; PostgreSQL cuts longer ones.
const NAME_BYTES_MAX: usize = 63;

/// The names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopNames {
    schema: String,
    /// By role; a role that is not here is left out.
    names: BTreeMap<&'static str, String>,
}

/// Why a name cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// There is no `=` in it.
    #[error("`{given}`: say ROLE=NAME, as orders.shopping_session_id=session, or ROLE=none")]
    Shape {
        /// What was given.
        given: String,
    },
    /// Nothing is called so here.
    #[error("`{given}` is none of {}", roles())]
    Role {
        /// What was given.
        given: String,
    },
    /// Not a name.
    #[error("`{given}`: a name has 1 to {NAME_BYTES_MAX} bytes and no NUL")]
    Name {
        /// What was given.
        given: String,
    },
}

fn roles() -> String {
    ROLES.map(|(role, _)| role).join(", ")
}

impl ShopNames {
    /// The operator's shop, in this schema.
    pub fn new(schema: &str) -> Result<Self, NameError> {
        let names = ROLES.iter().map(|(role, name)| (*role, (*name).to_owned())).collect();
        Ok(Self { schema: checked(schema)?, names })
    }

    /// Takes `ROLE=NAME` in, or leaves the role out for `ROLE=none`.
    pub fn rename(&mut self, text: &str) -> Result<(), NameError> {
        let shown = |text: &str| text.chars().take(80).collect::<String>();
        let (role, name) =
            text.split_once('=').ok_or_else(|| NameError::Shape { given: shown(text) })?;
        let role = role.trim();
        let (role, _) = ROLES
            .iter()
            .find(|(known, _)| *known == role)
            .ok_or_else(|| NameError::Role { given: shown(role) })?;
        match name.trim() {
            NONE => self.names.remove(role),
            name => self.names.insert(role, checked(name)?),
        };
        Ok(())
    }

    /// The schema of all of them.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// What a role is called, if the shop has it.
    pub fn of(&self, role: &str) -> Option<&str> {
        self.names.get(role).map(String::as_str)
    }

    /// A table with its schema, as it stands in a statement.
    pub(super) fn table(&self, role: &str) -> Option<String> {
        Some(format!("{}.{}", identifier(&self.schema), identifier(self.of(role)?)))
    }
}

fn checked(name: &str) -> Result<String, NameError> {
    let is_name = !name.is_empty() && name.len() <= NAME_BYTES_MAX && !name.contains('\0');
    let given = || name.chars().take(80).collect();
    if is_name { Ok(name.to_owned()) } else { Err(NameError::Name { given: given() }) }
}

/// In quotes that it cannot leave.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// As a text of SQL.
pub(super) fn literal(text: &str) -> String {
    // A backslash means itself only where the server says so; E'' does not depend on that.
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_operators_shop_unless_others_are_said() {
        let mut names = ShopNames::new("public").unwrap();
        assert_eq!(names.table("sessions").unwrap(), "\"public\".\"shopping_sessions\"");
        assert_eq!(names.of("orders.shopping_session_id"), Some("shopping_session_id"));
        names.rename("orders.shopping_session_id = visit").unwrap();
        names.rename("sessions=Visits of \"us\"").unwrap();
        names.rename("events=none").unwrap();
        assert_eq!(names.of("orders.shopping_session_id"), Some("visit"));
        assert_eq!(names.table("sessions").unwrap(), "\"public\".\"Visits of \"\"us\"\"\"");
        assert_eq!(names.table("events"), None);
    }

    #[test]
    fn what_is_no_role_or_no_name_is_refused_with_what_there_is() {
        let mut names = ShopNames::new("public").unwrap();
        let before = names.clone();
        assert!(matches!(names.rename("orders"), Err(NameError::Shape { .. })));
        let role = names.rename("order=orders").unwrap_err();
        assert!(role.to_string().contains("orders.created_at"), "{role}");
        let long = "x".repeat(NAME_BYTES_MAX);
        names.rename(&format!("orders={long}")).unwrap();
        names.rename("orders=orders").unwrap();
        for name in ["", " ", "a\0b", &format!("{long}x"), &"é".repeat(32)] {
            let error = names.rename(&format!("orders={name}")).unwrap_err();
            assert!(matches!(error, NameError::Name { .. }), "{name:?}");
        }
        assert!(ShopNames::new("").is_err());
        assert_eq!(names, before);
    }

    #[test]
    fn a_text_stays_a_text() {
        assert_eq!(literal("it's"), "E'it''s'");
        assert_eq!(literal("\\'; DROP TABLE x; --"), "E'\\\\''; DROP TABLE x; --'");
    }
}
