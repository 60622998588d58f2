//! What keeps a house from becoming a hall: few files open one `impl`, an actor has few fields, and
//! a core stays pure without standing on a list.

use std::collections::{BTreeMap, BTreeSet};

use super::{assert_none, sources};

/// Files that may open an inherent `impl` of one type.
const IMPL_FILES_MAX: usize = 2;
/// Fields of an actor, those of structs that only hold fields counted in their place.
const ACTOR_FIELDS_MAX: usize = 8;

type Sources = Vec<(String, String)>;

/// A struct by its name and the file that declares it.
type Place<'a> = (&'a str, &'a str);

/// The name that a text begins with.
fn word(text: &str) -> Option<&str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

/// The type that a line opens an inherent `impl` of.
fn implemented(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("impl")?;
    let rest = match rest.strip_prefix('<') {
        Some(generics) => generics.split_once("> ")?.1,
        None => rest.strip_prefix(' ')?,
    };
    let is_of_a_trait = rest.contains(" for ");
    let name = word(rest)?;
    (!is_of_a_trait && !name.is_empty()).then_some(name)
}

/// The type that a line declares.
fn declared(line: &str) -> Option<&str> {
    let seen = ["pub(super) ", "pub(crate) ", "pub "].iter();
    let rest = seen.filter_map(|seen| line.strip_prefix(seen)).next().unwrap_or(line);
    let rest = rest.strip_prefix("struct ").or_else(|| rest.strip_prefix("enum "))?;
    word(rest)
}

/// How far two files stand together, in folders.
fn together(one: &str, other: &str) -> usize {
    let one = one.trim_end_matches(".rs").split('/');
    one.zip(other.trim_end_matches(".rs").split('/')).take_while(|(a, b)| a == b).count()
}

/// The one of these files that stands nearest to `file`: itself, if it is among them.
fn nearest<'a>(at: impl Iterator<Item = &'a str>, file: &str) -> Option<&'a str> {
    at.max_by_key(|at| (*at == file, together(at, file)))
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
            let of = nearest(at.iter().copied(), file).unwrap_or_default();
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

/// The item that the first of these lines begins, to the line at the margin that ends it.
fn item<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let ends = |line: &str| {
        let is_at_the_margin = !line.starts_with(' ');
        is_at_the_margin && (line.ends_with([';', '}']) || line.starts_with(['}', ')']))
    };
    let last = lines.iter().position(|line| ends(line)).unwrap_or(lines.len() - 1);
    lines[..=last].to_vec()
}

/// The types of a struct's fields, named or not, on one line or on many.
fn fields<'a>(item: &[&'a str]) -> Vec<&'a str> {
    let fields: Vec<&str> = match item {
        [line] => {
            let list = line.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')'));
            let mut depth = 0;
            let parts = list.map_or("", |(list, _)| list).split(|c: char| {
                depth += i32::from("<([".contains(c)) - i32::from(">)]".contains(c));
                c == ',' && depth == 0
            });
            parts.map(str::trim).filter(|field| !field.is_empty()).collect()
        }
        lines => {
            let body = lines.iter().skip_while(|line| !line.ends_with(['{', '('])).skip(1);
            let fields = body.filter_map(|line| line.strip_prefix("    "));
            fields.filter(|field| field.starts_with(|c: char| c.is_alphanumeric())).collect()
        }
    };
    let of_type = |field: &'a str| match field.split_once(": ") {
        Some((_, held)) => held,
        None if field.starts_with("pub") => field.split_once(' ').map_or(field, |(_, held)| held),
        None => field,
    };
    fields.into_iter().map(of_type).collect()
}

/// The name of a type held by value, in an `Option` or not.
fn held(of_type: &str) -> Option<&str> {
    let of_type = of_type.strip_prefix("Option<").unwrap_or(of_type);
    let path = of_type.split(['<', '>', ',']).next()?;
    word(path.rsplit("::").next()?)
}

/// Whether an `impl` has a method: a function that is no constructor, for it takes `self`.
fn acts(item: &[&str]) -> bool {
    let is_self = |rest: &str| word(rest) == Some("self") && !rest.starts_with("self::");
    let starts_a_word = |before: &str| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    item.iter().any(|line| {
        line.match_indices("self").any(|(n, _)| is_self(&line[n..]) && starts_a_word(&line[..n]))
    })
}

/// The structs of the actors.
#[derive(Default)]
struct Structs<'a> {
    /// The types of the fields of each.
    fields: BTreeMap<Place<'a>, Vec<&'a str>>,
    /// Those with methods: nouns of their own.
    act: BTreeSet<Place<'a>>,
    /// What each file imports.
    imports: BTreeMap<&'a str, Vec<String>>,
}

impl<'a> Structs<'a> {
    /// The struct that a file means by this name: the one it imports, else the nearest.
    fn meant(&self, name: &str, file: &str) -> Option<Place<'a>> {
        let named = self.fields.keys().filter(|(declared, _)| *declared == name);
        let imported = named.clone().find(|(_, at)| self.imports_from(at, name, file));
        let at =
            imported.map(|(_, at)| *at).or_else(|| nearest(named.clone().map(|it| it.1), file));
        named.copied().find(|(_, of)| Some(*of) == at)
    }

    fn imports_from(&self, at: &str, name: &str, file: &str) -> bool {
        let module = at.trim_end_matches(".rs").rsplit('/').next().unwrap_or(at);
        let (module, is_name) = (format!("{module}::"), |c: char| !c.is_alphanumeric() && c != '_');
        let mut imports = self.imports.get(file).into_iter().flatten();
        imports.any(|import| import.contains(&module) && import.split(is_name).any(|w| w == name))
    }

    /// Its fields, counted through the structs that only hold some of them; a type that is met in
    /// itself is another one of its name.
    fn count(&self, place: Place<'a>, on_the_way: &mut Vec<Place<'a>>) -> usize {
        on_the_way.push(place);
        let mut count = 0;
        for of_type in &self.fields[&place] {
            let within = held(of_type).and_then(|name| self.meant(name, place.1));
            let within = within.filter(|it| !self.act.contains(it) && !on_the_way.contains(it));
            count += within.map_or(1, |it| self.count(it, on_the_way).max(1));
        }
        on_the_way.pop();
        count
    }
}

/// Actors that hold more fields than they may.
fn hoarders(sources: &Sources) -> Vec<String> {
    let of_actors = sources.iter().filter(|(file, _)| file.starts_with("actors/"));
    let of_actors = of_actors.filter(|(file, _)| !file.ends_with("tests.rs"));
    let codes: Vec<(&str, String)> =
        of_actors.map(|(file, text)| (file.as_str(), code(text))).collect();
    let codes: Vec<(&str, Vec<&str>)> =
        codes.iter().map(|(file, code)| (*file, code.lines().collect())).collect();
    let lines = || {
        codes.iter().flat_map(|(file, lines)| {
            lines.iter().enumerate().map(|(n, line)| (*file, *line, &lines[n..]))
        })
    };
    let mut structs = Structs::default();
    for (file, line, rest) in lines().filter(|(_, line, _)| line.contains("struct ")) {
        if let Some(name) = declared(line) {
            structs.fields.insert((name, file), fields(&item(rest)));
        }
    }
    for (file, _, rest) in lines().filter(|(_, line, _)| line.starts_with("use ")) {
        structs.imports.entry(file).or_default().push(item(rest).concat());
    }
    for (file, line, rest) in lines() {
        let of = implemented(line).and_then(|name| structs.meant(name, file));
        structs.act.extend(of.filter(|_| acts(&item(rest))));
    }
    let actors = lines().filter_map(|(file, line, _)| {
        let (of_trait, name) = line.strip_prefix("impl")?.split_once(" for ")?;
        let is_actor = of_trait.rsplit([' ', ':']).next() == Some("Actor");
        structs.meant(word(name)?, file).filter(|_| is_actor)
    });
    let counts = actors.map(|actor| (actor, structs.count(actor, &mut Vec::new())));
    let hoarders = counts.filter(|(_, count)| *count > ACTOR_FIELDS_MAX);
    hoarders.map(|((name, file), count)| format!("{name} of {file}: {count} fields")).collect()
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

#[test]
fn an_actor_has_at_most_eight_fields() {
    assert_none(&hoarders(&sources()), "a noun is missing, with methods of its own");
}

/// An actor with `own` fields, and one that is a `Doors` of another file.
fn actor(own: usize, doors: &str, more: &str) -> Vec<String> {
    let own: String = (0..own).map(|n| format!("    /// One.\n    f{n}: Rc<Doors>,\n")).collect();
    let hub = format!(
        "/// Hub.\npub struct Hub<T>\nwhere\n    T: Copy,\n{{\n{own}    pub doors: {doors},\n}}\n\
         impl<T: Copy> actix::Actor for Hub<T> {{\n    type Context = Context<Self>;\n}}\n"
    );
    let doors = format!(
        "pub struct Doors {{\n    /// To a.\n    pub(super) a: Addr<A>,\n    b: Option<Keys>,\n}}\n\
         pub struct Keys(Arc<Map<K, V>>, pub u32);\n\
         impl Doors {{\n    fn of(a: Addr<A>) -> Self {{\n        Self {{ a }}\n    }}\n}}\n\
         {more}"
    );
    let file = |name: &str, text: String| (name.to_owned(), text);
    hoarders(&vec![file("actors/hub.rs", hub), file("actors/hub/doors.rs", doors)])
}

#[test]
fn nine_fields_of_an_actor_are_found_and_eight_are_none_counted_through_what_only_holds_fields() {
    // The doors are three: one and, in the keys, two.
    assert_eq!(actor(5, "Doors", ""), [""; 0]);
    assert_eq!(actor(6, "Doors", ""), ["Hub of actors/hub.rs: 9 fields"]);
    assert_eq!(actor(5, "Option<super::Doors>", ""), [""; 0]);
    assert_eq!(actor(6, "Option<super::Doors>", ""), ["Hub of actors/hub.rs: 9 fields"]);
}

#[test]
fn what_is_shared_counts_once_and_so_does_a_noun_with_methods() {
    let noun = "impl Doors {\n    fn knock(\n        &self,\n    ) {\n    }\n}\n";
    for (doors, more) in [("Arc<Doors>", ""), ("Doors", noun), ("Vec<Doors>", "")] {
        assert_eq!(actor(7, doors, more), [""; 0]);
        assert_eq!(actor(8, doors, more), ["Hub of actors/hub.rs: 9 fields"]);
    }
    let shown = "impl Display for Doors {\n    fn fmt(&self) {\n    }\n}\n";
    assert_eq!(actor(6, "Doors", shown).len(), 1, "a trait makes no noun");
}

#[test]
fn of_two_structs_of_one_name_the_one_that_is_imported_is_meant() {
    let fields = |of: u32| (0..of).map(|n| format!("    f{n}: u32,\n")).collect::<String>();
    let hub = |import: &str| {
        let text = "struct Hub {\n    clock: Clock,\n}\nimpl Actor for Hub {\n}\n";
        ("actors/hub.rs".to_owned(), format!("{import}{text}"))
    };
    let clock = |file: &str, of| (file.to_owned(), format!("struct Clock {{\n{}}}\n", fields(of)));
    let of = |import| {
        let clocks = [clock("actors/hub/clock.rs", 8), clock("actors/hub/status.rs", 9)];
        hoarders(&[hub(import)].into_iter().chain(clocks).collect())
    };
    assert_eq!(of("use clock::Clock;\n"), [""; 0]);
    assert_eq!(of("use status::{\n    Clock, Traffic,\n};\n"), ["Hub of actors/hub.rs: 9 fields"]);
}

#[test]
fn an_actor_of_the_tests_is_not_counted() {
    let fields: String = (0..9).map(|n| format!("    f{n}: u32,\n")).collect();
    let stub = format!("struct Stub {{\n{fields}}}\nimpl Actor for Stub {{\n}}\n");
    let of_tests = |text: String| hoarders(&vec![("actors/hub.rs".to_owned(), text)]);
    assert_eq!(of_tests(stub.clone()), ["Stub of actors/hub.rs: 9 fields"]);
    assert_eq!(of_tests(format!("#[cfg(test)]\nmod tests {{\n{stub}}}\n")), [""; 0]);
}
