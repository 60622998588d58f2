//! A database that takes nothing is said once, and so is that it takes writes again.

use std::time::Instant;

use serde_json::json;

use crate::db_writer::trouble::Trouble;
use crate::domain::incident::IncidentKind;

use super::Report;

/// What was said last.
#[derive(Clone, Copy, Debug, Default)]
pub struct StoreNews {
    /// Since when it takes nothing, as was told.
    told: Option<Instant>,
    /// A heartbeat is on its way.
    pub is_beating: bool,
}

impl StoreNews {
    /// Called each second; what is to be said where something changed.
    pub fn look(&mut self, trouble: Option<&Trouble>, now: Instant) -> Option<Report> {
        let (message, seconds, takes) = match (trouble, self.told) {
            (Some(Trouble { since, error }), None) => {
                self.told = Some(*since);
                (error.to_string(), whole_seconds(now, *since), false)
            }
            (None, Some(since)) => {
                self.told = None;
                let seconds = whole_seconds(now, since);
                (format!("the database takes writes again, after {seconds} s"), seconds, true)
            }
            (Some(_), Some(_)) | (None, None) => return None,
        };
        Some((IncidentKind::StoreTrouble, message, json!({ "takes": takes, "for_s": seconds })))
    }
}

fn whole_seconds(now: Instant, since: Instant) -> u64 {
    now.saturating_duration_since(since).as_secs()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ports::store::StoreError;

    #[test]
    fn a_database_that_takes_nothing_is_told_once_and_so_is_that_it_does_again() {
        let mut news = StoreNews::default();
        let since = Instant::now();
        let error = StoreError::CannotWrite("database or disk is full".into());
        let trouble = Trouble { since, error: error.clone() };
        let after = |s| since + Duration::from_secs(s);
        assert_eq!(news.look(None, after(1)), None);
        let (kind, message, detail) = news.look(Some(&trouble), after(2)).unwrap();
        assert_eq!((kind, message), (IncidentKind::StoreTrouble, error.to_string()));
        assert_eq!(detail["for_s"], 2);
        assert_eq!(news.look(Some(&trouble), after(3)), None);
        let (_, message, _) = news.look(None, after(14)).unwrap();
        assert_eq!(message, "the database takes writes again, after 14 s");
        assert_eq!(news.look(None, after(15)), None);
    }
}
