//! The columns of a persona as files and tables name them (docs/personas.md).

/// Every column that is read.
pub const COLUMNS: &[&str] = &[
    "agent_id",
    "user_id",
    "status",
    "cohort",
    "archetype",
    "age",
    "age_group",
    "gender",
    "income_bracket",
    "household_size",
    "has_children",
    "location_region",
    "price_sensitivity",
    "brand_loyalty",
    "impulsivity",
    "tech_savviness",
    "coupon_affinity",
    "preferred_categories",
    "weekly_budget",
    "avg_cart_value",
    "shopping_frequency",
    "weekday_affinity",
    "weekend_affinity",
    "pref_day_weekday",
    "pref_day_saturday",
    "pref_day_sunday",
    "pref_time_morning",
    "pref_time_afternoon",
    "pref_time_evening",
    "deal_seeking_behavior",
    "backstory",
];

/// Columns that must be there: the others have defaults that change no behaviour.
pub const REQUIRED: &[&str] = &[
    "agent_id",
    "price_sensitivity",
    "brand_loyalty",
    "impulsivity",
    "coupon_affinity",
    "preferred_categories",
    "weekly_budget",
    "avg_cart_value",
    "shopping_frequency",
];

/// What a share may be.
pub const SHARE: &str = "a number from 0 to 1";
/// What an agent_id may be: it travels in an HTTP header.
pub const AGENT_ID: &str = "1 to 64 of the characters A-Z a-z 0-9 _ - . @";
/// What preferred_categories may be.
pub const CATEGORIES: &str = "2 to 4 names, separated by one of ; | , or as a JSON list";
/// What weekly_budget may be.
pub const WEEKLY_BUDGET: &str = "20.00 to 300.00 USD";
/// What avg_cart_value may be.
pub const AVG_CART_VALUE: &str = "8.00 to 150.00 USD";
/// What age may be.
pub const AGE: &str = "a whole number from 18 to 80";
/// What household_size may be.
pub const HOUSEHOLD_SIZE: &str = "a whole number from 1 to 6";
/// What the three pref_day columns may be.
pub const DAYS: &str = "three numbers from 0 to 1 whose sum is 1";
/// What the three pref_time columns may be.
pub const TIMES: &str = "three numbers from 0 to 1 whose sum is 1";
/// What a truth value may be.
pub const TRUTH: &str = "true or false";
/// What a user_id may be.
pub const USER_ID: &str = "a uuid";
/// What a shopping_frequency may be.
pub const FREQUENCY: &str = "frequent, regular, occasional, rare";

/// Columns of a file that are named in a message at most, and characters of each.
const NAMED_MAX: usize = 60;
const NAME_CHARS_MAX: usize = 40;

/// The columns that were found, for a message: a header may be longer than a screen.
pub fn found<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names = names.into_iter();
    let cut = |name: &str| name.chars().take(NAME_CHARS_MAX).collect::<String>();
    let shown: Vec<_> = names.by_ref().take(NAMED_MAX).map(cut).collect();
    match names.count() {
        0 => shown.join(", "),
        others => format!("{} and {others} others", shown.join(", ")),
    }
}
