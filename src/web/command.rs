//! `POST /api/command`: the page's door. The same commands and answers as all other doors.

use actix_web::error::JsonPayloadError;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use actors::coordinator::command::{Command, Door};
use actors::coordinator::messages::Operate;
use serde::Serialize;

use super::Shared;

/// Bytes of a command.
const BODY_MAX_BYTES: usize = 4 * 1024;
/// Commands that wait for their answer at once: a checkpoint waits for the end of its cycle.
pub const COMMANDS_MAX: usize = 8;

/// What is answered, done or not.
#[derive(Debug, Serialize)]
struct Answer {
    /// Whether it was carried out.
    done: bool,
    /// What is true of the run from here on, or why not.
    message: String,
    /// The checkpoint's path, where one was written.
    checkpoint: Option<String>,
}

/// The route.
pub(super) fn configure(app: &mut web::ServiceConfig) {
    let json = web::JsonConfig::default().limit(BODY_MAX_BYTES).error_handler(not_understood);
    app.service(web::resource("/api/command").app_data(json).post(operate));
}

fn not_understood(error: JsonPayloadError, _: &HttpRequest) -> actix_web::Error {
    let status = match &error {
        JsonPayloadError::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => {
            StatusCode::PAYLOAD_TOO_LARGE
        }
        _ => StatusCode::BAD_REQUEST,
    };
    let message = format!("not a command: {error}");
    let answer = answer(status, Answer { done: false, message, checkpoint: None });
    actix_web::error::InternalError::from_response(error, answer).into()
}

async fn operate(shared: web::Data<Shared>, command: web::Json<Command>) -> HttpResponse {
    let refused = |status, message: &str| {
        answer(status, Answer { done: false, message: message.to_owned(), checkpoint: None })
    };
    let Ok(_place) = shared.commands.try_acquire() else {
        return refused(
            StatusCode::SERVICE_UNAVAILABLE,
            "other commands wait for their answer; try again later",
        );
    };
    let commands = shared.run.borrow().as_ref().map(|run| run.commands.clone());
    let Some(commands) = commands else {
        return refused(StatusCode::SERVICE_UNAVAILABLE, "the run is starting");
    };
    let command = command.into_inner();
    match commands.send(Operate { command, door: Door::Page }).await {
        Ok(Ok(done)) => {
            let checkpoint = done.checkpoint.map(|path| path.display().to_string());
            let message = done.message;
            answer(StatusCode::OK, Answer { done: true, message, checkpoint })
        }
        Ok(Err(why)) => refused(StatusCode::CONFLICT, &why.to_string()),
        Err(_) => refused(StatusCode::SERVICE_UNAVAILABLE, "the run has ended"),
    }
}

fn answer(status: StatusCode, answer: Answer) -> HttpResponse {
    HttpResponse::build(status).json(answer)
}
