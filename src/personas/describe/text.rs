//! A population for people: numbers, and bars of text.

use super::{Activity, Distribution, Population, Share};

/// Characters of the longest bar.
const BAR_WIDTH: f64 = 24.0;
/// Lines of a list that could be endless.
const LINES_MAX: usize = 12;
/// Correlations weaker than this are not told.
const R_MIN: f64 = 0.15;
/// From low to high.
const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

impl Population {
    /// All of it, for a terminal 80 columns wide.
    pub fn text(&self) -> String {
        let mut lines = vec![format!("{} agents", self.agents)];
        section(&mut lines, "Status", &self.status);
        section(&mut lines, "How often they shop", &self.frequency);
        section(&mut lines, "How they follow deals", &self.deal_seeking);
        lines.push(String::new());
        let heads = ["Traits", "mean", "sd", "least", "median", "most"];
        let [name, numbers @ ..] = heads;
        let numbers = numbers.map(|head| format!("{head:>7}"));
        lines.push(format!("{name:<20}{}", numbers.join(" ")));
        lines.extend(self.traits.iter().map(trait_line));
        self.correlation_lines(&mut lines);
        section(&mut lines, "Preferred categories", &self.categories);
        self.shop_lines(&mut lines);
        section(&mut lines, "Cohorts of their own", &self.cohorts);
        section(&mut lines, "Arms of the experiment", &self.arms);
        lines.push(String::new());
        let percent = 100.0 * self.held_out as f64 / (self.agents as f64).max(1.0);
        lines.push(format!("Without offers (holdout): {} agents, {percent:.1} %", self.held_out));
        lines.extend(activity_lines(&self.activity, self.agents));
        lines.join("\n")
    }

    fn correlation_lines(&self, lines: &mut Vec<String>) {
        let strong: Vec<_> = self.correlations.iter().filter(|c| c.r.abs() >= R_MIN).collect();
        lines.push(String::new());
        lines.push(format!("What goes together (r of at least {R_MIN})"));
        if strong.is_empty() {
            lines.push("  nothing".to_owned());
        }
        let line = |c: &&super::Correlation| format!("  {:+.2}  {} and {}", c.r, c.one, c.other);
        lines.extend(strong.iter().take(LINES_MAX).map(line));
    }

    fn shop_lines(&self, lines: &mut Vec<String>) {
        lines.push(format!("  compared with {}", self.catalogue));
        lines.push(match &self.missing_categories {
            None => "  which of them it has is known after a run there".to_owned(),
            Some(missing) if missing.is_empty() => "  the shop has all of them".to_owned(),
            Some(missing) => {
                let names: Vec<&str> = missing.iter().map(|share| share.name.as_str()).collect();
                format!("  not at the shop: {}", names.join(", "))
            }
        });
    }
}

fn section(lines: &mut Vec<String>, title: &str, shares: &[Share]) {
    if shares.is_empty() {
        return;
    }
    lines.push(String::new());
    lines.push(title.to_owned());
    let most = shares.iter().map(|share| share.share).fold(f64::MIN_POSITIVE, f64::max);
    for share in shares.iter().take(LINES_MAX) {
        let bar = "█".repeat((share.share / most * BAR_WIDTH).round() as usize);
        let name: String = share.name.chars().take(20).collect();
        let percent = 100.0 * share.share;
        lines.push(format!("  {name:<20} {:>6} {percent:>5.1} %  {bar}", share.agents));
    }
    if shares.len() > LINES_MAX {
        lines.push(format!("  ... and {} more", shares.len() - LINES_MAX));
    }
}

fn trait_line(of: &Distribution) -> String {
    let most = of.histogram.iter().copied().max().unwrap_or(0);
    let bars: String = of.histogram.iter().map(|count| bar(*count as f64, most as f64)).collect();
    let [least, _, median, _, greatest] = of.quartiles;
    format!(
        "  {:<18}{:>7.2} {:>7.2} {least:>7.2} {median:>7.2} {greatest:>7.2}  {bars}",
        of.name, of.mean, of.deviation
    )
}

fn bar(value: f64, most: f64) -> char {
    if value <= 0.0 || most <= 0.0 {
        return ' ';
    }
    let step = (value / most * STEPS.len() as f64).ceil() as usize;
    STEPS[step.clamp(1, STEPS.len()) - 1]
}

fn activity_lines(activity: &Activity, agents: usize) -> Vec<String> {
    let percent = |share: f64| format!("{:.1} % ({:.0})", 100.0 * share, share * agents as f64);
    let most = activity.by_hour.iter().copied().fold(0.0, f64::max);
    let bars: String = activity.by_hour.iter().map(|share| bar(*share, most)).collect();
    vec![
        String::new(),
        format!("Expected with preset {}", activity.preset),
        format!(
            "  shoppers a cycle  {}, at most {}, at least {}",
            percent(activity.shoppers_mean),
            percent(activity.shoppers_max),
            percent(activity.shoppers_min)
        ),
        format!("  visits a week     {:.2} an agent", activity.visits_per_week),
        format!("  by hour           00 {bars} 23"),
    ]
}
