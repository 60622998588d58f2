//! What ships with cartload for a run that names nothing of its own: rules of behaviour, agents and
//! coupons.

use std::path::Path;
use std::sync::Arc;

use actors::domain::behavior::Behavior;
use actors::domain::persona::Persona;
use actors::domain::population::{Archetypes, generate};
use rand::Rng;
use shops::coupon_book::{self, CouponBook};
use shops::practice_shop::catalog;
use text::bounded_file::{self, Unread, WRITTEN_BYTES_MAX};
use text::ron_text::{self, RonError};

use crate::config::offers::Offers;

/// Agents made where there are none (Q3.1).
pub const AGENTS_GENERATED: u32 = 372;

/// Why there are no rules of behaviour.
#[derive(Debug, thiserror::Error)]
pub enum PresetError {
    /// The file cannot be read.
    #[error("preset {file}: {cause}")]
    Unreadable {
        /// Which.
        file: String,
        /// What the system said.
        cause: Unread,
    },
    /// Not RON, or not what a preset is.
    #[error(transparent)]
    Form(#[from] RonError),
}

/// The rules of this name, or in this file.
pub fn behavior(name: &str) -> Result<Arc<Behavior>, PresetError> {
    let behavior = match name {
        "load" => ron_text::parse(
            "config/behavior/load.ron",
            include_str!("../config/behavior/load.ron"),
        )?,
        "lifelike" => ron_text::parse(
            "config/behavior/lifelike.ron",
            include_str!("../config/behavior/lifelike.ron"),
        )?,
        file => {
            let unreadable = |cause| PresetError::Unreadable { file: file.to_owned(), cause };
            let text = bounded_file::text(Path::new(file), WRITTEN_BYTES_MAX);
            ron_text::parse(file, &text.map_err(unreadable)?)?
        }
    };
    Ok(Arc::new(behavior))
}

/// The coupon definitions that the settings name.
pub fn coupons(offers: &Offers) -> Result<CouponBook, RonError> {
    match &offers.coupons_file {
        Some(path) => coupon_book::read(path),
        None => coupon_book::builtin_book(),
    }
}

/// Personas from the archetypes that ship with cartload, for these categories or, where there are
/// none, the practice shop's.
pub fn personas(
    count: u32,
    categories: &[String],
    rng: &mut impl Rng,
) -> Result<Vec<Persona>, RonError> {
    let text = include_str!("../config/personas.ron");
    let archetypes: Archetypes = ron_text::parse("config/personas.ron", text)?;
    let categories = match categories {
        [] => practice_categories()?,
        given => given.to_vec(),
    };
    Ok(generate(count as usize, &archetypes, &categories, rng))
}

fn practice_categories() -> Result<Vec<String>, RonError> {
    let mut names: Vec<String> =
        catalog::builtin()?.products.into_iter().map(|product| product.category).collect();
    names.sort();
    names.dedup();
    Ok(names)
}
