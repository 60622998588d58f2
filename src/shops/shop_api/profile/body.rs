//! A request's body: JSON with placeholders, a GraphQL query with variables, a form.
//!
//! A string of JSON that is nothing but one placeholder becomes the value with its own type:
//! `"{quantity}"` a number, `"{coupon_ids}"` a list; `"{x?}"` leaves its entry out while it has no
//! value. The text of a GraphQL query is sent as it is: what varies goes into its variables.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::template::{Fill, Filled, Name, Template};

/// What a request carries.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Nothing.
    Empty,
    /// JSON.
    Json(JsonTemplate),
    /// A query, and what its variables are.
    Graphql {
        /// As written.
        query: String,
        /// An object.
        variables: Option<JsonTemplate>,
    },
    /// `application/x-www-form-urlencoded`.
    Form(BTreeMap<String, Template>),
}

/// JSON with placeholders.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Value")]
pub struct JsonTemplate {
    root: Node,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Literal(Value),
    Text(Template),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl TryFrom<Value> for JsonTemplate {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
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

impl Body {
    /// Every text in it.
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Empty | Self::Graphql { variables: None, .. } => Vec::new(),
            Self::Json(json) | Self::Graphql { variables: Some(json), .. } => json.templates(),
            Self::Form(fields) => fields.values().collect(),
        }
    }

    /// The JSON to send; `None` where it is none.
    pub fn render(&self, fill: Fill<'_, '_>) -> Result<Option<Value>, Name> {
        Ok(match self {
            Self::Empty | Self::Form(_) => None,
            Self::Json(json) => Some(json.render(fill)?),
            Self::Graphql { query, variables } => {
                let variables = variables.as_ref().map(|json| json.render(fill)).transpose()?;
                Some(json!({ "query": query, "variables": variables.unwrap_or(json!({})) }))
            }
        })
    }
}

impl JsonTemplate {
    /// The JSON in `text`, as format 1 has it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| format!("the body is no JSON: {error}"))?;
        Self::try_from(value)
    }

    /// Every text in it.
    pub fn templates(&self) -> Vec<&Template> {
        let mut found = Vec::new();
        self.root.collect(&mut found);
        found
    }

    /// The body with values in place; `Err` names what has no value inside of a longer text.
    pub fn render(&self, fill: Fill<'_, '_>) -> Result<Value, Name> {
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

    fn render(&self, fill: Fill<'_, '_>) -> Result<Value, Name> {
        Ok(match self {
            Self::Literal(value) => value.clone(),
            Self::Text(template) => match template.sole_slot() {
                Some(slot) => typed(fill(&slot.name)),
                None => Value::String(template.render(fill, &str::to_owned)?),
            },
            Self::List(nodes) => {
                Value::Array(nodes.iter().map(|n| n.render(fill)).collect::<Result<_, _>>()?)
            }
            Self::Object(entries) => Value::Object(
                entries
                    .iter()
                    .filter(|(_, n)| !n.is_left_out(fill))
                    .map(|(key, n)| Ok((key.clone(), n.render(fill)?)))
                    .collect::<Result<_, Name>>()?,
            ),
        })
    }

    fn is_left_out(&self, fill: Fill<'_, '_>) -> bool {
        match self {
            Self::Text(template) => {
                template.slots().any(|slot| slot.may_lack && fill(&slot.name).is_none())
            }
            Self::Literal(_) | Self::List(_) | Self::Object(_) => false,
        }
    }
}

fn typed(filled: Option<Filled<'_>>) -> Value {
    match filled {
        None => Value::Null,
        Some(Filled::Text(text)) => Value::String(text.into_owned()),
        Some(Filled::Number(number)) => Value::from(number),
        Some(Filled::List(texts)) => texts.into_iter().map(Value::from).collect(),
        Some(Filled::Json(value)) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop_api::profile::Placeholder;

    fn fill(name: &Name) -> Option<Filled<'static>> {
        match name {
            Name::BuiltIn(Placeholder::ProductId) => Some(Filled::Text("7".into())),
            Name::BuiltIn(Placeholder::Quantity) => Some(Filled::Number(2)),
            Name::BuiltIn(Placeholder::CouponIds) => Some(Filled::List(vec!["a", "b"])),
            Name::BuiltIn(_) => None,
            Name::Own(own) => (&**own == "version").then(|| Filled::Json(json!(12))),
        }
    }

    #[test]
    fn numbers_stay_numbers_and_lists_stay_lists() {
        let body = JsonTemplate::parse(
            r#"{"id":"{product_id}","n":"{quantity}","all":"{coupon_ids}","note":"x {quantity}",
                "flow":"{flow_id}","fixed":[1,true,null],"v":"{version}","t":"v{version}",
                "token":"{token?}"}"#,
        );
        assert_eq!(
            body.unwrap().render(&fill).unwrap(),
            json!({"id":"7","n":2,"all":["a","b"],"note":"x 2","flow":null,
                "fixed":[1,true,null],"v":12,"t":"v12"})
        );
    }

    #[test]
    fn a_query_is_sent_as_it_is_and_what_varies_beside_it() {
        let variables = JsonTemplate::parse(r#"{"id": "{product_id}"}"#).unwrap();
        let query = "query ($id: ID!) { product(id: $id) { id } }".to_owned();
        let body = Body::Graphql { query: query.clone(), variables: Some(variables) };
        let sent = body.render(&fill).unwrap().unwrap();
        assert_eq!(sent, json!({ "query": query, "variables": { "id": "7" } }));
    }

    #[test]
    fn a_body_that_is_no_json_is_refused() {
        assert!(JsonTemplate::parse("{quantity}").unwrap_err().contains("no JSON"));
    }
}
