//! Texts with placeholders, as `/items/{product_id}`. `{{` and `}}` are braces.

use std::borrow::Cow;

use serde::Deserialize;

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
    /// The store to select.
    StoreId = "store_id",
    /// The category to list; has no value for all of them.
    Category = "category",
    /// Products a page, orders in a list.
    Limit = "limit",
    /// Products to skip.
    Offset = "offset",
    /// The product.
    ProductId = "product_id",
    /// The order.
    OrderId = "order_id",
    /// Units.
    Quantity = "quantity",
    /// The coupon.
    CouponId = "coupon_id",
    /// A wallet of coupons.
    CouponIds = "coupon_ids",
}

impl Placeholder {
    /// Whether it may have no value.
    pub fn is_optional(self) -> bool {
        matches!(self, Self::FlowId | Self::Category)
    }

    fn named(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|p| p.as_str() == word)
    }
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
}

/// A text with placeholders.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(Placeholder),
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
            let placeholder = Placeholder::named(word).ok_or_else(|| unknown(word))?;
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Value(placeholder));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self { pieces })
    }
}

fn unknown(word: &str) -> String {
    let known: Vec<_> = Placeholder::ALL.iter().map(|p| p.as_str()).collect();
    format!("unknown placeholder `{{{word}}}`; there are {}", known.join(", "))
}

impl Template {
    /// The placeholders in it.
    pub fn placeholders(&self) -> impl Iterator<Item = Placeholder> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Value(placeholder) => Some(*placeholder),
            Piece::Text(_) => None,
        })
    }

    /// The placeholder that it consists of, if it is nothing else.
    pub fn sole_placeholder(&self) -> Option<Placeholder> {
        match self.pieces.as_slice() {
            [Piece::Value(placeholder)] => Some(*placeholder),
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

    /// The text with values in place, each passed through `encode`; `Err` names a placeholder that
    /// has no value.
    pub fn render<'r>(
        &self,
        fill: &dyn Fn(Placeholder) -> Option<Filled<'r>>,
        encode: &dyn Fn(&str) -> String,
    ) -> Result<String, Placeholder> {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Value(placeholder) => match fill(*placeholder).ok_or(*placeholder)? {
                    Filled::Text(value) => text.push_str(&encode(&value)),
                    Filled::Number(value) => text.push_str(&value.to_string()),
                    Filled::List(values) => text.push_str(&encode(&values.join(","))),
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

    fn rendered(text: &str) -> Result<String, Placeholder> {
        let values = [
            (Placeholder::ProductId, Filled::Text("a/b".into())),
            (Placeholder::Quantity, Filled::Number(3)),
        ];
        let fill = |p| values.iter().find(|(known, _)| *known == p).map(|(_, v)| v.clone());
        template(text).unwrap().render(&fill, &|value| value.replace('/', "%2F"))
    }

    #[test]
    fn values_are_encoded_and_plain_text_is_not() {
        assert_eq!(rendered("/x/{product_id}/{quantity}").as_deref(), Ok("/x/a%2Fb/3"));
        assert_eq!(rendered("{{{quantity}}}").as_deref(), Ok("{3}"));
        assert_eq!(rendered("{flow_id}"), Err(Placeholder::FlowId));
    }

    #[test]
    fn a_mistake_is_named() {
        assert!(template("{produkt}").unwrap_err().contains("`{produkt}`"));
        assert!(template("{product_id").unwrap_err().contains("without its partner"));
        assert!(template("product_id}").unwrap_err().contains("without its partner"));
    }
}
