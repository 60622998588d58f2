//! Where an operator looks when flows fail because of the database: told by the words that an error
//! of the store begins with, as causes travel as text.

/// What a flow's cause begins with where the store is it.
const OF_STORE: &str = "store: ";

/// How an error of the store begins, and where its cause is found.
const PLACES: [(&str, &str); 9] = [
    (
        "the database cannot write",
        "the disk and the file of the database: free space (`df -h`), rights, whether it is \
         mounted read-only",
    ),
    (
        "the database file",
        "the file of the database: who deletes, moves or replaces it while the run writes to it",
    ),
    ("the database is damaged", "the disk under the database, and your newest backup of it"),
    (
        "the database refuses this run's login",
        "the password of the run's user: end the run, put DATABASE_URL right and `cartload resume`",
    ),
    ("the database does not answer", "whether the database runs and is reachable from here"),
    (
        "no database connection within",
        "whether the database runs, is reachable from here and has connections to spare",
    ),
    ("the database asks to try again", "who else writes to this database and holds its locks"),
    ("the database lost rows", "what the database was replaced by: a backup, another server"),
    ("the database refused a statement", "the tables of the database and the rights of its user"),
];

/// Where to look, if the store is what failed.
pub fn of_cause(cause: &str) -> Option<&'static str> {
    let said = cause.strip_prefix(OF_STORE).unwrap_or(cause);
    PLACES.iter().find(|(begins, _)| said.starts_with(begins)).map(|(_, place)| *place)
}

#[cfg(test)]
mod tests {
    use super::super::{FileChange, StoreError};
    use super::*;

    #[test]
    fn every_error_of_the_database_itself_has_its_place() {
        let text = || "words".to_owned();
        for (error, word) in [
            (StoreError::CannotWrite(text()), "disk"),
            (StoreError::FileGone { path: text(), change: FileChange::Replaced }, "file"),
            (StoreError::Damaged(text()), "backup"),
            (StoreError::LoginRefused(text()), "DATABASE_URL"),
            (StoreError::Unavailable(text()), "reachable"),
            (StoreError::PoolExhausted { waited_ms: 1, cause: text() }, "connections"),
            (StoreError::Contention(text()), "locks"),
            (StoreError::RowsLost(text()), "replaced"),
            (StoreError::Refused(text()), "rights"),
        ] {
            for cause in [error.to_string(), format!("store: {error} (19)")] {
                assert!(of_cause(&cause).is_some_and(|place| place.contains(word)), "{cause}");
            }
        }
    }

    #[test]
    fn what_a_shop_says_of_its_own_database_points_at_no_place_of_ours() {
        for cause in ["checkout: 500, the database cannot write (19)", "panic: a drill", ""] {
            assert_eq!(of_cause(cause), None, "{cause}");
        }
    }
}
