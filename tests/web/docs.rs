//! Dashboards and alert rules under docs/: every metric and label they name is one that exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use regex::Regex;

use super::exposition::{full, parse, text_of};

/// Every file that names metrics.
fn files() -> Vec<(String, String)> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut files: Vec<_> =
        fs::read_dir(docs.join("grafana")).unwrap().map(|e| e.unwrap().path()).collect();
    files.extend([docs.join("alerts.yml"), docs.join("operating.md")]);
    let read = |path: std::path::PathBuf| {
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        (path.display().to_string(), text)
    };
    files.into_iter().map(read).collect()
}

#[test]
fn every_metric_and_label_they_name_exists() {
    let families = parse(&text_of(&full()));
    let mut samples = BTreeSet::new();
    let (mut keys, mut values) = (BTreeSet::new(), BTreeSet::new());
    for family in families.values() {
        for (name, labels, _) in &family.samples {
            samples.insert(name.clone());
            for (key, value) in labels {
                keys.insert((name.clone(), key.clone()));
                values.insert((name.clone(), key.clone(), value.clone()));
            }
        }
    }
    let name = Regex::new(r"\bcartload_[a-z0-9_]+").unwrap();
    let selector = Regex::new(r#"\b(cartload_[a-z0-9_]+)\{([^}]*)\}"#).unwrap();
    let matcher = Regex::new(r#"([a-z_]+)(=~|!=|!~|=)\\?"([^"\\]*)\\?""#).unwrap();
    for (file, text) in files() {
        let mut named = 0;
        for found in name.find_iter(&text) {
            let is_known =
                samples.contains(found.as_str()) || families.contains_key(found.as_str());
            assert!(is_known, "{file}: {} is no metric", found.as_str());
            named += 1;
        }
        assert!(named > 5, "{file} names {named}");
        for found in selector.captures_iter(&text) {
            for label in matcher.captures_iter(&found[2]) {
                let (metric, key, value) = (found[1].to_owned(), label[1].to_owned(), &label[3]);
                assert!(keys.contains(&(metric.clone(), key.clone())), "{file}: {metric} {key}");
                let is_exact = matches!(&label[2], "=" | "!=") && !value.starts_with('$');
                let sample = (metric, key, value.to_owned());
                assert!(!is_exact || values.contains(&sample), "{file}: {sample:?}");
            }
        }
    }
}

#[test]
fn the_operators_guide_names_every_metric() {
    let families = parse(&text_of(&full()));
    let (_, guide) = files().into_iter().find(|(file, _)| file.ends_with("operating.md")).unwrap();
    for name in families.keys() {
        assert!(guide.contains(&format!("`{name}`")), "docs/operating.md does not name {name}");
    }
}

#[test]
fn the_dashboards_are_json_with_queries_in_every_panel() {
    for (file, text) in files().into_iter().filter(|(file, _)| file.ends_with(".json")) {
        let dashboard: serde_json::Value =
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{file}: {e}"));
        let panels = dashboard["panels"].as_array().unwrap();
        assert!(panels.len() >= 10, "{file}");
        let mut ids = BTreeSet::new();
        for panel in panels.iter().filter(|panel| panel["type"] != "row") {
            assert!(ids.insert(panel["id"].to_string()), "{file}: id {}", panel["id"]);
            let targets = panel["targets"].as_array().unwrap();
            assert!(!targets.is_empty() && targets.iter().all(|t| t["expr"].is_string()));
        }
    }
}
