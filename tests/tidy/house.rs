//! What keeps a house from becoming a hall: few files open one `impl`, and a core stays pure
//! without standing on a list.

use std::collections::{BTreeMap, BTreeSet};

use super::{assert_none, sources};

/// Files that may open an inherent `impl` of one type.
const IMPL_FILES_MAX: usize = 2;

type Sources = Vec<(String, String)>;

/// The type that a line opens an inherent `impl` of.
fn implemented(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("impl")?;
    let rest = match rest.strip_prefix('<') {
        Some(generics) => generics.split_once("> ")?.1,
        None => rest.strip_prefix(' ')?,
    };
    let is_of_a_trait = rest.contains(" for ");
    let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    (!is_of_a_trait && !name.is_empty()).then_some(name)
}

/// The type that a line declares.
fn declared(line: &str) -> Option<&str> {
    let seen = ["pub(super) ", "pub(crate) ", "pub "].iter();
    let rest = seen.filter_map(|seen| line.strip_prefix(seen)).next().unwrap_or(line);
    let rest = rest.strip_prefix("struct ").or_else(|| rest.strip_prefix("enum "))?;
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

/// How far two files stand together, in folders.
fn together(one: &str, other: &str) -> usize {
    let one = one.trim_end_matches(".rs").split('/');
    one.zip(other.trim_end_matches(".rs").split('/')).take_while(|(a, b)| a == b).count()
}

/// Types whose `impl` more files open than may; a name that several files declare is each file's
/// own, or that of the declaration that stands nearest.
fn halls(sources: &Sources) -> Vec<String> {
    let mut declarations: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (file, text) in sources {
        for name in text.lines().filter_map(declared) {
            declarations.entry(name).or_default().push(file);
        }
    }
    let mut opened: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for (file, text) in sources {
        for name in text.lines().filter_map(implemented) {
            let Some(at) = declarations.get(name) else { continue };
            let nearest = at.iter().max_by_key(|at| (**at == file, together(at, file)));
            let of = nearest.copied().unwrap_or_default();
            opened.entry((name, of)).or_default().insert(file);
        }
    }
    let halls = opened.into_iter().filter(|(_, files)| files.len() > IMPL_FILES_MAX);
    halls.map(|((name, of), files)| format!("{name} of {of}: {files:?}")).collect()
}

/// The code of a file, without its tests and comments.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Why a file of the actors may not know actix, if it does: it holds no edge to another actor, or
/// takes the time as a pure core does.
fn impure(file: &str, text: &str) -> Option<&'static str> {
    let code = code(text);
    let is_front_door = file.matches('/').count() == 1;
    let is_door = is_front_door || file.ends_with("/messages.rs") || file.ends_with("/tests.rs");
    if !file.starts_with("actors/") || is_door || !code.contains("actix::") {
        return None;
    }
    let edges = ["Recipient<", "Addr<", "Context<", "MessageResponse<"];
    let has_edge = edges.iter().any(|edge| code.contains(edge));
    match (has_edge, code.contains("now: Instant")) {
        (false, _) => Some("knows actix and holds no edge"),
        (true, true) => Some("holds an edge and takes `now`: a core and an edge in one"),
        (true, false) => None,
    }
}

#[test]
fn at_most_two_files_open_the_impl_of_one_type() {
    assert_none(&halls(&sources()), "one impl in many files is one hall");
}

#[test]
fn a_third_file_that_opens_an_impl_is_found_and_another_type_of_that_name_is_not_counted() {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let mut sources = vec![
        file("actors/hub.rs", "pub struct Hub<T> {\n}\nimpl<T> Hub<T> {\n}\n"),
        file("actors/hub/doors.rs", "impl<T: Clone> Hub<T> {\n}\n"),
        file("src/hub.rs", "struct Hub;\nimpl Hub {\n}\n"),
        file("actors/hub/shown.rs", "impl Display for Hub<u8> {\n}\n"),
    ];
    assert!(halls(&sources).is_empty(), "{:?}", halls(&sources));
    sources.push(file("actors/hub/more.rs", "impl Hub<u8> {\n}\n"));
    let found = halls(&sources);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("Hub of actors/hub.rs"), "{found:?}");
}

#[test]
fn pure_cores_know_no_actix() {
    let broken = sources().into_iter();
    let broken: Vec<String> = broken
        .filter_map(|(file, text)| Some(format!("{file} {}", impure(&file, &text)?)))
        .collect();
    assert_none(&broken, "a pure core takes what it needs as values");
}

#[test]
fn a_core_that_knows_actix_is_found_and_an_edge_is_none() {
    let core = "use actix::prelude::SpawnHandle;\nstruct Waiting { timer: SpawnHandle }\n";
    assert!(impure("actors/hub/waiting.rs", core).is_some());
    let both = "use actix::prelude::*;\nfn due(to: &Recipient<Tick>, now: Instant) {}\n";
    assert!(impure("actors/hub/due.rs", both).is_some());
    let edge = "use actix::prelude::*;\nstruct Doors { ticks: Recipient<Tick> }\n";
    assert!(impure("actors/hub/doors.rs", edge).is_none());
    assert!(impure("actors/hub.rs", both).is_none(), "a front door");
    assert!(impure("src/hub/due.rs", both).is_none(), "no actor");
}
