//! A request's JSON body with placeholders.
//!
//! A string that is nothing but one placeholder becomes the value with its own type: `"{quantity}"`
//! a number, `"{coupon_ids}"` a list.

use serde::Deserialize;
use serde_json::Value;

use super::template::{Filled, Placeholder, Template};

/// A JSON body with placeholders.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct BodyTemplate {
    root: Node,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Literal(Value),
    Text(Template),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl TryFrom<String> for BodyTemplate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let value: Value =
            serde_json::from_str(&text).map_err(|error| format!("the body is no JSON: {error}"))?;
        Ok(Self { root: node(value)? })
    }
}

fn node(value: Value) -> Result<Node, String> {
    Ok(match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Node::Literal(value),
        Value::String(text) => Node::Text(Template::try_from(text)?),
        Value::Array(items) => {
            Node::List(items.into_iter().map(node).collect::<Result<_, String>>()?)
        }
        Value::Object(entries) => Node::Object(
            entries
                .into_iter()
                .map(|(key, value)| Ok((key, node(value)?)))
                .collect::<Result<_, String>>()?,
        ),
    })
}

impl BodyTemplate {
    /// Every text in it.
    pub fn templates(&self) -> Vec<&Template> {
        let mut found = Vec::new();
        self.root.collect(&mut found);
        found
    }

    /// The body with values in place; `Err` names a placeholder inside a longer text that has none.
    pub fn render<'r>(
        &self,
        fill: &dyn Fn(Placeholder) -> Option<Filled<'r>>,
    ) -> Result<Value, Placeholder> {
        self.root.render(fill)
    }
}

impl Node {
    fn collect<'n>(&'n self, found: &mut Vec<&'n Template>) {
        match self {
            Self::Literal(_) => {}
            Self::Text(template) => found.push(template),
            Self::List(nodes) => nodes.iter().for_each(|n| n.collect(found)),
            Self::Object(entries) => entries.iter().for_each(|(_, n)| n.collect(found)),
        }
    }

    fn render<'r>(
        &self,
        fill: &dyn Fn(Placeholder) -> Option<Filled<'r>>,
    ) -> Result<Value, Placeholder> {
        Ok(match self {
            Self::Literal(value) => value.clone(),
            Self::Text(template) => match template.sole_placeholder() {
                Some(placeholder) => typed(fill(placeholder)),
                None => Value::String(template.render(fill, &str::to_owned)?),
            },
            Self::List(nodes) => {
                Value::Array(nodes.iter().map(|n| n.render(fill)).collect::<Result<_, _>>()?)
            }
            Self::Object(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(key, n)| Ok((key.clone(), n.render(fill)?)))
                    .collect::<Result<_, Placeholder>>()?,
            ),
        })
    }
}

fn typed(filled: Option<Filled<'_>>) -> Value {
    match filled {
        None => Value::Null,
        Some(Filled::Text(text)) => Value::String(text.into_owned()),
        Some(Filled::Number(number)) => Value::from(number),
        Some(Filled::List(texts)) => texts.into_iter().map(Value::from).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_numbers_and_lists_stay_lists() {
        let body = BodyTemplate::try_from(
            r#"{"id":"{product_id}","n":"{quantity}","all":"{coupon_ids}","note":"x {quantity}",
                "flow":"{flow_id}","fixed":[1,true,null]}"#
                .to_owned(),
        )
        .unwrap();
        let values = [
            (Placeholder::ProductId, Filled::Text("7".into())),
            (Placeholder::Quantity, Filled::Number(2)),
            (Placeholder::CouponIds, Filled::List(vec!["a", "b"])),
        ];
        let rendered = body.render(&|p| {
            values.iter().find(|(known, _)| *known == p).map(|(_, value)| value.clone())
        });
        assert_eq!(
            rendered.unwrap(),
            serde_json::json!({"id":"7","n":2,"all":["a","b"],"note":"x 2","flow":null,
                "fixed":[1,true,null]})
        );
    }

    #[test]
    fn a_body_that_is_no_json_is_refused() {
        assert!(BodyTemplate::try_from("{quantity}".to_owned()).unwrap_err().contains("no JSON"));
    }
}
