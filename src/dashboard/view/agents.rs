//! What the agents do in this cycle and have done in the run.

use actors::domain::money::Cents;
use ratatui::Frame;
use ratatui::layout::Rect;
use text::units::{self, short};

use super::panel::{self, Cell};
use crate::dashboard::look::Look;
use crate::dashboard::state::State;

/// The cycle under way, or the last one between two.
pub fn draw_cycle(frame: &mut Frame<'_>, area: Rect, state: &State, look: Look) {
    let attempt = &state.status.attempt;
    let is_under_way = attempt.current.released > 0;
    let last = attempt.last.as_ref();
    let (title, counts, volume) = match last.filter(|_| !is_under_way) {
        Some(last) => (format!("Agents, last cycle ({})", last.cycle), last.counts, last.volume),
        None => {
            (format!("Agents, cycle {}", attempt.cycle), attempt.current, attempt.current_volume)
        }
    };
    let n = |count: u32| short(count.into());
    let rows = vec![
        [Cell::new("released", n(counts.released)), Cell::new("still out", n(attempt.outstanding))],
        [Cell::new("shopping", n(counts.shopped)), Cell::new("browsing", n(counts.browsed))],
        [Cell::new("idle", n(counts.idle)), Cell::fault("failed", counts.failed.into())],
        [
            Cell::fault("skipped", counts.skipped().into()),
            Cell::fault("unfinished", counts.unfinished.into()),
        ],
        [Cell::new("orders", short(volume.orders)), Cell::new("requests", short(volume.requests))],
        [Cell::new("refusals", short(volume.refusals)), Cell::fault("retries", volume.retries)],
    ];
    panel::lines(frame, area, &title, panel::grid(area.width, rows, look), look);
}

/// The whole run.
pub fn draw_totals(frame: &mut Frame<'_>, area: Rect, state: &State, look: Look) {
    let totals = &state.status.totals;
    let (counts, volume) = (&totals.counts, &totals.volume);
    let n = |count: u32| short(count.into());
    let rows = vec![
        [Cell::new("completed", n(counts.completed)), Cell::new("orders", short(volume.orders))],
        [
            Cell::new("abandoned", n(counts.abandoned)),
            Cell::new("revenue", money(volume.revenue_cents)),
        ],
        [Cell::new("browsed", n(counts.browsed)), Cell::new("events", short(volume.events))],
        [
            Cell::fault("failed", counts.failed.into()),
            Cell::new("offers", short(totals.offers_assigned)),
        ],
        [Cell::new("idle", n(counts.idle)), Cell::new("requests", short(volume.requests))],
        [
            Cell::fault("skipped", counts.skipped().into()),
            Cell::new("released", n(counts.released)),
        ],
    ];
    let title = format!("Sessions in {} closed cycles", totals.cycles_completed);
    panel::lines(frame, area, &title, panel::grid(area.width, rows, look), look);
}

/// To the cent while it is short.
fn money(cents: i64) -> String {
    match u64::try_from(cents) {
        Ok(cents) if cents < 10_000_000 => {
            format!("{}.{:02}", units::grouped(cents / 100), cents % 100)
        }
        Ok(cents) => short(cents / 100),
        Err(_) => Cents(cents).to_string(),
    }
}
