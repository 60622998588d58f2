//! What calls, headers and places in answers may ask for: each value must be the call's own, set by
//! the profile, or captured by some call.

use std::collections::BTreeSet;

use awc::http::header::{HeaderName, HeaderValue};

use super::Checker;
use crate::shop_api::profile::auth::Auth;
use crate::shop_api::profile::{
    Call, Name, Placeholder, ProfileError, Request, Slot, StepName, Template, Var,
};

/// What the caller of a step gives.
const CALLER: [Placeholder; 4] =
    [Placeholder::AgentId, Placeholder::UserId, Placeholder::FlowId, Placeholder::SimulatedAt];

impl Checker<'_> {
    pub(super) fn setup(&self) -> Vec<ProfileError> {
        let setup = &self.profile.setup;
        let blocks = [("run", &setup.run), ("agent", &setup.agent), ("cart", &setup.cart)];
        let calls = blocks.into_iter().flat_map(|(block, calls)| {
            calls.iter().enumerate().map(move |(index, call)| (block, index, call))
        });
        calls
            .flat_map(|(block, index, call)| {
                self.call(&format!("setup.{block}.{index}"), call, None)
            })
            .collect()
    }

    pub(super) fn call(&self, key: &str, call: &Call, step: Option<StepName>) -> Vec<ProfileError> {
        let part = |part: &str| format!("{key}.{part}");
        let mut found = Vec::new();
        if call.ok.is_empty() || call.ok.iter().any(|status| !(200..=299).contains(status)) {
            found.push(self.fail(part("ok"), "name at least one status, each from 200 to 299"));
        }
        let Some(request) = &call.request else { return found };
        found.extend(self.path(&part("path"), request).err());
        let own = step.map_or(&[][..], StepName::placeholders);
        let mut names: Vec<&str> = call.each.iter().map(|each| &*each.name).collect();
        if matches!(step, Some(StepName::ViewProduct | StepName::AddItem | StepName::RemoveItem)) {
            names.extend(self.kept());
        }
        let each = names.as_slice();
        let given = |optional: bool| -> Vec<Placeholder> {
            // A probe is nobody's.
            let has_caller = request.auth && step != Some(StepName::Probe);
            let caller = CALLER.iter().filter(|_| has_caller);
            let all = own.iter().chain(caller).copied();
            all.filter(|p| optional || !p.is_optional()).collect()
        };
        found.extend(self.placeholders(&part("path"), &request.path, &given(false), each).err());
        for (parameter, template) in &request.query {
            let key = part(&format!("query.{parameter}"));
            found.extend(self.placeholders(&key, template, &given(true), each).err());
        }
        for (header, template) in &request.headers {
            let key = part(&format!("headers.{header}"));
            found.extend(self.header(&key, header, template).err());
            found.extend(self.placeholders(&key, template, &given(true), each).err());
        }
        for template in request.body.templates() {
            let is_whole = template.sole_slot().is_some();
            found.extend(self.placeholders(&part("body"), template, &given(is_whole), each).err());
        }
        found
    }

    fn path(&self, key: &str, request: &Request) -> Result<(), ProfileError> {
        let path = &request.path;
        if !path.plain_texts().next().is_some_and(|text| text.starts_with('/')) {
            return Err(self.fail(key, "begin it with `/`"));
        }
        let unfit =
            |c: char| c.is_whitespace() || c.is_control() || !c.is_ascii() || "?#".contains(c);
        if path.plain_texts().any(|text| text.contains(unfit)) {
            return Err(self.fail(key, "use ASCII without spaces; parameters go in `query`"));
        }
        Ok(())
    }

    /// Every value that somebody sets or captures.
    fn known(&self) -> BTreeSet<&str> {
        let profile = self.profile;
        let captured = profile.calls().flat_map(|call| call.capture.keys());
        let names = captured.chain(profile.vars.keys()).chain(profile.watch.keys());
        names.map(|name| &**name).collect()
    }

    /// What profiles set themselves, and what they forget.
    pub(super) fn values(&self) -> Vec<ProfileError> {
        let (profile, mut found) = (self.profile, Vec::new());
        for (name, var) in &profile.vars {
            let key = format!("vars.{name}");
            match var {
                Var::Text(template) => {
                    let own = template.slots().find_map(|slot| match &slot.name {
                        Name::Own(name) => Some(name),
                        Name::BuiltIn(_) => None,
                    });
                    found.extend(own.map(|own| {
                        let problem = format!(
                            "`{{{own}}}` has no value here: a var may hold the caller's alone; \
                             write it where it is sent"
                        );
                        self.fail(key.as_str(), problem)
                    }));
                    if own.is_none() {
                        found.extend(self.placeholders(&key, template, &CALLER, &[]).err());
                    }
                }
                Var::Secret(secret) if secret.env.trim().is_empty() => {
                    found.push(self.fail(key, "`env` is empty; name an environment variable"));
                }
                Var::Secret(_) => {}
            }
        }
        let known = self.known();
        let forgotten = profile.calls().flat_map(|call| &call.forget);
        let forgotten = forgotten.chain(profile.rules.iter().flat_map(|rule| &rule.forget));
        let needed = profile.calls().flat_map(|call| &call.needs);
        let unheard = needed.filter(|name| !known.contains(&***name));
        found.extend(unheard.map(|name| self.fail("needs", unknown(name, &known))));
        let built_in = known.iter().filter(|name| built_in().contains(name));
        found.extend(built_in.map(|name| {
            let problem = "a value of the call's own is called so; give it another name";
            self.fail(format!("`{name}`"), problem)
        }));
        let strange = forgotten.filter(|name| !known.contains(&***name));
        found.extend(strange.map(|name| self.fail("forget", unknown(name, &known))));
        found
    }

    pub(super) fn placeholders(
        &self,
        key: &str,
        template: &Template,
        allowed: &[Placeholder],
        more: &[&str],
    ) -> Result<(), ProfileError> {
        let known = self.known();
        for slot in template.slots() {
            match &slot.name {
                Name::BuiltIn(placeholder) if allowed.contains(placeholder) || slot.may_lack => {}
                Name::BuiltIn(placeholder) => {
                    let known: Vec<_> =
                        allowed.iter().map(|p| format!("{{{}}}", p.as_str())).collect();
                    let there = match known.is_empty() {
                        true => "no placeholder".to_owned(),
                        false => known.join(", "),
                    };
                    let name = placeholder.as_str();
                    let problem = format!("`{{{name}}}` may have no value here; there is {there}");
                    return Err(self.fail(key, problem));
                }
                Name::Own(name) if known.contains(&**name) || more.contains(&&**name) => {}
                Name::Own(name) => return Err(self.fail(key, unknown(name, &known))),
            }
        }
        Ok(())
    }

    /// What calls that are made for each item of a list call one.
    fn items(&self) -> impl Iterator<Item = &str> {
        let calls = self.profile.steps.iter().flat_map(|(_, step)| &step.calls);
        calls.flat_map(|call| &call.each).map(|each| &*each.name)
    }

    /// The values of an item that its calls get along.
    fn kept(&self) -> impl Iterator<Item = &str> {
        let item = self.profile.answers.item.iter();
        let kept = item.flat_map(|item| {
            item.keep.keys().chain(item.variants.iter().flat_map(|variants| variants.keep.keys()))
        });
        kept.map(String::as_str)
    }

    /// Where answers are looked at: values in such places must be known too.
    pub(super) fn places(&self) -> Vec<ProfileError> {
        let (profile, known) = (self.profile, self.known());
        let of_calls = profile.calls().flat_map(|call| {
            call.capture.values().chain(&call.requires).chain(call.each.iter().map(|e| &e.list))
        });
        let all = of_calls.chain(profile.watch.values());
        let all = all.chain(profile.rules.iter().flat_map(|rule| rule.fields()));
        let all = all.chain(profile.answers.places());
        let of_items: BTreeSet<&str> = self.kept().chain(self.items()).collect();
        let strange = |slot: &Slot| match &slot.name {
            Name::Own(name) if !known.contains(&**name) && !of_items.contains(&**name) => {
                Some(unknown(name, &known))
            }
            Name::Own(_) | Name::BuiltIn(_) => None,
        };
        let in_places = all.filter_map(|field| {
            let unknown = field.templates().flat_map(Template::slots).find_map(strange)?;
            Some(self.fail(format!("`{}`", field.as_str()), unknown))
        });
        let words = profile.rules.iter().flat_map(|rule| rule.is.0.iter().chain(&rule.not.0));
        let words = words.chain(profile.answers.found.iter().flat_map(|found| &found.is.0));
        let in_words = words.filter_map(|(field, word)| {
            let unknown = word.slots().find_map(strange)?;
            Some(self.fail(format!("`{}`", field.as_str()), unknown))
        });
        in_places.chain(in_words).collect()
    }

    pub(super) fn headers(&self) -> Vec<ProfileError> {
        let headers = self.profile.headers.iter().enumerate();
        let checked = headers.flat_map(|(index, header)| {
            let key = format!("headers.{index}");
            let own = self.header(&key, &header.name, &header.value).err();
            own.into_iter().chain(self.placeholders(&key, &header.value, &CALLER, &[]).err())
        });
        checked.collect()
    }

    fn header(&self, key: &str, name: &str, value: &Template) -> Result<(), ProfileError> {
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            return Err(self.fail(key, format!("`{name}` is no header's name")));
        }
        let is_strategy = self.profile.auth_strategies.get(&self.profile.auth);
        let has_strategy = is_strategy.is_some_and(|auth| *auth != Auth::None);
        if name.eq_ignore_ascii_case("authorization") && has_strategy {
            return Err(self.fail(key, "write it as a strategy in `auth_strategies`"));
        }
        if value.plain_texts().any(|text| HeaderValue::from_str(text).is_err()) {
            return Err(self.fail(key, "the value has a character that no header may have"));
        }
        Ok(())
    }
}

fn unknown(name: &str, known: &BTreeSet<&str>) -> String {
    let there = match known.is_empty() {
        true => format!("there are none, but of the call: {}", built_in().join(", ")),
        false => format!("there are {}", known.iter().copied().collect::<Vec<_>>().join(", ")),
    };
    format!("unknown value {{{name}}}: nothing captures it; {there}")
}

fn built_in() -> Vec<&'static str> {
    Placeholder::ALL.iter().map(|placeholder| placeholder.as_str()).collect()
}
