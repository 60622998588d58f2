//! The agents table of a shop of an operator's, with the types and ranges that it really has.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Makes it empty, in a schema and under a name that want quotes.
pub const TABLE: &str = "
CREATE SCHEMA \"Shop\";
CREATE TABLE \"Shop\".\"Agents\" (
  id serial PRIMARY KEY, agent_id varchar(50) UNIQUE NOT NULL, user_id uuid, name text, age int,
  age_group varchar(20), gender varchar(20), income_bracket varchar(20), household_size int,
  has_children boolean, location_region varchar(50), price_sensitivity decimal(3,2),
  brand_loyalty decimal(3,2), impulsivity decimal(3,2), tech_savviness decimal(3,2),
  coupon_affinity decimal(3,2), preferred_categories text[], weekly_budget decimal(10,2),
  avg_cart_value decimal(10,2), shopping_frequency varchar(20), pref_day_weekday decimal(3,2),
  pref_day_saturday decimal(3,2), pref_day_sunday decimal(3,2), pref_time_morning decimal(3,2),
  pref_time_afternoon decimal(3,2), pref_time_evening decimal(3,2),
  deal_seeking_behavior varchar(20), backstory text, is_active boolean DEFAULT true,
  created_at timestamptz DEFAULT now());
";

/// What a seeded table holds.
#[derive(Default)]
pub struct Made {
    pub inserts: String,
    /// Rows with three shares that do not sum to 1.
    pub unsummed: usize,
    /// Of them those further off than a hundredth.
    pub far: usize,
    pub poor: usize,
    pub inactive: usize,
    /// Rows that are refused without a mapping.
    pub refused: usize,
}

fn hundredths(parts: [i32; 3]) -> String {
    parts.map(|part| format!("{}.{:02}", part / 100, part % 100)).join(", ")
}

/// Three shares in hundredths that sum to this many.
fn shares(rng: &mut Xoshiro256PlusPlus, sum: i32) -> [i32; 3] {
    let one = rng.random_range(sum / 5..=sum / 2);
    let two = rng.random_range(0..=sum - one);
    [one, two, sum - one - two]
}

fn sum(rng: &mut Xoshiro256PlusPlus) -> i32 {
    match rng.random_range(0..100) {
        0..50 => 100,
        50..70 => 99,
        70..90 => 101,
        90..95 => 185,
        _ => rng.random_range(50..=200),
    }
}

/// Statements that fill it.
pub fn table() -> Made {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(372);
    let mut made = Made::default();
    for n in 1..=372 {
        let (day, hour) = (sum(&mut rng), sum(&mut rng));
        let budget = match rng.random_bool(0.15) {
            true => rng.random_range(1_000..2_000),
            false => rng.random_range(2_000..=30_000),
        };
        let is_active = rng.random_bool(0.95);
        let far = [day, hour].iter().any(|sum| (sum - 100).abs() > 1);
        made.unsummed += usize::from(day != 100 || hour != 100);
        made.far += usize::from(far);
        made.poor += usize::from(budget < 2_000);
        made.inactive += usize::from(!is_active);
        made.refused += usize::from(far || budget < 2_000);
        let (days, hours) = (hundredths(shares(&mut rng, day)), hundredths(shares(&mut rng, hour)));
        let unit = |rng: &mut Xoshiro256PlusPlus| format!("0.{:02}", rng.random_range(0..100));
        let traits: Vec<String> = (0..5).map(|_| unit(&mut rng)).collect();
        made.inserts.push_str(&format!(
            "INSERT INTO \"Shop\".\"Agents\" (agent_id, user_id, age, household_size, \
             price_sensitivity, brand_loyalty, impulsivity, tech_savviness, coupon_affinity, \
             preferred_categories, weekly_budget, avg_cart_value, shopping_frequency, \
             pref_day_weekday, pref_day_saturday, pref_day_sunday, pref_time_morning, \
             pref_time_afternoon, pref_time_evening, is_active) VALUES ('agent_{n:03}', \
             '00000000-0000-4000-8000-{n:012}', {}, {}, {}, ARRAY['Vitamins', 'First Aid'], \
             {}.{:02}, {}, 'regular', {days}, {hours}, {is_active});\n",
            rng.random_range(18..=80),
            rng.random_range(1..=6),
            traits.join(", "),
            budget / 100,
            budget % 100,
            rng.random_range(8..=150),
        ));
    }
    made
}

/// Statements that make the table as `public.agents`, and how many of its rows are refused.
pub fn as_public_agents() -> (String, usize) {
    let made = table();
    let view = "CREATE VIEW public.agents AS SELECT * FROM \"Shop\".\"Agents\";";
    (format!("{TABLE}{}{view}", made.inserts), made.refused)
}
