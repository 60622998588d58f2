//! What is said of a population, and that nothing of it is made up.

use ::text::ron_text;
use actors::domain::ids::CohortName;
use actors::domain::population::{Archetypes, generate};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::*;

fn personas(count: usize) -> Vec<Persona> {
    let text = include_str!("../../../config/personas.ron");
    let archetypes: Archetypes = ron_text::parse("personas.ron", text).unwrap();
    let categories = ["Bakery", "Dairy", "Meat", "Pet", "Snacks"].map(str::to_owned);
    generate(count, &archetypes, &categories, &mut Xoshiro256PlusPlus::seed_from_u64(2))
}

fn load() -> Behavior {
    ron_text::parse("load.ron", include_str!("../../../config/behavior/load.ron")).unwrap()
}

fn described(personas: &[Persona], known: &[&str]) -> Population {
    let categories = Some(known.iter().map(|name| (*name).to_owned()).collect());
    let catalogue = Catalogue { of: "a shop".to_owned(), categories };
    Population::of(&Given {
        personas,
        behavior: &load(),
        experiment: None,
        offers: &OfferPolicy::default(),
        catalogue: &catalogue,
    })
}

#[test]
fn counts_add_up_and_the_load_preset_has_40_percent_shop() {
    let personas = personas(372);
    let found = described(&personas, &["Bakery", "Dairy", "Meat", "Pet"]);
    for shares in [&found.frequency, &found.deal_seeking] {
        assert_eq!(shares.iter().map(|share| share.agents).sum::<usize>(), 372);
        assert!((shares.iter().map(|share| share.share).sum::<f64>() - 1.0).abs() < 1e-9);
    }
    assert!(found.traits.iter().all(|t| t.histogram.iter().sum::<usize>() == 372));
    let activity = &found.activity;
    assert!((0.38..0.42).contains(&activity.shoppers_mean), "{activity:?}");
    assert!(activity.shoppers_max > 0.6 && activity.shoppers_min < 0.05, "{activity:?}");
    let week = activity.by_hour.iter().sum::<f64>() * 7.0;
    assert!((week - activity.visits_per_week).abs() < 1e-9);
    let missing = found.missing_categories.as_ref().unwrap();
    assert_eq!(missing.len(), 1);
    assert_eq!(missing[0].name, "Snacks");
    let text = found.text();
    for part in [
        "372 agents",
        "frequent",
        "compared with a shop",
        "not at the shop: Snacks",
        "Expected with preset load",
    ] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn correlations_and_quartiles_are_those_of_the_numbers() {
    let mut personas = personas(101);
    for (n, persona) in personas.iter_mut().enumerate() {
        persona.price_sensitivity = n as f64 / 100.0;
        persona.coupon_affinity = 1.0 - n as f64 / 100.0;
        persona.impulsivity = 0.5;
    }
    let found = described(&personas, &[]);
    let strongest = &found.correlations[0];
    assert_eq!((strongest.one, strongest.other), ("price_sensitivity", "coupon_affinity"));
    assert!((strongest.r + 1.0).abs() < 1e-9);
    let even = &found.traits[0];
    assert_eq!(even.quartiles, [0.0, 0.25, 0.5, 0.75, 1.0]);
    assert!((even.mean - 0.5).abs() < 1e-9);
    let flat = found.traits.iter().find(|t| t.name == "impulsivity").unwrap();
    assert_eq!((flat.deviation, flat.histogram[5]), (0.0, 101));
}

#[test]
fn inactive_agents_are_counted_and_not_described() {
    let mut personas = personas(40);
    personas[0].cohort = Some(CohortName::new("vip"));
    for persona in &mut personas[10..] {
        persona.status = AgentStatus::Inactive;
    }
    let found = described(&personas, &[]);
    assert_eq!(found.agents, 10);
    assert_eq!((found.status[0].agents, found.status[1].agents), (10, 30));
    assert_eq!((found.cohorts[0].name.as_str(), found.cohorts[0].agents), ("vip", 1));
}

#[test]
fn nobody_is_described_without_a_panic() {
    let found = described(&[], &[]);
    assert_eq!((found.agents, found.held_out), (0, 0));
    assert!(found.text().contains("0 agents"));
    assert!(!serde_json::to_string(&found).unwrap().contains("null"), "no NaN anywhere");
}
