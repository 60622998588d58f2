//! What is drawn of a [`State`]: the most wanted at the top, less where there is less room. Nothing
//! here remembers anything.

mod agents;
mod alarm;
mod footer;
mod head;
mod health;
mod help;
mod log;
mod panel;
mod requests;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;

use super::look::Look;
use super::state::State;
use super::state::mood::Mood;

/// Columns below which nothing can be read.
pub const WIDTH_MIN: u16 = 72;
/// The same in rows.
pub const HEIGHT_MIN: u16 = 18;
/// Rows from which panels say more.
const TALL: u16 = 36;

/// What stands below one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Head,
    Alarm,
    Verdict,
    Progress,
    Agents,
    Totals,
    Health,
    Incidents,
    Messages,
    Footer,
}

/// Draws one frame.
pub fn draw(frame: &mut Frame<'_>, state: &State, look: Look) {
    let area = frame.area();
    if area.width < WIDTH_MIN || area.height < HEIGHT_MIN {
        return too_small(frame, state, look);
    }
    let is_tall = area.height >= TALL;
    let parts = parts(state, look, area);
    let heights = parts.iter().map(|(_, height)| Constraint::Length(*height));
    let areas = Layout::vertical(heights).split(area);
    for ((part, _), area) in parts.iter().zip(areas.iter()) {
        let area = *area;
        match part {
            Part::Head => head::draw_head(frame, area, state, look),
            Part::Alarm => alarm::draw(frame, area, state, look),
            Part::Verdict => head::draw_verdict(frame, area, state, look),
            Part::Progress => head::draw_progress(frame, area, state, look),
            Part::Agents => {
                let [left, right] = panel::halves(area);
                agents::draw_cycle(frame, left, state, look);
                requests::draw_rate(frame, right, state, look);
            }
            Part::Totals => {
                let [left, right] = panel::halves(area);
                agents::draw_totals(frame, left, state, look);
                requests::draw_latency(frame, right, state, look);
            }
            Part::Health => {
                let [left, right] = panel::halves(area);
                health::draw_health(frame, left, state, look, is_tall);
                health::draw_resources(frame, right, state, look, is_tall);
            }
            Part::Incidents => log::draw_incidents(frame, area, state, look),
            Part::Messages => log::draw_messages(frame, area, state, look),
            Part::Footer => footer::draw(frame, area, state, look),
        }
    }
    if state.is_help {
        help::draw(frame, state, look);
    }
}

/// What fits, with its rows: a part that does not fit is left out, the least wanted first.
fn parts(state: &State, look: Look, area: Rect) -> Vec<(Part, u16)> {
    let is_tall = area.height >= TALL;
    let tall = |short: u16, tall: u16| if is_tall { tall } else { short };
    let is_frozen = matches!(state.mood(), Mood::Freezing | Mood::Frozen);
    let mut parts = vec![(Part::Head, 1)];
    match is_frozen {
        true => parts.push((Part::Alarm, alarm::height(state, look, area.width))),
        false => parts.push((Part::Verdict, head::verdict_height(state))),
    }
    parts.extend([(Part::Progress, 2), (Part::Incidents, 3), (Part::Footer, 2)]);
    let mut left = area.height.saturating_sub(parts.iter().map(|(_, height)| height).sum());
    let wanted = match is_frozen {
        true => {
            [(Part::Health, tall(4, 6)), (Part::Agents, tall(4, 7)), (Part::Totals, tall(5, 7))]
        }
        false => {
            [(Part::Agents, tall(5, 9)), (Part::Health, tall(4, 6)), (Part::Totals, tall(5, 7))]
        }
    };
    for (part, height) in wanted {
        if height <= left {
            parts.push((part, height));
            left -= height;
        }
    }
    let others = state.other_messages().len().min(5) as u16;
    if is_tall && others > 0 && left > others + 5 {
        parts.push((Part::Messages, others + 1));
        left -= others + 1;
    }
    for (part, height) in &mut parts {
        if *part == Part::Incidents {
            *height += left;
        }
    }
    parts.sort_by_key(|(part, _)| *part as u8);
    parts
}

/// The least that can be said.
fn too_small(frame: &mut Frame<'_>, state: &State, look: Look) {
    let (status, area) = (&state.status, frame.area());
    let mood = state.mood();
    let lines = vec![
        Line::styled(format!("{} {}", look.mood(mood), mood.as_str()), look.head(mood)),
        Line::raw(format!("cycle {}, {} failed", status.attempt.cycle, status.health.failures)),
        Line::raw("too small to show more:"),
        Line::raw(format!("{} x {}, at least {WIDTH_MIN} x {HEIGHT_MIN}", area.width, area.height)),
        Line::raw("p r c q work as ever"),
    ];
    frame.render_widget(ratatui::widgets::Paragraph::new(lines), area);
}

#[cfg(test)]
#[path = "view/view_tests.rs"]
mod view_tests;
