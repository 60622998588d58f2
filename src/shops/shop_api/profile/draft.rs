//! A profile begun from an OpenAPI document (3.0, 3.1, Swagger 2.0): what could be found in it is
//! filled in, what could not is marked `// ?`, and a check of the draft names it by key.
//!
//! The document is not trusted: references may go in circles, names may hold anything.

mod answered;
mod by_path;
mod callers;
mod document;
mod drafted;
mod fields;
mod naming;
mod plan;
mod refused;
mod request;
mod roles;
mod ron;
mod schema;
mod scores;
pub mod source;
mod values;
mod wanted;
mod words;

use serde_json::Value;

use self::callers::{AUTHORIZATION, Callers};
use self::document::Document;
use self::drafted::Drafted;
use self::naming::OWN_VARS;
use self::plan::{Plan, Planner, Step};
use self::roles::Roles;
use self::ron::{Entry, Ron};

/// A profile that is begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its text, in format 2.
    pub profile: String,
    /// The steps that it has.
    pub mapped: Vec<&'static str>,
    /// How many steps were looked for.
    pub steps: usize,
    /// What is still to be written, by key; a value that nothing captures as `{x}`.
    pub missing: Vec<String>,
}

/// A document that no draft can be made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no OpenAPI document: it has no `openapi` (or `swagger`) beside `paths`")]
pub struct NoDocument;

/// A draft of the shop that `document` describes; `from` is the address that it came from, for
/// documents that do not say where their server is.
pub fn draft(document: &Value, from: Option<&str>) -> Result<Draft, NoDocument> {
    let document = Document::read(document).ok_or(NoDocument)?;
    let roles = Roles::new(&document);
    let login = callers::login(&roles);
    let wanted_by = |plan: &Plan<'_, '_>| {
        let has_login = plan.agent.iter().any(|call| !call.capture.is_empty());
        callers::of(&document, &plan.used, has_login)
    };
    let plan = Planner::new(&roles).plan(Vec::new());
    // Who need not say who they are do not log in.
    let is_asked = wanted_by(&plan).bearer.is_some();
    let plan = match login.is_empty() || !is_asked {
        true => plan,
        false => Planner::new(&roles).plan(login),
    };
    let callers = wanted_by(&plan);
    Ok(Writing { document: &document, plan, callers, from }.draft())
}

/// What stands above all of it.
const HEAD: &str = "\
// A draft, begun from an OpenAPI document. `// ?` marks what is to be looked at.
// What is missing: cartload profile check FILE
";

/// A draft that is written.
struct Writing<'r, 'd> {
    document: &'r Document<'d>,
    plan: Plan<'r, 'd>,
    callers: Callers,
    from: Option<&'r str>,
}

impl Writing<'_, '_> {
    fn draft(mut self) -> Draft {
        self.add_parameters();
        self.log_in_without_a_token();
        let answered = answered::read(&self.document.schemas, &self.plan);
        let unknown = self.unknown();
        let mut missing: Vec<String> = Vec::new();
        let absent = self.plan.seen.iter().map(|(name, ..)| format!("steps.{name}"));
        missing.extend(absent);
        missing.extend(answered.missing.iter().cloned());
        missing.extend(unknown.iter().map(|name| format!("{{{name}}}")));
        let mut entries = self.head();
        entries.extend(self.callers_entries(&unknown));
        entries.extend(self.setup());
        entries.extend(self.habits());
        entries.push(Entry::new("steps", Ron::Struct(self.steps())));
        entries.push(Entry::new("answers", Ron::Struct(answered.entries)));
        entries.push(Entry::new("refusals", Ron::List(refused::rules(&self.plan))));
        let details = answered::details(&self.document.schemas, &self.plan.used);
        entries.push(Entry::new("error_detail", Ron::texts(&details)));
        let profile = format!("{HEAD}{}\n", Ron::Struct(entries).write(0, 0));
        let mapped: Vec<&'static str> = self.plan.steps.iter().map(|step| step.name).collect();
        let steps = mapped.len() + self.plan.seen.len();
        Draft { profile, mapped, steps, missing }
    }

    /// What all calls carry in their addresses.
    fn add_parameters(&mut self) {
        let plan = &mut self.plan;
        let of_steps = plan.steps.iter_mut().flat_map(|step| &mut step.calls);
        let calls = of_steps.chain(&mut plan.run).chain(&mut plan.agent).chain(&mut plan.cart);
        for call in calls.filter(|call| call.method.is_some()) {
            let known: Vec<String> = call.query.iter().map(|(name, _)| name.clone()).collect();
            let more = self.callers.query.iter().filter(|(name, _)| !known.contains(name));
            call.query.extend(more.cloned());
        }
    }

    /// The calls that get a token do not wait for one.
    fn log_in_without_a_token(&mut self) {
        let wants = |(_, value): &(String, String)| value == "Bearer {token}";
        if self.callers.headers.iter().any(wants) {
            let header = (AUTHORIZATION.to_owned(), "Bearer {token?}".to_owned());
            self.plan.agent.iter_mut().for_each(|call| call.headers.push(header.clone()));
        }
    }

    /// Values that calls want and nothing sets.
    fn unknown(&self) -> Vec<String> {
        let unknown = Planner::unknown(&self.plan).into_iter();
        unknown.filter(|name| !self.callers.has(name)).collect()
    }

    fn head(&self) -> Vec<Entry> {
        let mut entries =
            vec![Entry::bare("format", "2"), Entry::text("name", &self.document.name)];
        match self.document.base_url.as_deref().or(self.from) {
            Some(url) => entries.push(Entry::text("base_url", url)),
            None => {
                let note = "base_url: \"https://...\", or give the run its address";
                entries.push(Entry::notes(vec![note.to_owned()]));
            }
        }
        entries
    }

    fn callers_entries(&self, unknown: &[String]) -> Vec<Entry> {
        let mut entries = vec![Entry::notes(self.callers.notes.clone())];
        if let Some(variable) = &self.callers.bearer {
            entries.push(Entry::text("auth", "bearer"));
            let strategy = Entry::bare("bearer", &format!("Bearer(env: \"{variable}\")"));
            entries.push(Entry::new("auth_strategies", Ron::Map(vec![strategy])));
        }
        let calls = self.calls();
        let wants = |name: &str| calls.iter().any(|call| call.wants().iter().any(|w| w == name));
        let one = |key: &str, text: &str| Ron::Struct(vec![Entry::text(key, text)]);
        let texts = OWN_VARS.iter().filter(|(name, _)| wants(name));
        let mut vars: Vec<Entry> =
            texts.map(|(name, text)| Entry::new(name, one("text", text))).collect();
        let secrets = self.callers.secrets.iter();
        vars.extend(secrets.map(|(name, variable)| Entry::new(name, one("env", variable))));
        let notes = unknown
            .iter()
            .map(|name| format!("\"{name}\": (text: \"...\"), or capture it: nothing has it"));
        vars.push(Entry::notes(notes.collect()));
        entries.push(Entry::new("vars", Ron::Map(vars)));
        for (key, pairs) in [("headers", &self.callers.headers), ("watch", &self.callers.watch)] {
            if !pairs.is_empty() {
                entries.push(Entry::new(key, Ron::map(pairs)));
            }
        }
        if self.callers.keeps_cookies {
            entries.push(Entry::bare("cookies", "agent"));
        }
        entries
    }

    fn calls(&self) -> Vec<&Drafted> {
        let plan = &self.plan;
        let of_steps = plan.steps.iter().flat_map(|step| &step.calls);
        of_steps.chain(&plan.run).chain(&plan.agent).chain(&plan.cart).collect()
    }

    fn setup(&self) -> Option<Entry> {
        let blocks =
            [("run", &self.plan.run), ("agent", &self.plan.agent), ("cart", &self.plan.cart)];
        let blocks = blocks.into_iter().filter(|(_, calls)| !calls.is_empty());
        let blocks: Vec<Entry> =
            blocks.map(|(name, calls)| Entry::new(name, listed(calls))).collect();
        (!blocks.is_empty()).then(|| Entry::new("setup", Ron::Struct(blocks)))
    }

    /// How the shop is, as far as a document can say.
    fn habits(&self) -> Vec<Entry> {
        let paged = self.plan.paged;
        let mut paging = vec![Entry::bare("by", plan::by_word(paged.by))];
        paging.push(Entry::bare("size", &paged.size.to_string()));
        if paged.by == naming::By::Page {
            paging.push(Entry::bare("first", &paged.first.to_string()));
        }
        let has = |name: &str| self.plan.steps.iter().any(|step| step.name == name);
        let (wallet, said) = match has("apply_coupon") {
            true => (
                "codes",
                "wallet: shoppers know codes (config/coupons.ron); `shop` if it lists theirs",
            ),
            false => ("none", "wallet: `codes` with a step apply_coupon"),
        };
        let keyed = self.plan.steps.iter().flat_map(|step| &step.calls);
        let honoured = keyed.into_iter().any(|call| !call.headers.is_empty());
        let idempotency = if honoured { "honoured" } else { "ignored" };
        let twice = "idempotency: `honoured` if a checkout that is sent again is one order";
        vec![
            Entry::bare("keep_alive_s", "4.0"),
            Entry::bare("catalog", "cached"),
            Entry::new("paging", Ron::Struct(paging)),
            Entry::bare("wallet", wallet).noted([said.to_owned()]),
            Entry::bare("idempotency", idempotency).noted((!honoured).then(|| twice.to_owned())),
        ]
    }

    fn steps(&self) -> Vec<Entry> {
        let mut entries: Vec<Entry> = self.plan.steps.iter().map(step).collect();
        for (name, needed, seen) in &self.plan.seen {
            let need = if *needed { "every run needs it" } else { "may be left out" };
            let seen = match seen.is_empty() {
                true => "nothing like it is in the document".to_owned(),
                false => format!("seen: {}", seen.join(", ")),
            };
            entries.push(Entry::notes(vec![format!("{name}: {need}; {seen}")]));
        }
        let lost = "find_order: how to see after a lost checkout whether the order stands";
        entries.push(Entry::notes(vec![lost.to_owned()]));
        entries
    }
}

fn step(step: &Step<'_, '_>) -> Entry {
    Entry::new(step.name, listed(&step.calls))
}

fn listed(calls: &[Drafted]) -> Ron {
    Ron::List(calls.iter().map(Drafted::written).collect())
}

#[cfg(test)]
mod tests;
