//! What follows when the circuit breaker has frozen a run. The share of failures that freezes it,
//! 5 % of the released agents, is a decision (Q5.1) and no setting.

use super::concern::concern;
use super::words::OnFreeze;

concern!(
    /// `breaker`: only an operator resumes a frozen run (Q5.3).
    Breaker, "breaker" {
        /// `breaker.on_freeze`, default `wait`: a frozen run waits for an operator, or ends with
        /// code 7 (Q5.3).
        on_freeze: OnFreeze = OnFreeze::Wait,
            flag "on-freeze" as Option<OnFreeze>, place 17,
                (value_enum, value_name = "wait|exit", hide_possible_values = true)
                "What a frozen run does: wait for an operator, or end with code 7 [default: wait]",
            env "CARTLOAD_ON_FREEZE", unit "", decision "Q5.3",
            allowed "wait or exit", check |_| true;
    }
);
