//! What is known of agents before a run: their personas as columns of numbers.

use std::collections::BTreeMap;

use questions::agents::PersonaRow;

/// Cents in a unit of the shop's currency.
const CENTS: f64 = 100.0;
/// The traits that are numbers, in the order of [`numbers`].
const NUMBERS: [&str; 8] = [
    "ln weekly_budget",
    "ln avg_cart_value",
    "price_sensitivity",
    "impulsivity",
    "coupon_affinity",
    "brand_loyalty",
    "household_size",
    "weekend_affinity",
];

/// Personas as columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Covariates {
    names: Vec<String>,
    rows: BTreeMap<String, Vec<f64>>,
    /// Of somebody who is not known.
    means: Vec<f64>,
}

impl Covariates {
    /// Of these personas: numbers as they are (money as its logarithm: what it does to orders is
    /// relative), words as 0 or 1 for each but the commonest.
    pub fn of(personas: &[PersonaRow]) -> Self {
        let words = [
            ("shopping_frequency", levels(personas, |p| &p.shopping_frequency)),
            ("deal_seeking_behavior", levels(personas, |p| &p.deal_seeking_behavior)),
        ];
        let mut names: Vec<String> = Vec::new();
        for (column, levels) in &words {
            names.extend(levels.iter().map(|level| format!("{column} {level}")));
        }
        names.extend(NUMBERS.map(str::to_owned));
        let row = |persona: &PersonaRow| {
            let is = |level: &String, word: &String| f64::from(u8::from(level == word));
            let [(_, frequency), (_, deals)] = &words;
            let mut row: Vec<f64> =
                frequency.iter().map(|level| is(level, &persona.shopping_frequency)).collect();
            row.extend(deals.iter().map(|level| is(level, &persona.deal_seeking_behavior)));
            row.extend(numbers(persona));
            (persona.agent_id.clone(), row)
        };
        let rows: BTreeMap<String, Vec<f64>> = personas.iter().map(row).collect();
        let count = rows.len().max(1) as f64;
        let mean = |at: usize| rows.values().map(|row| row[at]).sum::<f64>() / count;
        let means = (0..names.len()).map(mean).collect();
        Self { names, rows, means }
    }

    /// What the columns are.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Of this agent; of one that is no longer in the database the mean of all, which takes no
    /// side.
    pub fn row(&self, agent_id: &str) -> &[f64] {
        self.rows.get(agent_id).unwrap_or(&self.means)
    }
}

fn numbers(persona: &PersonaRow) -> [f64; NUMBERS.len()] {
    let ln = |cents: i64| (cents.max(0) as f64 / CENTS).ln_1p();
    [
        ln(persona.weekly_budget_cents),
        ln(persona.avg_cart_value_cents),
        persona.price_sensitivity,
        persona.impulsivity,
        persona.coupon_affinity,
        persona.brand_loyalty,
        f64::from(persona.household_size),
        persona.weekend_affinity,
    ]
}

/// The words of a column but the commonest, in order.
fn levels(personas: &[PersonaRow], word: impl Fn(&PersonaRow) -> &String) -> Vec<String> {
    let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
    for persona in personas {
        *counts.entry(word(persona)).or_default() += 1;
    }
    let commonest = counts.iter().max_by_key(|(_, count)| **count).map(|(word, _)| *word);
    counts.keys().filter(|word| Some(**word) != commonest).map(|word| (*word).clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn persona(agent_id: &str, frequency: &str, budget: i64) -> PersonaRow {
        PersonaRow {
            agent_id: agent_id.to_owned(),
            shopping_frequency: frequency.to_owned(),
            deal_seeking_behavior: "often".to_owned(),
            weekly_budget_cents: budget,
            household_size: 3,
            ..PersonaRow::default()
        }
    }

    #[test]
    fn words_are_columns_but_the_commonest_and_money_is_its_logarithm() {
        let people = [
            persona("a", "weekly", 9_900),
            persona("b", "weekly", 0),
            persona("c", "daily", 9_900),
            persona("d", "monthly", -5),
        ];
        let found = Covariates::of(&people);
        let words = ["shopping_frequency daily", "shopping_frequency monthly", "ln weekly_budget"];
        assert_eq!(found.names()[..3], words.map(str::to_owned));
        assert_eq!(found.names().len(), 2 + NUMBERS.len());
        assert_eq!(found.row("c")[..2], [1.0, 0.0]);
        assert_eq!(found.row("a")[..2], [0.0, 0.0]);
        assert!((found.row("a")[2] - 100_f64.ln()).abs() < 1e-12);
        assert_eq!((found.row("b")[2], found.row("d")[2]), (0.0, 0.0));
    }

    #[test]
    fn who_is_not_known_is_the_mean_of_all_and_nobody_has_columns_of_nothing() {
        let people = [persona("a", "weekly", 0), persona("b", "daily", 0)];
        let found = Covariates::of(&people);
        assert_eq!(found.row("gone")[0], 0.5);
        let household = found.names().iter().position(|name| name == "household_size").unwrap();
        assert_eq!(found.row("gone")[household], 3.0);
        let nobody = Covariates::of(&[]);
        assert!(nobody.row("gone").iter().all(|value| *value == 0.0));
    }
}
