//! How a run is seen and reached from this machine: the dashboard or lines on the terminal, the
//! control socket. Neither is needed: where one cannot be, the run says so and goes on without.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use actors::domain::ids::RunId;
use actors::topology::Running;
use shops::practice_shop::RunningShop;

use super::{Asked, Doors};
use crate::control::{ControlSocket, Desk};
use crate::dashboard::look::Look;
use crate::dashboard::{self, Dashboard, Parts, view};
use crate::data_dir::{DataDir, DataDirError};
use crate::run_report::progress::Progress;

/// Why there is no dashboard.
#[derive(Debug, thiserror::Error)]
enum NoDashboard {
    #[error(transparent)]
    Folder(#[from] DataDirError),
    #[error("{log}: {cause}", log = log.display())]
    Start { log: PathBuf, cause: io::Error },
}

/// What shows the run: the dashboard where it can, else what there is without one.
pub(super) fn progress(
    asked: &Asked,
    doors: &Doors,
    running: &Running,
    planned: Option<u32>,
) -> Progress {
    let (log, screen) = (&asked.settings.log, doors.screen.clone());
    if dashboard::is_wanted(log) {
        match open_dashboard(asked, doors, running) {
            Ok(dashboard) => return Progress::with(dashboard, screen),
            Err(error) => tracing::warn!("there is no dashboard: {error}"),
        }
    }
    Progress::new(log, screen, io::stderr().is_terminal(), planned)
}

/// Messages go into a file of the run's own meanwhile.
fn open_dashboard(
    asked: &Asked,
    doors: &Doors,
    running: &Running,
) -> Result<Dashboard, NoDashboard> {
    let run_id: RunId = running.status.borrow().run_id;
    let log = asked.data.logs()?.join(format!("{run_id}.log"));
    let look = Look::of_process(asked.settings.log.ascii);
    let (status, coordinator) = (running.status.clone(), running.coordinator.clone().recipient());
    let (screen, view) = (doors.screen.clone(), view::draw);
    let parts = Parts { status, coordinator, look, screen, log: log.clone(), view };
    Dashboard::start(parts).map_err(|cause| NoDashboard::Start { log, cause })
}

/// Where `ctl` and `inject` reach the run.
pub(super) fn open_control(
    data: &DataDir,
    running: &Running,
    practice: Option<&RunningShop>,
) -> Option<ControlSocket> {
    let desk = Desk {
        operate: running.coordinator.clone().recipient(),
        inject: running.coordinator.clone().recipient(),
        status: running.status.clone(),
        faults: practice.map(RunningShop::faults),
    };
    match ControlSocket::open(data, desk) {
        Ok(control) => Some(control),
        Err(error) => {
            tracing::warn!("no control socket, `ctl` and `inject` cannot reach this run: {error}");
            None
        }
    }
}
