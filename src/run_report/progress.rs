//! What is shown while a run goes on: lines, JSON lines, a progress line or the dashboard on a
//! terminal, or nothing.

use std::cell::Cell;
use std::time::Duration;

use actors::coordinator::status::{RunStatus, Traffic};
use actors::domain::cycle::CycleRecord;
use actors::ports::store::RunState;
use indicatif::{ProgressBar, ProgressStyle};
use text::units;

use super::{cycle_line, frozen};
use crate::config::log::Log;
use crate::config::words::LogFormat;
use crate::dashboard::Dashboard;
use crate::logging::Screen;

/// How often the progress line moves by itself while nothing is reported.
const TICK: Duration = Duration::from_millis(200);

/// Shows cycles on stderr as they close.
#[derive(Debug)]
pub struct Progress {
    /// Stderr.
    screen: Screen,
    /// What is shown.
    view: View,
    /// Whether the last picture was of a frozen run, so that a freeze is told once.
    was_frozen: Cell<bool>,
    /// Whether carts were being cleared in the last picture, so that it is told once.
    was_clearing: Cell<bool>,
}

/// What is shown while a run goes on.
#[derive(Debug)]
enum View {
    /// Nothing.
    Quiet,
    /// A line per cycle.
    Lines,
    /// A CycleRecord per line.
    Json,
    /// One line that is drawn over and over.
    Bar(ProgressBar),
    /// All of it; the dashboard looks by itself. A line per cycle should it fail.
    Dashboard(Dashboard),
}

impl Progress {
    /// All of it, on a terminal.
    pub fn with(dashboard: Dashboard, screen: Screen) -> Self {
        Self::showing(View::Dashboard(dashboard), screen)
    }

    /// For a run of `planned` cycles; `is_terminal` says whether stderr is one.
    pub fn new(log: &Log, screen: Screen, is_terminal: bool, planned: Option<u32>) -> Self {
        let view = match (log.quiet, log.format) {
            (true, _) => View::Quiet,
            (false, LogFormat::Json) => View::Json,
            (false, LogFormat::Text) if is_terminal => View::Bar(bar(&screen, planned)),
            (false, LogFormat::Text) => View::Lines,
        };
        Self::showing(view, screen)
    }

    fn showing(view: View, screen: Screen) -> Self {
        Self { screen, view, was_frozen: Cell::new(false), was_clearing: Cell::new(false) }
    }

    /// A cycle has closed.
    pub fn cycle(&self, record: &CycleRecord) {
        match &self.view {
            View::Quiet => {}
            View::Dashboard(dashboard) if dashboard.is_up() => {}
            View::Lines | View::Dashboard(_) => self.screen.line(&cycle_line::text(record)),
            View::Json => self.screen.line(&cycle_line::json(record)),
            View::Bar(bar) => {
                if !record.broken {
                    bar.set_position(u64::from(record.cycle.0) + 1);
                }
            }
        }
    }

    /// The picture has changed.
    pub fn status(&self, status: &RunStatus) {
        let is_frozen = status.frozen.is_some();
        let was_frozen = self.was_frozen.replace(is_frozen);
        let shows_it = match &self.view {
            View::Json => true,
            View::Dashboard(dashboard) => dashboard.is_up(),
            View::Quiet | View::Lines | View::Bar(_) => false,
        };
        if is_frozen && !was_frozen && !shows_it {
            self.screen.line(&frozen::text(status));
        }
        let is_clearing = status.health.is_clearing_carts;
        let is_new = is_clearing && !self.was_clearing.replace(is_clearing);
        match &self.view {
            View::Bar(bar) => bar.set_message(message(status)),
            View::Lines if is_new => self.screen.line(&clearing(status)),
            View::Quiet | View::Lines | View::Json | View::Dashboard(_) => {}
        }
    }

    /// Nothing more will come; the progress line goes, and the dashboard gives the terminal back.
    pub fn finish(self) {
        match self.view {
            View::Bar(bar) => bar.finish_and_clear(),
            View::Quiet | View::Lines | View::Json => {}
            View::Dashboard(dashboard) => drop(dashboard),
        }
    }
}

fn bar(screen: &Screen, planned: Option<u32>) -> ProgressBar {
    let (bar, template) = match planned {
        Some(cycles) => (ProgressBar::new(cycles.into()), "{bar:20} {pos}/{len}  {wide_msg}"),
        None => (ProgressBar::new_spinner(), "{spinner} cycle {pos}  {wide_msg}"),
    };
    let style = ProgressStyle::with_template(template);
    let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let bar = screen.bars.add(bar);
    bar.enable_steady_tick(TICK);
    bar
}

/// What a run does before it ends, while it does it.
fn clearing(status: &RunStatus) -> String {
    let carts = status.health.carts_dirty;
    format!("clearing {carts} carts at the shop before the end, 10 s at most")
}

/// The progress line's words.
fn message(status: &RunStatus) -> String {
    if status.health.is_clearing_carts {
        return clearing(status);
    }
    let state = match (&status.frozen, status.state) {
        (Some(reason), _) => format!("FROZEN: {reason}; "),
        (None, RunState::Paused) => "paused; ".to_owned(),
        (None, RunState::Running) => String::new(),
        (
            None,
            state @ (RunState::Freezing
            | RunState::Frozen
            | RunState::Stopped
            | RunState::Completed),
        ) => format!("{}; ", state.as_str()),
    };
    if let Some(search) = &status.order_search {
        return format!("{state}{}", search.progress());
    }
    let (attempt, current) = (&status.attempt, &status.attempt.current);
    format!(
        "{state}{}  {} out of {} still out  shopping {}  failed {}  felt p95 {}  late {:.1} s{}",
        units::day_and_hour(attempt.simulated_at),
        attempt.outstanding,
        current.released,
        current.shopped,
        current.failed,
        units::duration(status.calls.rolling.felt.p95),
        units::seconds(status.clock.lateness_ms),
        held_back(&status.traffic),
    )
}

/// That the shop is slower than the limit.
fn held_back(traffic: &Traffic) -> String {
    if !traffic.held_back {
        return String::new();
    }
    let takes = units::duration(traffic.answer_ms as f64);
    format!("  held back: {:.1}/s, answers take {takes}", traffic.answers_per_second)
}
