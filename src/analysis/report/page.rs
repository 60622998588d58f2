//! The report as one page that needs nothing else: style and pictures are in it, there is no
//! script, and it loads nothing.
//!
//! Text of the shop, of the database and of settings is escaped by the template and by the
//! pictures; only pictures go in as they are.

mod behaviour;
mod cohorts;
mod compared;
mod lifelike;
mod overview;
mod panel;
mod patterns;
mod technical;
mod words;

use askama::Template;

use self::panel::{Section, Tile};
use super::Report;

pub use self::lifelike::line as missed_line;

const STYLE: &str = include_str!("page/page.css");

#[derive(Template)]
#[template(path = "report/page/page.html")]
struct Page {
    style: &'static str,
    title: String,
    subtitle: String,
    verdict: String,
    is_clean: bool,
    tiles: Vec<Tile>,
    sections: Vec<Section>,
    made: String,
}

impl Report {
    /// The page.
    ///
    /// # Errors
    /// None is known: the template writes into memory.
    pub fn html(&self) -> Result<String, askama::Error> {
        let mut sections = vec![
            behaviour::when(self),
            behaviour::shopping(self),
            patterns::section(self),
            behaviour::coupons(self),
            lifelike::section(&self.realism),
            technical::machine(self),
            technical::incidents(self),
            overview::what_ran(self),
        ];
        // What is wrong comes before numbers that may be wrong with it.
        let place = if self.promises.clean { sections.len() - 1 } else { 0 };
        sections.insert(place, overview::promises(self));
        if let Some(results) = &self.cohorts {
            sections.insert(0, cohorts::section(results));
        }
        if let Some(comparison) = &self.comparison {
            sections.insert(0, compared::section(comparison));
        }
        let page = Page {
            style: STYLE,
            title: overview::title(self),
            subtitle: overview::subtitle(self),
            verdict: overview::verdict(self),
            is_clean: self.promises.clean,
            tiles: overview::tiles(self),
            sections,
            made: format!(
                "cartload {}, {} UTC, run {}",
                self.cartload,
                self.made_at.format("%Y-%m-%d %H:%M"),
                self.run.run_id
            ),
        };
        page.render()
    }
}
