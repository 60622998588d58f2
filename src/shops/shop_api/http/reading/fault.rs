//! What is wrong with a value, in the two ways in which it is said: what it is, and what it should
//! have been.

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Missing,
    NoList,
    NoText,
    Empty,
    /// PostgreSQL keeps none, and another id would be another thing.
    Nul,
    NoMoney,
    BelowZero,
    TooMuch,
    NoPercentage,
    NotWhole,
    TooMany,
    NeitherYesNorNo,
    IsFalse,
    NoDate,
    NoKind,
    NoDiscountType,
}

impl Fault {
    /// What is wrong.
    pub(super) fn problem(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NoList => "no list",
            Self::NoText => "no text",
            Self::Empty => "empty",
            Self::Nul => "a text with a NUL in it",
            Self::NoMoney => "no amount of money",
            Self::BelowZero => "below zero",
            Self::TooMuch => "more money than can be counted",
            Self::NoPercentage => "no percentage",
            Self::NotWhole => "no whole number",
            Self::TooMany => "more units than can be",
            Self::NeitherYesNorNo => "neither yes nor no",
            Self::IsFalse => "false",
            Self::NoDate => "no date that is read in one way only",
            Self::NoKind => "a word that the profile's `kinds` does not have",
            Self::NoDiscountType => "a word that the profile's `discount_types` does not have",
        }
    }

    /// What it should have been.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Missing => "there",
            Self::NoList => "a list",
            Self::NoText => "a text",
            Self::Empty => "a text that is not empty",
            Self::Nul => "a text without a NUL",
            Self::NoMoney | Self::TooMuch => "an amount of money",
            Self::BelowZero => "at least zero",
            Self::NoPercentage => "a percentage",
            Self::NotWhole | Self::TooMany => "a whole number",
            Self::NeitherYesNorNo => "yes or no",
            Self::IsFalse => "true",
            Self::NoDate => "a date that is read in one way only",
            Self::NoKind => "a word of the profile's `kinds`",
            Self::NoDiscountType => "a word of the profile's `discount_types`",
        }
    }
}
