//! One example of each message that may be injected, for `inject --list` and the manual.

/// A message and what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// As RON.
    pub message: &'static str,
    /// What follows, in one line.
    pub effect: &'static str,
}

/// Messages to actors, at least one of each kind; those to the Coordinator are operators' commands,
/// and stand with them ([`FORMS`](crate::coordinator::command::FORMS)).
pub const EXAMPLES: &[Example] = &[
    example(
        r#"Agent("agent_017", Crash)"#,
        "its flow panics at its next call with something in its cart",
    ),
    example(
        r#"Agent("agent_003", Hang)"#,
        "its flow never goes on from its next call with something in its cart",
    ),
    example(
        r#"Agent("agent_003", FailNextCheckout(status: 500))"#,
        "its next checkout fails as if answered so; nothing is sent",
    ),
    example(
        r#"Agent("agent_003", FailNextCall(status: 401))"#,
        "its next call fails as if answered so; nothing is sent",
    ),
    example(r#"Agents(19, Crash)"#, "the next 19 agents that come to the moment crash"),
    example("Session(4, Break(for_s: 30))", "its calls break for 30 s; nothing is sent"),
    example("Session(4, Delay(ms: 500, for_s: 30))", "its calls take 500 ms longer for 30 s"),
    example("Session(4, Die)", "its actor panics and is built anew"),
    example("SessionPool(MarkDown(4))", "HTTP session 4 is down until a probe is answered"),
    example("SessionPool(Die)", "its actor panics; the run freezes for good"),
    example("RateLimiter(CloseGate)", "no permit is given; flows wait as in a pause"),
    example("RateLimiter(OpenGate)", "undoes CloseGate; refused while paused or frozen"),
    example("RateLimiter(Retune(5))", "grants 5/s, while the run believes in its own limit"),
    example("Coordinator(FixedRate(20))", "what `ctl rate 20 --fixed` does"),
    example("RateLimiter(Die)", "its actor panics; the run freezes for good"),
    example(r#"CircuitBreaker(Trip(reason: "drill"))"#, "the run freezes"),
    example("CircuitBreaker(SignalOutage(4))", "the shop is probed as if session 4 saw an outage"),
    example("CircuitBreaker(Die)", "its actor panics; the run freezes for good"),
    example("DbWriter(Delay(ms: 200, writes: 50))", "50 writes of flows take 200 ms longer"),
    example("DbWriter(Fail(writes: 3))", "3 writes of flows find no database and are tried again"),
    example("DbWriter(Refuse(writes: 3))", "3 writes of flows are refused: their flows fail"),
    example("DbWriter(Die)", "its actor panics; the run freezes for good"),
    example("OfferRefresher(Refresh)", "every agent is due for coupons at once, within its cap"),
    example("OfferRefresher(Fail(refreshes: 1))", "1 refresh fails; the next one makes up for it"),
    example("OfferRefresher(Die)", "its actor panics and is built anew"),
    example("Checkpointer(Save)", "a checkpoint of the last boundary is written at once"),
    example("Checkpointer(Fail(saves: 1))", "1 checkpoint cannot be written"),
    example("Checkpointer(Die)", "its actor panics and is built anew"),
];

/// A message and what it does.
pub const fn example(message: &'static str, effect: &'static str) -> Example {
    Example { message, effect }
}
