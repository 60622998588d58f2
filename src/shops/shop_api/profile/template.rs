//! Texts with placeholders, as `/items/{product_id}`. `{{` and `}}` are braces.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

macro_rules! placeholders {
    ($($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)?) => {
        /// What a template may ask for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Placeholder {
            $($(#[$doc])* $variant),+
        }

        impl Placeholder {
            /// Each of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word between the braces.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),+
                }
            }
        }
    };
}

placeholders! {
    /// The calling agent.
    AgentId = "agent_id",
    /// The calling agent's user at the shop.
    UserId = "user_id",
    /// The flow; has no value outside of one.
    FlowId = "flow_id",
    /// The simulated hour, `2026-01-05T09:00:00`; has no value outside of a cycle.
    SimulatedAt = "simulated_at",
    /// The store to select.
    StoreId = "store_id",
    /// The category to list; has no value for all of them.
    Category = "category",
    /// What is searched for.
    SearchText = "search_text",
    /// Products a page, orders in a list.
    Limit = "limit",
    /// Products to skip.
    Offset = "offset",
    /// Which page it is, counted from the profile's first.
    Page = "page",
    /// What the page before it said; has no value for the first.
    Cursor = "cursor",
    /// The product.
    ProductId = "product_id",
    /// The order.
    OrderId = "order_id",
    /// Units.
    Quantity = "quantity",
    /// The variant of the product, where it has some; else the product.
    VariantId = "variant_id",
    /// The coupon.
    CouponId = "coupon_id",
    /// The coupon's code, where shoppers know codes; else its id.
    CouponCode = "coupon_code",
    /// A wallet of coupons.
    CouponIds = "coupon_ids",
}

impl Placeholder {
    /// Whether it may have no value.
    pub fn is_optional(self) -> bool {
        matches!(self, Self::FlowId | Self::SimulatedAt | Self::Category | Self::Cursor)
    }

    fn named(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|p| p.as_str() == word)
    }
}

/// A value that a template asks for: one of the call's, or one that the profile captures or sets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// The caller's or the call's.
    BuiltIn(Placeholder),
    /// A variable of the profile, or a value that was captured from an answer.
    Own(Arc<str>),
}

impl Name {
    fn of(word: &str) -> Self {
        Placeholder::named(word).map_or_else(|| Self::Own(Arc::from(word)), Self::BuiltIn)
    }

    /// The word between the braces.
    pub fn as_str(&self) -> &str {
        match self {
            Self::BuiltIn(placeholder) => placeholder.as_str(),
            Self::Own(name) => name,
        }
    }
}

/// A place in a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// What goes there.
    pub name: Name,
    /// `{x?}`: what holds it is left out while there is none.
    pub may_lack: bool,
}

/// A placeholder's value in one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filled<'r> {
    /// A text.
    Text(Cow<'r, str>),
    /// A whole number.
    Number(u64),
    /// Several texts.
    List(Vec<&'r str>),
    /// A value as an answer had it.
    Json(Value),
}

/// Where a template's values come from.
pub type Fill<'f, 'r> = &'f dyn Fn(&Name) -> Option<Filled<'r>>;

/// A text with placeholders.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(Slot),
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from_brace) = rest.split_at(at);
            plain.push_str(before);
            if let Some(after) =
                from_brace.strip_prefix("{{").or_else(|| from_brace.strip_prefix("}}"))
            {
                plain.push_str(&from_brace[..1]);
                rest = after;
                continue;
            }
            let (word, after) = from_brace
                .strip_prefix('{')
                .and_then(|inner| inner.split_once('}'))
                .ok_or_else(|| {
                    format!("`{text}`: a brace without its partner; write {{{{ or }}}} for a brace")
                })?;
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Value(slot(word)?));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self { pieces })
    }
}

fn slot(word: &str) -> Result<Slot, String> {
    let (name, may_lack) = word.strip_suffix('?').map_or((word, false), |name| (name, true));
    if !is_name(name) {
        return Err(format!(
            "`{{{word}}}` is no value's name: letters, digits and _ make one, with ? where it may \
             lack"
        ));
    }
    Ok(Slot { name: Name::of(name), may_lack })
}

/// Whether a value may be called so.
pub fn is_name(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl Template {
    /// The places in it.
    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Value(slot) => Some(slot),
            Piece::Text(_) => None,
        })
    }

    /// The place that it consists of, if it is nothing else.
    pub fn sole_slot(&self) -> Option<&Slot> {
        match self.pieces.as_slice() {
            [Piece::Value(slot)] => Some(slot),
            _ => None,
        }
    }

    /// The parts of it that stand there as written.
    pub fn plain_texts(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Text(text) => Some(text.as_str()),
            Piece::Value(_) => None,
        })
    }

    /// The text with values in place, each passed through `encode`; `Err` names what has no value.
    pub fn render(
        &self,
        fill: Fill<'_, '_>,
        encode: &dyn Fn(&str) -> String,
    ) -> Result<String, Name> {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Value(Slot { name, .. }) => match fill(name).ok_or_else(|| name.clone())? {
                    Filled::Text(value) => text.push_str(&encode(&value)),
                    Filled::Number(value) => text.push_str(&value.to_string()),
                    Filled::List(values) => text.push_str(&encode(&values.join(","))),
                    Filled::Json(Value::String(value)) => text.push_str(&encode(&value)),
                    Filled::Json(value) => text.push_str(&encode(&value.to_string())),
                },
            }
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> Result<Template, String> {
        Template::try_from(text.to_owned())
    }

    fn rendered(text: &str) -> Result<String, Name> {
        let values = [
            (Name::BuiltIn(Placeholder::ProductId), Filled::Text("a/b".into())),
            (Name::BuiltIn(Placeholder::Quantity), Filled::Number(3)),
            (Name::Own("cart".into()), Filled::Text("c 1".into())),
        ];
        let fill = |name: &Name| values.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        template(text).unwrap().render(&fill, &|value| value.replace('/', "%2F"))
    }

    #[test]
    fn values_are_encoded_and_plain_text_is_not() {
        assert_eq!(rendered("/x/{product_id}/{quantity}").as_deref(), Ok("/x/a%2Fb/3"));
        assert_eq!(rendered("{{{quantity}}}").as_deref(), Ok("{3}"));
        assert_eq!(rendered("/{cart}"), Ok("/c 1".to_owned()));
        assert_eq!(rendered("{flow_id}"), Err(Name::BuiltIn(Placeholder::FlowId)));
        assert_eq!(rendered("{token?}"), Err(Name::Own("token".into())));
    }

    #[test]
    fn a_mistake_is_named() {
        assert!(template("{a b}").unwrap_err().contains("`{a b}` is no value's name"));
        assert!(template("{}").unwrap_err().contains("`{}` is no value's name"));
        assert!(template("{product_id").unwrap_err().contains("without its partner"));
        assert!(template("product_id}").unwrap_err().contains("without its partner"));
        assert!(template("{x?}").unwrap().slots().all(|slot| slot.may_lack));
    }
}
