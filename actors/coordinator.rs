//! (front door, being built)
pub mod messages;
pub mod plan;
pub mod status;

/// Being built.
pub struct Coordinator;

impl actix::Actor for Coordinator {
    type Context = actix::Context<Self>;
}
