//! What may be injected from outside: every message to an actor, and faults of the practice shop.

use actors::coordinator::command::FORMS;
use actors::injection::examples::{EXAMPLES, Example};
use actors::injection::{Injection, ShopDrill};
use shops::practice_shop::{FaultSwitches, ShopInjection};
use text::ron_text::{self, RonError};

/// Characters of a message at most.
pub const MESSAGE_CHARS_MAX: usize = 16_384;
/// What a message may begin with.
const ADDRESSES: &str = "Agent, Agents, Session, SessionPool, RateLimiter, CircuitBreaker, \
                         DbWriter, OfferRefresher, Checkpointer, Coordinator, Shop";

/// Why a fault of the shop cannot be switched on.
const NO_SHOP: &str = "the shop of this run is not the practice shop in its process, and only that \
                       can be told to fail";

/// A message as it was written.
pub type Message = Injection<ShopInjection>;

/// What may be done to the practice shop.
pub const SHOP_EXAMPLES: &[Example] = &[
    Example {
        message: "Shop(Fault(latency_ms: 800))",
        effect: "every answer takes 800 ms longer; takes the place of all faults before",
    },
    Example {
        message: "Shop(Fault(errors: [(route: checkout, status: 503, percent: 20)]))",
        effect: "every fifth checkout is a 503",
    },
    Example { message: "Shop(Fault(down: reset))", effect: "connections are closed unanswered" },
    Example { message: "Shop(Heal)", effect: "no faults" },
];

/// One example of everything that may be injected.
pub fn examples() -> impl Iterator<Item = &'static Example> {
    EXAMPLES.iter().chain(FORMS.iter().map(|form| &form.example)).chain(SHOP_EXAMPLES)
}

/// Reads a message; an error names line, column and what was allowed there.
pub fn parse(origin: &str, text: &str) -> Result<Message, RonError> {
    if text.chars().nth(MESSAGE_CHARS_MAX).is_some() {
        let problem = format!("a message has at most {MESSAGE_CHARS_MAX} characters");
        return Err(RonError { origin: origin.to_owned(), line: 1, column: 1, problem });
    }
    let message: Message = ron_text::parse(origin, text).map_err(|mut error| {
        if !error.problem.contains(", expected ") {
            error.problem += &format!("; a message begins with one of {ADDRESSES}");
        }
        error.problem += "; `cartload inject --list` shows them all";
        error
    })?;
    check(&message).map_err(|problem| RonError {
        origin: origin.to_owned(),
        line: 1,
        column: 1,
        problem,
    })?;
    Ok(message)
}

/// Refuses what is well-formed and makes no sense.
pub fn check(message: &Message) -> Result<(), String> {
    match message {
        Injection::Shop(ShopInjection::Fault(faults)) => {
            faults.check().map_err(|error| error.to_string())
        }
        Injection::Shop(ShopInjection::Heal)
        | Injection::Agent(..)
        | Injection::Agents(..)
        | Injection::Session(..)
        | Injection::SessionPool(_)
        | Injection::RateLimiter(_)
        | Injection::CircuitBreaker(_)
        | Injection::DbWriter(_)
        | Injection::OfferRefresher(_)
        | Injection::Checkpointer(_)
        | Injection::Coordinator(_) => Ok(()),
    }
}

/// The message with the shop's part made ready for these switches; without any the shop is not in
/// this process and cannot be told to fail.
pub fn armed(message: Message, switches: Option<FaultSwitches>) -> Result<Injection, ron::Error> {
    message.try_map_shop(|shop| {
        ShopDrill::new(&shop.clone(), move || match &switches {
            Some(switches) => shop.strike(switches).map_err(|error| error.to_string()),
            None => Err(NO_SHOP.to_owned()),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use shops::practice_shop::Faults;

    #[test]
    fn a_mistake_is_named_by_place_and_with_what_is_allowed() {
        for (text, parts) in [
            ("Agent(\"agent_017\", Crahs)", &["1:20", "Crahs", "Crash", "Hang"][..]),
            ("Agnet(\"agent_017\", Crash)", &["1:1", "Agnet", "`Agent`", "`Shop`"]),
            ("Session(4, Break)", &["1:", "--list"]),
            ("Session(4, Break(for_ms: 3))", &["for_ms", "`for_s`"]),
            ("Session(400, Break(for_s: 3))", &["1:"]),
            ("Agent(\"a\", FailNextCall(status: 200))", &["1:", "200", "400 and 599"]),
            ("Coordinator(Rate(0))", &["1:", "\"0\" is no rate"]),
            ("\n  Shop(Fault(latency: 5))", &["2:", "latency", "latency_ms"]),
            ("Shop(Fault(capacity: 0))", &["capacity", "blackhole"]),
            ("", &["1:1", "begins with one of Agent"]),
        ] {
            let error = parse("message", text).unwrap_err().to_string();
            for part in parts {
                assert!(error.contains(part), "`{part}` is not in `{error}`");
            }
        }
    }

    #[test]
    fn every_example_is_a_message_and_is_shown_as_one() {
        for example in examples() {
            let message = parse("example", example.message).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(parse("shown", &message.to_string()).unwrap(), message);
        }
    }

    #[test]
    fn a_fault_of_the_shop_is_switched_on_where_there_is_one_and_else_refused() {
        let switches = FaultSwitches::new(Faults::default()).unwrap();
        let fault = || parse("test", "Shop(Fault(latency_ms: 5))").unwrap();
        let Ok(Injection::Shop(drill)) = armed(fault(), Some(switches.clone())) else { panic!() };
        drill.make().unwrap();
        assert_eq!(switches.get().latency_ms, 5);
        let Ok(Injection::Shop(drill)) = armed(fault(), None) else { panic!() };
        assert!(drill.make().unwrap_err().contains("practice shop"));
    }

    #[test]
    fn a_long_or_deep_message_is_refused() {
        let long = "Agent(".repeat(MESSAGE_CHARS_MAX);
        assert!(parse("test", &long).unwrap_err().problem.contains("at most"));
        let deep = format!("Shop(Fault(stock: {}", "[".repeat(10_000));
        assert!(parse("test", &deep).is_err());
    }
}
