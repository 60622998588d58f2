//! Who shops, and by which rules.

use super::concern::concern;

concern!(
    /// `population`: the agents and their behaviour.
    Population, "population" {
        /// `population.agents`, default none: all active agents of the database, and 372 generated
        /// ones where it has none; a number takes at most that many (Q3.1, Q8.3).
        agents: Option<u32> = None,
            flag "agents" as Option<u32>, place 9, (value_name = "N")
                "At most so many agents; so many are generated where there are none [default: \
                 all, 372]",
            env "CARTLOAD_AGENTS", unit "agents", decision "Q3.1, Q8.3",
            allowed "a whole number from 1 to 1000000, or none",
            check |n| n.is_none_or(|n| (1..=1_000_000).contains(&n));
        /// `population.preset`, default `load`: `load`, `lifelike` or a file like theirs.
        preset: String = "load".to_owned(),
            flag "preset" as Option<String>, place 8, (value_name = "NAME|FILE")
                "Rules of behaviour: load, lifelike or a file [default: load]",
            env "CARTLOAD_PRESET", unit "", decision "",
            allowed "load, lifelike, or the path of a .ron file",
            check |name| matches!(name.as_str(), "load" | "lifelike") || name.ends_with(".ron");
    }
);
