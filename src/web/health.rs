//! `/healthz`: the process lives and its Coordinator publishes. `/readyz`: the run goes on.
//!
//! A frozen run is alive and not ready, and so is one whose database takes nothing: to restart the
//! process would change nothing, an operator has to look.

use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, guard, web};
use actors::coordinator::status::RunStatus;
use actors::ports::store::RunState;

use super::Shared;

/// The Coordinator publishes each second; after so long without it something is stuck.
pub const SILENCE_MAX: Duration = Duration::from_secs(15);

/// The routes.
pub(super) fn configure(app: &mut web::ServiceConfig) {
    let reads = || web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
    app.service(web::resource("/healthz").route(reads().to(healthz)));
    app.service(web::resource("/readyz").route(reads().to(readyz)));
}

async fn healthz(shared: web::Data<Shared>) -> HttpResponse {
    let is_wired = shared.run.borrow().is_some();
    answer(liveness(is_wired, shared.feed.last(), Instant::now()))
}

async fn readyz(shared: web::Data<Shared>) -> HttpResponse {
    let run = shared.run.borrow();
    let picture = run.as_ref().map(|run| run.status.borrow());
    answer(readiness(picture.as_deref()))
}

fn answer(outcome: Result<String, String>) -> HttpResponse {
    let (status, text) = match outcome {
        Ok(text) => (StatusCode::OK, text),
        Err(text) => (StatusCode::SERVICE_UNAVAILABLE, text),
    };
    HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(text + "\n")
}

/// Alive, or why not; `last` is when the newest picture came.
fn liveness(is_wired: bool, last: Option<Instant>, now: Instant) -> Result<String, String> {
    let Some(last) = last.filter(|_| is_wired) else { return Ok("starting".to_owned()) };
    let silence = now.saturating_duration_since(last);
    if silence > SILENCE_MAX {
        return Err(format!("the run has not been heard of for {} s", silence.as_secs()));
    }
    Ok("alive".to_owned())
}

/// Ready, or why not.
fn readiness(picture: Option<&RunStatus>) -> Result<String, String> {
    let Some(status) = picture.filter(|status| status.agents > 0) else {
        return Err("starting".to_owned());
    };
    if let Some(reason) = &status.frozen {
        return Err(format!("frozen: {reason}"));
    }
    match (status.unwell(), status.state) {
        (Some(says), _) => Err(format!("not healthy: {says}")),
        (None, RunState::Running | RunState::Paused) => Ok(status.state.as_str().to_owned()),
        (None, RunState::Freezing | RunState::Frozen | RunState::Stopped | RunState::Completed) => {
            Err(status.state.as_str().to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifteen_seconds_of_silence_are_alive_and_more_is_not() {
        let then = Instant::now();
        let after = |ms| liveness(true, Some(then), then + Duration::from_millis(ms));
        assert!(after(15_000).is_ok());
        assert_eq!(after(15_001).unwrap_err(), "the run has not been heard of for 15 s");
        assert_eq!(liveness(false, None, then).unwrap(), "starting");
    }
}
