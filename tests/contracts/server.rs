//! A shop of a contract over real HTTP on loopback, and the faults that a test has it make.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::operations::{Inputs, Operation, Refusal, Refused};
use super::shape::{Asked, Route, Shape, Without, read};
use super::shop::{PlacedOrder, Shop};
use super::template::{Hand, Said};
use crate::support::scripted_server::{Answer, Scripted, bytes, json as json_answer};

/// What goes wrong. `n` is every how manyth time.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Of the checkouts that place an order, so manyth answers are lost: the connection ends.
    pub lost_orders: Option<usize>,
    /// Calls that are answered with a 500 before anything is done.
    pub errors: BTreeMap<Operation, usize>,
    /// Answers that take so long.
    pub slow: Option<(usize, Duration)>,
}

/// What the shop has in its books.
#[derive(Debug)]
pub struct Books {
    pub orders: Vec<PlacedOrder>,
    /// Open carts that hold something.
    pub carts_with_items: usize,
    /// How often each product was put into a cart.
    pub added: BTreeMap<String, usize>,
    pub refused: BTreeMap<Refusal, usize>,
    /// Answers that were lost with an order placed.
    pub lost: usize,
    pub requests: usize,
}

/// A running shop; ends when dropped.
pub struct ContractShop {
    scripted: Scripted,
    counter: Arc<Mutex<Counter>>,
}

/// Where calls are answered, one at a time.
struct Counter {
    shape: Shape,
    shop: Shop,
    faults: Faults,
    calls: BTreeMap<Operation, usize>,
    /// Under which name the GraphQL field of the call is answered.
    named: Option<(String, String)>,
    answers: usize,
    placed: usize,
    lost: usize,
}

impl ContractShop {
    /// A shop of the contract in this text.
    pub fn start(name: &str, contract: &str, faults: Faults) -> Self {
        let shape: Shape = read(name, contract);
        let shop = Shop::new(shape.rules.clone());
        let calls = BTreeMap::new();
        let named = None;
        let counter = Counter { shape, shop, faults, calls, named, answers: 0, placed: 0, lost: 0 };
        let counter = Arc::new(Mutex::new(counter));
        let at = Arc::clone(&counter);
        let scripted = Scripted::deciding(move |request| at.lock().unwrap().answer(request));
        Self { scripted, counter }
    }

    pub fn url(&self) -> String {
        self.scripted.url()
    }

    pub fn port(&self) -> u16 {
        self.scripted.port()
    }

    pub fn books(&self) -> Books {
        let counter = self.counter.lock().unwrap();
        let shop = &counter.shop;
        Books {
            orders: shop.orders.clone(),
            carts_with_items: shop.carts_with_items(),
            added: shop.added.clone(),
            refused: shop.refused.clone(),
            lost: counter.lost,
            requests: self.scripted.requests().len(),
        }
    }

    /// What is for sale, by product: its variants.
    pub fn goods(&self) -> BTreeMap<String, Vec<String>> {
        let counter = self.counter.lock().unwrap();
        let products = counter.shop.products.iter();
        let variants = products.map(|product| {
            let variants = product.variants.iter().map(|variant| variant.id.clone());
            (product.id.clone(), variants.collect())
        });
        variants.collect()
    }
}

impl Counter {
    /// `None`: nothing is answered, and the connection ends.
    fn answer(&mut self, request: &str) -> Option<Answer> {
        let asked = Asked::read(request)?;
        let named = asked.named_field();
        self.named = named.map(|(name, field)| (name.to_owned(), field.to_owned()));
        let routes = std::mem::take(&mut self.shape.routes);
        let found = routes.iter().find_map(|route| Some((route, route.inputs(&asked)?)));
        let answer = match found {
            Some((route, inputs)) => self.serve(route, &inputs, &asked),
            None => {
                let found = json!({"in": {"path": asked.path}});
                self.refuse(None, Refused { why: Refusal::NoRoute, found }, false)
            }
        };
        self.shape.routes = routes;
        let answer = answer?;
        self.answers += 1;
        let pause = self.faults.slow.filter(|(nth, _)| self.answers.is_multiple_of(*nth));
        Some(match pause {
            Some((_, pause)) => Answer::Parts(vec![(pause, answer)]),
            None => Answer::Bytes(answer),
        })
    }

    fn serve(
        &mut self,
        route: &Route,
        inputs: &BTreeMap<String, Value>,
        asked: &Asked,
    ) -> Option<Vec<u8>> {
        let calls = self.calls.entry(route.does).or_default();
        *calls += 1;
        if self.faults.errors.get(&route.does).is_some_and(|nth| calls.is_multiple_of(*nth)) {
            let Answer::Bytes(fault) = json_answer(500, r#"{"message": "a fault"}"#) else {
                return None;
            };
            return Some(fault);
        }
        let before = self.session(route, asked);
        let guarded = self.guarded(asked);
        let mut session = before.as_ref().ok().cloned().flatten();
        let was_there = session.clone().filter(|token| asked_for(&self.shape, asked, token));
        let mut of = Inputs { of: inputs, session: &mut session };
        let done = match (guarded, before) {
            (Err(why), _) | (Ok(()), Err(why)) => Err(why.into()),
            (Ok(()), Ok(_)) => self.shop.perform(route.does, &mut of),
        };
        if route.does == Operation::Complete && self.shop.orders.len() > self.placed {
            self.placed = self.shop.orders.len();
            if self.faults.lost_orders.is_some_and(|nth| self.placed.is_multiple_of(nth)) {
                self.lost += 1;
                return None;
            }
        }
        let is_new = session.is_some() && session != was_there;
        let around = self.around(inputs, session.as_deref());
        let joined = |mut found: Value| {
            for (name, value) in &around {
                found[*name] = value.clone();
            }
            found
        };
        match done {
            Ok(found) => Some(self.say(&route.says, &joined(found), is_new)),
            Err(refused) if self.shape.quiet.contains(&refused.why) => {
                *self.shop.refused.entry(refused.why).or_default() += 1;
                Some(self.say(&route.says, &joined(refused.found), is_new))
            }
            Err(Refused { why, found }) => {
                self.refuse(Some(route), Refused { why, found: joined(found) }, is_new)
            }
        }
    }

    /// What every template may name.
    fn around(
        &self,
        inputs: &BTreeMap<String, Value>,
        session: Option<&str>,
    ) -> [(&'static str, Value); 3] {
        let known = session.and_then(|token| self.shop.sessions.get(token));
        let session = json!({
            "token": session, "csrf": known.map(|session| session.csrf.as_str()),
            "email": known.and_then(|session| session.email.as_deref()),
        });
        let field = inputs.get("field").cloned().unwrap_or_default();
        [("in", json!(inputs)), ("session", session), ("field", field)]
    }

    fn guarded(&self, asked: &Asked) -> Result<(), Refusal> {
        let mut guards = self.shape.guards.iter();
        let broken = guards
            .find(|guard| asked.path.starts_with(&guard.path) && asked.find(&guard.has).is_none());
        broken.map_or(Ok(()), |guard| Err(guard.or))
    }

    /// Whose call it is.
    fn session(&mut self, route: &Route, asked: &Asked) -> Result<Option<String>, Refusal> {
        let Some(rule) = &self.shape.session else { return Ok(None) };
        let said = asked.find(&rule.key).map(|said| said.as_str().unwrap_or_default().to_owned());
        let known = said.clone().filter(|token| self.shop.sessions.contains_key(token));
        if let (Some(csrf), Some(token)) = (&rule.csrf, &known)
            && asked.method != "GET"
            && asked.find(csrf) != Some(self.shop.sessions[token].csrf.as_str().into())
        {
            return Err(Refusal::Csrf);
        }
        match rule.without {
            _ if known.is_some() => Ok(known),
            _ if !route.does.is_personal() => Ok(None),
            Without::Trusted => said.map_or(Err(Refusal::Unauthorized), |said| Ok(Some(said))),
            Without::Opened => Ok(Some(self.shop.open_session(None))),
            Without::Shared => Ok(Some(String::new())),
            Without::Refused if !matches!(route.does, Operation::Register | Operation::Login) => {
                Err(Refusal::Unauthorized)
            }
            Without::Refused => Ok(None),
            Without::Anonymous if said.is_some() => Err(Refusal::Unauthorized),
            Without::Anonymous => Ok(None),
        }
    }

    fn refuse(
        &mut self,
        route: Option<&Route>,
        refused: Refused,
        is_new_session: bool,
    ) -> Option<Vec<u8>> {
        let why = refused.why;
        *self.shop.refused.entry(why).or_default() += 1;
        let own = route.and_then(|route| route.refuses.get(&why));
        let said = own.or_else(|| self.shape.refusals.get(&why));
        let said = said.unwrap_or_else(|| panic!("the contract has no words for {why:?}"));
        Some(self.say(said, &refused.found, is_new_session))
    }

    fn say(&self, said: &Said, found: &Value, is_new_session: bool) -> Vec<u8> {
        let hand = Hand { money: self.shape.money, views: &self.shape.views };
        let (kind, body) = match (&said.page, &said.body) {
            (Some(page), _) => ("text/html", hand.text(page, found)),
            (None, Value::Null) => ("application/json", String::new()),
            (None, body) => {
                let mut body = hand.body(body, found);
                if let Some((name, field)) = &self.named
                    && let Some(said) = body["data"].as_object_mut().and_then(|d| d.remove(field))
                {
                    body["data"][name] = said;
                }
                ("application/json", body.to_string())
            }
        };
        let of_session = self.shape.session.iter().filter(|_| is_new_session);
        let told = said.headers.iter().chain(of_session.flat_map(|rule| &rule.says));
        let told = told.map(|(name, value)| (name.clone(), hand.text(value, found)));
        let mut headers = vec![
            ("content-type".to_owned(), kind.to_owned()),
            ("content-length".to_owned(), body.len().to_string()),
        ];
        headers.extend(told);
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        bytes(said.status, &headers, body.as_bytes())
    }
}

/// Whether a call came with this token.
fn asked_for(shape: &Shape, asked: &Asked, token: &str) -> bool {
    let said = shape.session.as_ref().and_then(|rule| asked.find(&rule.key));
    said.is_some_and(|said| said == token)
}
