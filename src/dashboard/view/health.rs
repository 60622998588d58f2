//! How near the run is to trouble: breaker, HTTP sessions, restarts; database, memory, checkpoint.

use actors::coordinator::status::Health;
use actors::session_pool::board::{SessionStatus, Standing};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use text::units::{self, short};

use super::panel::{self, Cell, labelled};
use crate::dashboard::look::{Look, Weight};
use crate::dashboard::state::State;
use crate::dashboard::state::plain_text::plain;

/// Columns of labels: ten cells of HTTP sessions must fit beside them.
const LABEL_WIDTH: usize = 10;
/// The same for resources.
const RESOURCE_WIDTH: usize = 9;
/// Columns of the bar of failures.
const BAR_WIDTH: usize = 10;

/// Breaker, HTTP sessions, restarts.
pub fn draw_health(frame: &mut Frame<'_>, area: Rect, state: &State, look: Look, is_tall: bool) {
    let health = &state.status.health;
    let mut lines = vec![breaker(health, look)];
    let sessions = &health.sessions;
    match sessions.len() {
        0 => lines.push(labelled("sessions", LABEL_WIDTH, "none used yet", Style::new(), look)),
        _ => lines.push(cells(sessions, look)),
    }
    if is_tall {
        let faults: u64 = sessions.iter().map(|session| session.faults).sum();
        let answered: u64 = sessions.iter().map(|session| session.answered).sum();
        let text = format!("{} answered, {} faults", short(answered), short(faults));
        lines.push(labelled("tries", LABEL_WIDTH, text, look.strong(), look));
        let legend = format!(
            "{} up  {} in doubt  {} down",
            look.mark(Weight::Good),
            doubt(),
            look.mark(Weight::Bad)
        );
        lines.push(labelled("", LABEL_WIDTH, legend, look.label(), look));
    }
    let quarantined = health.quarantined.len() as u64;
    let row = [
        Cell::fault("restarts", state.status.totals.restarts),
        Cell::fault("quarantined", quarantined),
    ];
    lines.extend(panel::grid(area.width, vec![row], look));
    panel::lines(frame, area, "Health", lines, look);
}

/// How many failures are left before the run freezes.
fn breaker(health: &Health, look: Look) -> Line<'static> {
    let (failures, allowed) = (health.failures, health.failures_allowed);
    let share = f64::from(failures) / f64::from(allowed.max(1));
    let weight = match share {
        share if share >= 1.0 => Weight::Bad,
        share if share >= 0.5 => Weight::Warning,
        _ => Weight::Good,
    };
    Line::from(vec![
        Span::styled(format!("{:<LABEL_WIDTH$}", "breaker"), look.label()),
        Span::styled(look.bar(share, BAR_WIDTH), look.weight(weight)),
        Span::styled(format!(" {failures} of {allowed}"), look.strong()),
        Span::styled(" failed", look.label()),
    ])
}

/// A cell for each HTTP session: its number, and a symbol for its standing.
fn cells(sessions: &[SessionStatus], look: Look) -> Line<'static> {
    let mut spans = vec![Span::styled(format!("{:<LABEL_WIDTH$}", "sessions"), look.label())];
    for session in sessions {
        let (weight, mark) = match session.standing {
            Standing::Up => (Weight::Good, look.symbol("✓", "+")),
            Standing::InDoubt => (Weight::Warning, doubt()),
            Standing::Down => (Weight::Bad, look.mark(Weight::Bad)),
        };
        spans.push(Span::styled(session.id.to_string(), look.strong()));
        spans.push(Span::styled(mark, look.weight(weight)));
        spans.push(Span::raw(" "));
    }
    Line::from(spans)
}

fn doubt() -> &'static str {
    "?"
}

/// Database, memory, checkpoint.
pub fn draw_resources(frame: &mut Frame<'_>, area: Rect, state: &State, look: Look, is_tall: bool) {
    let (status, strong) = (&state.status, look.strong());
    let row = |label: &str, text: String| labelled(label, RESOURCE_WIDTH, text, strong, look);
    let pool = &status.health.pool;
    let database = match pool.max {
        0 => "no pool: SQLite or dry run".to_owned(),
        max => format!(
            "{} busy {} idle {} wait of {max}",
            pool.open.saturating_sub(pool.idle),
            pool.idle,
            pool.waiting
        ),
    };
    let memory = status.memory_bytes.map_or("not known here".to_owned(), units::bytes);
    let checkpoint = match status.saved.last_checkpoint_at {
        Some(at) => {
            let ago = (status.at - at).num_seconds().max(0).unsigned_abs();
            let written = status.totals.checkpoints;
            format!("{} ago, {} checkpoints", units::span(ago), short(written))
        }
        None => "none yet".to_owned(),
    };
    let mut lines = vec![row("db pool", database), row("memory", memory)];
    lines.push(row("saved", checkpoint));
    if is_tall {
        let width = usize::from(area.width).saturating_sub(RESOURCE_WIDTH);
        let path = status.saved.last_checkpoint.as_deref().unwrap_or("");
        let name = path.rsplit('/').next().unwrap_or(path);
        let name = panel::fitted(&plain(name, look.ascii), width, look);
        lines.push(labelled("", RESOURCE_WIDTH, name, look.label(), look));
        let totals = &status.totals;
        let replayed =
            format!("{} cycles, {} broken", totals.replayed_cycles, totals.broken_cycles);
        lines.push(row("replayed", replayed));
    }
    panel::lines(frame, area, "Resources", lines, look);
}
