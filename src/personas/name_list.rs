//! Several names in one cell: separated by one of `;`, `|` and `,`, as a JSON list, or as a
//! Postgres array. With two separators in one cell nobody knows which of them parts the names.

const SEPARATORS: [char; 3] = [';', '|', ','];

/// The names in `text`, trimmed; `None` where it can be read in more than one way.
pub fn names(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    if text.starts_with('[') {
        return serde_json::from_str(text).ok();
    }
    if let Some(array) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .escape(Some(b'\\'))
            .from_reader(array.as_bytes());
        let Some(record) = reader.records().next() else { return Some(Vec::new()) };
        return Some(record.ok()?.iter().map(|name| name.trim().to_owned()).collect());
    }
    let mut found = SEPARATORS.into_iter().filter(|separator| text.contains(*separator));
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => None,
        (separator, _) => {
            let parts = text.split(separator.unwrap_or(SEPARATORS[0]));
            Some(parts.map(|name| name.trim().trim_matches('"').trim().to_owned()).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parted_by_one_separator_and_two_of_them_are_refused() {
        let read = |text: &str| names(text).map(|names| names.join("/"));
        for (text, expected) in [
            ("Bakery;Dairy", Some("Bakery/Dairy")),
            ("Bakery | Dairy", Some("Bakery/Dairy")),
            ("Bakery, Dairy", Some("Bakery/Dairy")),
            ("Bakery", Some("Bakery")),
            (r#"["Bread, Rolls", "Dairy"]"#, Some("Bread, Rolls/Dairy")),
            (r#"{"Bread, Rolls;x",Dairy}"#, Some("Bread, Rolls;x/Dairy")),
            ("{}", Some("")),
            ("Bread, Rolls;Dairy", None),
            ("a|b;c", None),
            ("[1", None),
        ] {
            assert_eq!(read(text).as_deref(), expected, "{text}");
        }
    }
}
