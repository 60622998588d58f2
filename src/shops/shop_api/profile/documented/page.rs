//! docs/profiles.md: each profile that the page builds can work, and `profile check` says of it
//! what the page says.

use std::collections::BTreeMap;

use super::super::Profile;
use crate::coupon_book;

const PAGE: &str = include_str!("../../../../../docs/profiles.md");

/// A whole profile of format 1.
const OLDER: &str = include_str!("../../../../../tests/shop_api/format_1/practice.ron");

/// A block of the page: what stands behind its language, itself, and the block right after it.
fn blocks() -> Vec<(String, String, Option<String>)> {
    let fenced: Vec<&str> = PAGE.split("\n```").collect();
    let odd = fenced.iter().skip(1).step_by(2);
    let all: Vec<(&str, &str)> = odd.filter_map(|block| block.split_once('\n')).collect();
    let behind = |index: usize| all.get(index + 1).filter(|(kind, _)| *kind == "text");
    let of = |(index, (kind, text)): (usize, &(&str, &str))| {
        let kind = kind.strip_prefix("ron")?.trim();
        Some((kind.to_owned(), (*text).to_owned(), behind(index).map(|(_, t)| (*t).to_owned())))
    };
    all.iter().enumerate().filter_map(of).collect()
}

/// What a profile says, as text by key; below `setup`, `steps` and `answers` one level deeper.
#[derive(Clone, Debug, Default, PartialEq)]
struct Said(BTreeMap<String, String>);

impl Said {
    fn read(text: &str) -> Self {
        let bare = without_comments(text);
        let inner = bare.trim().strip_prefix('(').and_then(|t| t.strip_suffix(')'));
        Self(entries(inner.unwrap_or(&bare)))
    }

    /// With a part laid over it: entries of blocks and maps take the place of their own, lists are
    /// put before those that are there.
    fn with(mut self, part: &str) -> Self {
        for (key, new) in entries(&without_comments(part)) {
            let old = self.0.get(&key).cloned();
            let inner =
                |text: &str| text[1..text.len() - 1].trim_end().trim_end_matches(',').to_owned();
            let merged = match (old, &new[..1]) {
                (Some(old), "[") => format!("[{}, {}]", inner(&new), inner(&old)),
                (Some(old), open @ ("(" | "{")) => {
                    let mut merged = entries(&inner(&old));
                    merged.extend(entries(&inner(&new)));
                    let merged: Vec<String> =
                        merged.into_iter().map(|(key, value)| format!("{key}: {value}")).collect();
                    let close = if open == "(" { ")" } else { "}" };
                    format!("{open}{}{close}", merged.join(", "))
                }
                (_, _) => new,
            };
            self.0.insert(key, merged);
        }
        self
    }

    fn text(&self) -> String {
        let entries: Vec<String> =
            self.0.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        format!("({})", entries.join(",\n"))
    }

    /// The same whatever the order and the layout of its entries.
    fn plain(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let tight = |text: &str| {
            let text: String = text.split_whitespace().collect();
            text.replace(",)", ")").replace(",]", "]").replace(",}", "}")
        };
        let parts = |value: &String| match value.starts_with(['(', '{']) {
            true => entries(&value[1..value.len() - 1]),
            false => BTreeMap::from([(String::new(), value.clone())]),
        };
        let plain = |(key, value): (&String, &String)| {
            let parts = parts(value).into_iter().map(|(key, value)| (key, tight(&value)));
            (key.clone(), parts.collect())
        };
        self.0.iter().map(plain).collect()
    }
}

fn without_comments(text: &str) -> String {
    let code = |line: &str| {
        let quotes = |before: &str| before.replace("\\\"", "").matches('"').count();
        let comment = line.match_indices("//").find(|(at, _)| quotes(&line[..*at]) % 2 == 0);
        comment.map_or(line, |(at, _)| &line[..at]).trim_end().to_owned()
    };
    text.lines().map(code).collect::<Vec<_>>().join("\n")
}

/// The entries between commas, those inside of brackets and quotes left alone.
fn entries(text: &str) -> BTreeMap<String, String> {
    let (mut parts, mut begin, mut depth, mut quoted, mut before) = (Vec::new(), 0, 0, false, ' ');
    for (at, c) in text.char_indices() {
        match c {
            '"' if before != '\\' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
        before = c;
    }
    parts.push(&text[begin..]);
    let parts = parts.into_iter().filter(|part| !part.trim().is_empty());
    let entry = |part: &str| {
        let (key, value) = part.split_once(": ").or_else(|| part.split_once(":\n")).unwrap();
        (key.trim().to_owned(), value.trim().to_owned())
    };
    parts.map(entry).collect()
}

/// What `cartload profile check my.ron` says.
fn checked(text: &str) -> String {
    let mistakes = Profile::mistakes("my.ron", text);
    let said: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    match said.len() {
        0 => "my.ron: fine".to_owned(),
        1 => format!("{}\nerror: my.ron: a mistake", said[0]),
        many => format!("{}\nerror: my.ron: {many} mistakes", said.join("\n")),
    }
}

#[test]
fn every_profile_that_the_page_builds_is_what_the_page_says_of_it() {
    const CHECK: &str = "$ cartload profile check my.ron\n";
    let (mut so_far, mut finished, mut seen) = (Said::default(), None, BTreeMap::new());
    for (kind, text, behind) in blocks() {
        *seen.entry(kind.clone()).or_insert(0) += 1;
        let told = behind.as_deref().and_then(|told| told.strip_prefix(CHECK)).map(str::trim);
        match kind.as_str() {
            // A file.
            "whole" => {
                let said = checked(&text);
                assert_eq!(said, told.unwrap_or("my.ron: fine"), "{text}");
                so_far = Said::read(&text);
            }
            // The same with this in it.
            "part" => {
                so_far = so_far.with(&text);
                assert_eq!(checked(&so_far.text()), told.expect("what `check` says"), "{text}");
                finished = Some(so_far.clone());
            }
            // All that the parts have made.
            "all" => {
                assert_eq!(checked(&text), "my.ron: fine", "{text}");
                assert_eq!(Some(Said::read(&text).plain()), finished.as_ref().map(Said::plain));
            }
            // Another shop's: laid over that.
            "other" => {
                let whole = finished.clone().unwrap().with(&text).text();
                assert_eq!(checked(&whole), told.unwrap_or("my.ron: fine"), "{text}\n{whole}");
            }
            // A step as format 1 has it.
            "older" => {
                let whole = Said::read(OLDER).with(&text).text();
                assert_eq!(checked(&whole), "my.ron: fine", "{text}");
            }
            "coupons" => {
                let file = tempfile::NamedTempFile::new().unwrap();
                std::fs::write(file.path(), &text).unwrap();
                assert_ne!(coupon_book::read(file.path()).unwrap().codes.len(), 0);
            }
            kind => panic!("ron {kind}: {text}"),
        }
    }
    for kind in ["whole", "part", "all", "other", "older", "coupons"] {
        assert!(seen.contains_key(kind), "no block `ron {kind}`");
    }
}
