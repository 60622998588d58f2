//! How the payload of an event is declared: kind, word, fields with their types and meanings, once.
//!
//! The JSON, the data card, docs/data.md and the checks of JSON paths in SQL all come from that
//! one declaration, in the file above. A field is written as declared: what was released stays
//! readable.

use serde::Serialize;

use crate::flow::EndReason;
use crate::ids::{CouponId, OrderId, ProductId};
use crate::money::Cents;
use crate::offer::CouponKind;

/// One field of a payload, for whoever reads the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its key in the JSON object.
    pub name: &'static str,
    /// What stands there.
    pub kind: FieldKind,
    /// Whether it is always there.
    pub presence: Presence,
    /// What it says.
    pub meaning: &'static str,
}

/// What stands in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A word, a name or an id.
    Text,
    /// Several of them, in order.
    Texts,
    /// A count.
    Number,
    /// Money.
    Cents,
    /// Several amounts, in order.
    CentsEach,
    /// Yes or no.
    Flag,
}

impl FieldKind {
    /// In words, for documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Texts => "list of text",
            Self::Number => "whole number",
            Self::Cents => "cents",
            Self::CentsEach => "list of cents",
            Self::Flag => "true or false",
        }
    }
}

/// Whether a field is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// In each event of its kind.
    Always,
    /// Always, and null where there is nothing to say.
    OrNull,
    /// Not at all where there is nothing to say.
    OrAbsent,
}

impl Presence {
    /// In words, after the kind of the field.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "",
            Self::OrNull => " or null",
            Self::OrAbsent => ", or absent",
        }
    }
}

/// A type that a field may have.
pub(super) trait FieldType: Serialize {
    /// What a reader finds.
    const KIND: FieldKind;
    /// Whether null is written for some of its values.
    const IS_OPTION: bool = false;
}

macro_rules! field_types {
    ($($kind:ident: $($type:ty),+;)+) => {
        $($(impl FieldType for $type {
            const KIND: FieldKind = FieldKind::$kind;
        })+)+
    };
}

field_types! {
    Text: &str, &OrderId, CouponKind, EndReason;
    Texts: Vec<&ProductId>, Vec<&CouponId>;
    Number: u32;
    Cents: Cents;
    CentsEach: Vec<Cents>;
    Flag: bool;
}

impl<T: FieldType> FieldType for Option<T> {
    const KIND: FieldKind = T::KIND;
    const IS_OPTION: bool = true;
}

/// How a field that is skipped where it is `None`, or is not, is there.
pub(super) const fn presence(is_option: bool, is_skipped: bool) -> Presence {
    match (is_option, is_skipped) {
        (true, true) => Presence::OrAbsent,
        (true, false) => Presence::OrNull,
        (false, _) => Presence::Always,
    }
}

/// Declares the kinds of events with their payloads.
macro_rules! events {
    (
        $(#[$doc:meta])* $kinds:ident, $what:literal;
        $(#[$pdoc:meta])* $payload:ident<$a:lifetime>;
        $($(#[doc = $about:literal])+ $variant:ident = $word:literal {$(
            $(#[doc = $meaning:literal])+ $(#[serde($($skip:tt)+)])? $field:ident: $type:ty,
        )+})+
    ) => {
        words!(
            $(#[$doc])*
            $kinds, $what { $($(#[doc = $about])+ $variant = $word,)+ }
        );

        $(#[$pdoc])*
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum $payload<$a> {
            $($(#[doc = $about])+ $variant {
                $($(#[doc = $meaning])+ $(#[serde($($skip)+)])? $field: $type,)+
            },)+
        }

        impl $payload<'_> {
            /// The kind of event it belongs to.
            pub const fn kind(&self) -> $kinds {
                match self { $(Self::$variant { .. } => $kinds::$variant,)+ }
            }
        }

        impl $kinds {
            /// What an event of this kind says.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => concat!($($about),+).trim_ascii(),)+ }
            }

            /// The fields of its payload, in order.
            pub const fn fields(self) -> &'static [payload::Field] {
                $payload::fields_of(self)
            }
        }

        impl<$a> $payload<$a> {
            const fn fields_of(kind: $kinds) -> &'static [payload::Field] {
                match kind {$(
                    $kinds::$variant => const {
                        &[$(payload::Field {
                            name: stringify!($field),
                            kind: <$type as payload::FieldType>::KIND,
                            presence: payload::presence(
                                <$type as payload::FieldType>::IS_OPTION,
                                !concat!($(stringify!($($skip)+))?).is_empty(),
                            ),
                            meaning: concat!($($meaning),+).trim_ascii(),
                        },)+]
                    },
                )+}
            }
        }
    };
}
pub(super) use events;
