//! Which share of the agents is released at the start of a run.

use super::concern::concern;

concern!(
    /// `warm_up`: the steps follow the cycle number, also after a resume (Q3.4).
    WarmUpSettings, "warm_up" {
        /// `warm_up.enabled`, default true; off releases all agents from cycle 0 (Q3.4).
        enabled: bool = true,
            flag "warm-up" as Option<bool>, place 7,
                (value_name = "on|off", value_parser = on_off, action = clap::ArgAction::Set)
                "Release 10, 25, 50, 75 % of the agents for two cycles each first [default: on]",
            env "CARTLOAD_WARM_UP", unit "", decision "Q3.4",
            allowed "true or false (on or off in flag and environment)", check |_| true;
        /// `warm_up.steps_percent`, default 10, 25, 50, 75, percent of the active agents (Q3.4).
        steps_percent: Vec<u8> = vec![10, 25, 50, 75],
            env "CARTLOAD_WARM_UP_STEPS_PERCENT", unit "% of active agents",
            decision "Q3.4", allowed "1 to 100 rising percentages from 1 to 100",
            check |steps| (1..=100).contains(&steps.len())
                && steps.iter().all(|step| (1..=100).contains(step))
                && steps.is_sorted();
        /// `warm_up.cycles_per_step`, default 2, cycles (Q3.4).
        cycles_per_step: u32 = 2,
            env "CARTLOAD_WARM_UP_CYCLES_PER_STEP", unit "cycles", decision "Q3.4",
            allowed "a whole number from 1 to 10000", check |n| (1..=10_000).contains(n);
    }
);

fn on_off(text: &str) -> Result<bool, &'static str> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("allowed: on, off"),
    }
}
