//! Where a draft's answers are, as far as the document's schemas say so.

use serde_json::Value;

use super::document::Operation;
use super::fields::{self, FIELD_DEPTH, Listed};
use super::plan::Plan;
use super::ron::{Entry, Ron};
use super::schema::{Kind, Place, Schemas};
use super::wanted::{self, Wanted};
use super::words::{has_any, words};

/// Names of lists of lines.
const LINES: [&str; 5] = ["item", "line", "entry", "product", "position"];

/// Answers, and what could not be found.
#[derive(Debug, Default)]
pub(super) struct Answered {
    pub entries: Vec<Entry>,
    pub missing: Vec<String>,
    /// Whether amounts are whole numbers of the smallest coin.
    is_minor: bool,
    is_guessed: bool,
}

/// Reads the answers of a plan.
pub(super) fn read<'d>(schemas: &Schemas<'d>, plan: &Plan<'_, 'd>) -> Answered {
    let mut answered = Answered::default();
    let reading = Reading { schemas, plan };
    reading.products(&mut answered);
    reading.cart(&mut answered);
    reading.order(&mut answered);
    let (unit, note) = match (answered.is_minor, answered.is_guessed) {
        (true, _) => ("(unit: minor, digits: 2)", "amounts look like whole numbers of cents"),
        (false, true) => ("(unit: units)", "8.99, or 899? then (unit: minor, digits: 2)"),
        (false, false) => ("(unit: units)", ""),
    };
    let note = (!note.is_empty()).then(|| format!("money: {note}"));
    answered.entries.insert(0, Entry::bare("money", unit).noted(note));
    answered
}

struct Reading<'r, 'd> {
    schemas: &'r Schemas<'d>,
    plan: &'r Plan<'r, 'd>,
}

impl Answered {
    /// An entry with a place, or with one that a check names.
    fn must(&mut self, entries: &mut Vec<Entry>, at: &str, key: &str, place: Option<String>) {
        match place {
            Some(place) => entries.push(Entry::text(key, &place)),
            None => {
                self.missing.push(format!("answers.{at}.{key}"));
                let note = format!("{key}: nothing in the document's answer is called so");
                entries.push(Entry::text(key, &format!("{{where_is_{key}}}")).noted([note]));
            }
        }
    }

    fn amount(&mut self, place: &Place<'_>) {
        let keys: Vec<String> = place.path.iter().flat_map(|key| words(key)).collect();
        let is_minor = has_any(&keys, &["cent", "minor"]);
        self.is_minor |= is_minor || place.kind == Kind::Whole;
        self.is_guessed |= place.kind != Kind::Number && !is_minor;
    }
}

fn may(entries: &mut Vec<Entry>, key: &str, place: Option<String>) {
    entries.extend(place.map(|place| Entry::text(key, &place)));
}

impl<'d> Reading<'_, 'd> {
    fn answer(&self, step: &str) -> Option<&'d Value> {
        let step = self.plan.steps.iter().find(|known| known.name == step)?;
        step.operation.and_then(|operation| operation.answer)
    }

    fn has(&self, step: &str) -> bool {
        self.plan.steps.iter().any(|known| known.name == step)
    }

    fn products(&self, answered: &mut Answered) {
        if !self.has("list_products") {
            return;
        }
        let answer = self.answer("list_products");
        let list =
            answer.and_then(|answer| fields::list(self.schemas, answer, &["product", "item"]));
        let Some((answer, list)) = answer.zip(list) else {
            return self.absent(answered, "products", "no list of things with ids");
        };
        let mut entries = vec![Entry::text("list", &list.place.written())];
        let around = self.schemas.places(answer, 3, false);
        may(&mut entries, "total", fields::pick(&around, &wanted::COUNT).map(Place::written));
        if self.plan.paged.by == super::naming::By::Cursor {
            let next = fields::pick(&around, &wanted::NEXT).map(Place::written);
            answered.must(&mut entries, "products", "next", next);
        }
        answered.entries.push(Entry::new("products", Ron::Struct(entries)));
        let viewed = self.answer("view_product").and_then(|answer| {
            let is_one = self.schemas.kind(answer) == Kind::Object;
            fields::root(self.schemas, answer, "product", &["name", "title"]).filter(|_| is_one)
        });
        if self.has("view_product") {
            let root = viewed.as_ref().map(Place::written);
            let mut entries = Vec::new();
            answered.must(&mut entries, "product", "root", root);
            answered.entries.push(Entry::new("product", Ron::Struct(entries)));
        }
        // A list of things that the document says nothing of: they are told where one is shown.
        let is_bare = self.schemas.properties(list.item).is_empty();
        let item = viewed.filter(|_| is_bare).map_or(list.item, |viewed| viewed.schema);
        let note = is_bare.then(|| "item: as view_product shows it".to_owned());
        self.item(answered, item, note);
    }

    fn absent(&self, answered: &mut Answered, name: &str, why: &str) {
        answered.missing.push(format!("answers.{name}"));
        let note = format!("{name}: {why} in the document's answer");
        answered.entries.push(Entry::notes(vec![note]));
    }

    fn item(&self, answered: &mut Answered, item: &'d Value, note: Option<String>) {
        let places = self.schemas.places(item, FIELD_DEPTH, true);
        let variants = self.variants(item);
        // Children come with a product only where they are asked for.
        let variants = variants.filter(|list| {
            let near = self.schemas.places(list.item, 1, false);
            let is_child = list.place.path.last().is_some_and(|key| *key == "children");
            !is_child || fields::pick(&near, &wanted::PRICE).is_some()
        });
        let is_inside = |place: &&Place<'d>| match &variants {
            Some(variants) => !place.path.starts_with(&variants.place.path),
            None => true,
        };
        let own: Vec<Place<'d>> = places.iter().filter(is_inside).cloned().collect();
        let near: Vec<Place<'d>> = own.iter().filter(|place| place.depth() < 3).cloned().collect();
        let written = |wanted| fields::pick(&own, wanted).map(Place::written);
        let mut entries = Vec::new();
        answered.must(&mut entries, "item", "id", first_id(&near));
        let name = fields::pick(&near, &wanted::NAME).map(Place::written);
        answered.must(
            &mut entries,
            "item",
            "name",
            name.or_else(|| localized(self.schemas, &near)),
        );
        let category = written(&wanted::CATEGORY).map(|place| format!("{place}|=uncategorized"));
        let category = category.unwrap_or_else(|| "=uncategorized".to_owned());
        entries.push(Entry::text("category", &category));
        may(&mut entries, "brand", written(&wanted::BRAND));
        let price =
            fields::pick(&near, &wanted::PRICE).or_else(|| fields::pick(&own, &wanted::PRICE));
        if let Some(variants) = variants.filter(|_| self.buys_variants() || price.is_none()) {
            let (inner, price) = self.variant(&variants);
            price.iter().for_each(|price| answered.amount(price));
            let mut inner = inner;
            answered.must(&mut inner, "item.variants", "price", price.map(|p| p.written()));
            may(&mut inner, "in_stock", self.stock(variants.item));
            entries.push(Entry::new("variants", Ron::Struct(inner)));
        } else {
            price.iter().for_each(|price| answered.amount(price));
            answered.must(&mut entries, "item", "price", price.map(Place::written));
            may(&mut entries, "in_stock", fields::pick(&near, &wanted::STOCK).map(Place::written));
        }
        answered.entries.push(Entry::new("item", Ron::Struct(entries)).noted(note));
    }

    /// Whether variants are what is put into the cart.
    fn buys_variants(&self) -> bool {
        let step = self.plan.steps.iter().find(|step| step.name == "add_item");
        let mut calls = step.into_iter().flat_map(|step| &step.calls);
        calls.any(|call| call.wants().iter().any(|name| name == "variant_id"))
    }

    fn variants(&self, item: &'d Value) -> Option<Listed<'d>> {
        let places = self.schemas.places(item, 2, false);
        let lists = places.into_iter().filter(|place| place.kind == Kind::List);
        let mut named = lists.filter(|place| {
            let last = place.path.last().map(|key| words(key)).unwrap_or_default();
            last.last().is_some_and(|word| ["variant", "children"].contains(&word.as_str()))
        });
        named.find_map(|place| {
            let item = self.schemas.items(place.schema)?;
            (self.schemas.kind(item) == Kind::Object).then_some(Listed { place, item })
        })
    }

    fn variant(&self, variants: &Listed<'d>) -> (Vec<Entry>, Option<Place<'d>>) {
        let places = self.schemas.places(variants.item, FIELD_DEPTH, true);
        let near: Vec<Place<'d>> = places.iter().filter(|p| p.depth() < 2).cloned().collect();
        let id = first_id(&near).unwrap_or_else(|| "id".to_owned());
        let list = variants.place.written();
        let mut entries = vec![Entry::text("list", &list), Entry::text("id", &id)];
        may(&mut entries, "name", fields::pick(&near, &wanted::NAME).map(Place::written));
        (entries, fields::pick(&places, &wanted::PRICE).cloned())
    }

    fn stock(&self, item: &'d Value) -> Option<String> {
        let places = self.schemas.places(item, 2, false);
        fields::pick(&places, &wanted::STOCK).map(Place::written)
    }

    fn cart(&self, answered: &mut Answered) {
        if let Some(answer) = self.answer("add_item")
            && let Some(place) = self.added(answer)
        {
            let entries = vec![Entry::text("unit_price", &place)];
            answered.entries.push(Entry::new("item_added", Ron::Struct(entries)));
        }
        if self.has("read_cart") {
            let list = self.answer("read_cart").and_then(|answer| self.lines(answer));
            match list {
                Some(list) => {
                    let entries = vec![Entry::text("list", &list.place.written())];
                    answered.entries.push(Entry::new("cart", Ron::Struct(entries)));
                }
                None => self.absent(answered, "cart", "no list of lines"),
            }
        }
        if self.has("read_summary") {
            let total = self.answer("read_summary").and_then(|answer| {
                let places = self.schemas.places(answer, 3, false);
                fields::pick(&places, &wanted::TOTAL).map(Place::written)
            });
            let mut entries = Vec::new();
            answered.must(&mut entries, "summary", "final_total", total);
            answered.entries.push(Entry::new("summary", Ron::Struct(entries)));
        }
    }

    fn lines(&self, answer: &'d Value) -> Option<Listed<'d>> {
        let list = fields::list(self.schemas, answer, &LINES)?;
        let last = list.place.path.last().map(|key| words(key)).unwrap_or_default();
        let is_one = last.last().is_none_or(|word| LINES.contains(&word.as_str()));
        is_one.then_some(list)
    }

    /// The price of what was added: of its line, where the answer is a cart.
    fn added(&self, answer: &'d Value) -> Option<String> {
        let near = self.schemas.places(answer, 2, false);
        let Some(list) = self.lines(answer) else {
            return fields::pick(&near, &UNIT_PRICE).map(Place::written);
        };
        let places = self.schemas.places(list.item, 2, false);
        let (id, of) = bought(&places)?;
        let price = fields::pick(&places, &UNIT_PRICE)?;
        let path = |keys: &[&str]| keys.iter().map(|key| format!("['{key}']")).collect::<String>();
        let (list, price) = (path(&list.place.path), path(&price.path));
        Some(format!("${list}[?@{} == '{{{of}}}']{price}", path(&id.path)))
    }

    fn order(&self, answered: &mut Answered) {
        if self.has("checkout") {
            let answer = self.answer("checkout");
            match answer.and_then(|answer| fields::order_root(self.schemas, answer)) {
                Some(root) => self.sums(answered, &root),
                None => self.absent(answered, "order", "no id beside a total"),
            }
        }
        if let Some(answer) = self.answer("latest_order")
            && let Some(list) = fields::list(self.schemas, answer, &["order"])
        {
            let places = self.schemas.places(list.item, 3, false);
            let mut entries = vec![Entry::text("list", &list.place.written())];
            answered.must(&mut entries, "latest_order", "id", first_id(&places));
            let may_be = |wanted| fields::pick(&places, wanted).map(Place::written);
            may(&mut entries, "final_total", may_be(&wanted::TOTAL));
            may(&mut entries, "placed_at", may_be(&wanted::PLACED_AT));
            answered.entries.push(Entry::new("latest_order", Ron::Struct(entries)));
        }
    }

    fn sums(&self, answered: &mut Answered, root: &Place<'d>) {
        let places = self.schemas.places(root.schema, 3, false);
        let find = |wanted: &Wanted| fields::pick(&places, wanted);
        let at = |place: &Place<'d>| fields::below(root, place);
        let mut entries = Vec::new();
        let id = first_id(&places)
            .map(|id| if root.path.is_empty() { id } else { format!("{}.{id}", root.written()) });
        answered.must(&mut entries, "order", "id", id);
        find(&wanted::TOTAL).into_iter().for_each(|total| answered.amount(total));
        answered.must(&mut entries, "order", "final_total", find(&wanted::TOTAL).map(at));
        may(&mut entries, "subtotal", find(&wanted::SUBTOTAL).map(at));
        may(&mut entries, "discount_total", find(&wanted::DISCOUNT).map(at));
        let charges = [find(&wanted::SHIPPING), find(&wanted::TAX)];
        let charges: Vec<String> = charges.into_iter().flatten().map(at).collect();
        if !charges.is_empty() {
            let note = "charges: only what is on top of the lines; is tax in their prices already?";
            let charges = Entry::new("charges", Ron::texts(&charges));
            entries.push(charges.noted([note.to_owned()]));
        }
        if let Some(list) = self.lines(root.schema) {
            let within = self.schemas.places(list.item, 3, false);
            let price = fields::pick(&within, &UNIT_PRICE).map(Place::written);
            let number = fields::pick(&within, &wanted::QUANTITY).map(Place::written);
            if let (Some((id, _)), Some(number), Some(price)) = (bought(&within), number, price) {
                let mut lines = vec![Entry::text("list", &fields::below(root, &list.place))];
                lines.push(Entry::text("id", &id.written()));
                lines.push(Entry::text("quantity", &number));
                lines.push(Entry::text("unit_price", &price));
                entries.push(Entry::new("lines", Ron::Struct(lines)));
            }
        }
        answered.entries.push(Entry::new("order", Ron::Struct(entries)));
    }
}

/// What one unit costs, in a line.
const UNIT_PRICE: Wanted = Wanted {
    named: "unit+price price price+amount price+unit selling+price",
    not: "total tax discount original compare list currency display line sub raw definition \
        sum manual quantity",
    kinds: Kind::may_be_amount,
};

/// Which thing a line is of, and the step's value that it is.
fn bought<'p, 'd>(places: &'p [Place<'d>]) -> Option<(&'p Place<'d>, &'static str)> {
    let named = |names: &'static str| Wanted {
        named: names,
        not: "name title image option price type url slug description max min parent ean label",
        ..wanted::ID
    };
    let variant = named("variant+id variant referenced+id");
    let product = named("product+id product product+code");
    let near: Option<&Place<'d>> = fields::pick(places, &variant);
    let near = near.map(|place| (place, "variant_id"));
    near.or_else(|| fields::pick(places, &product).map(|place| (place, "product_id")))
}

/// Its own id: the nearest of what ids are called.
fn first_id(places: &[Place<'_>]) -> Option<String> {
    let near: Vec<Place<'_>> =
        places.iter().filter(|place| place.path.len() == 1).cloned().collect();
    fields::pick(&near, &wanted::ID).map(Place::written)
}

/// A name that there is in several languages.
fn localized(schemas: &Schemas<'_>, places: &[Place<'_>]) -> Option<String> {
    let is_one = |place: &&Place<'_>| {
        let is_named = matches!(place.path.as_slice(), ["name" | "title"]);
        is_named && place.kind == Kind::Object && schemas.properties(place.schema).is_empty()
    };
    places.iter().find(is_one).map(|place| format!("{}.en", place.written()))
}

/// Where failures say why: what the errors of these operations have.
pub(super) fn details(schemas: &Schemas<'_>, used: &[&Operation<'_>]) -> Vec<String> {
    let named = Wanted {
        named: "message detail error title description msg",
        not: "code id source link",
        kinds: |kind| kind == Kind::Text,
    };
    let mut found: Vec<String> = Vec::new();
    let errors = used.iter().flat_map(|operation| operation.errors.values()).flatten();
    for error in errors.take(40) {
        let places = schemas.places(error, 3, true);
        if let Some(place) = fields::pick(&places, &named).map(Place::written)
            && !found.contains(&place)
        {
            found.push(place);
        }
    }
    if found.is_empty() {
        found = ["message", "detail", "error"].map(str::to_owned).to_vec();
    }
    found
}
