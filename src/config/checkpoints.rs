//! When the state of a run is saved.

use super::concern::concern;

concern!(
    /// `checkpoints`: besides these, one is written at the start, on freeze and at the end.
    Checkpoints, "checkpoints" {
        /// `checkpoints.every_cycles`, default 10, cycles; 0: none in between (Q4).
        every_cycles: u32 = 10,
            env "CARTLOAD_CHECKPOINTS_EVERY_CYCLES", unit "cycles", decision "Q4",
            allowed "a whole number from 0 to 100000", check |n| *n <= 100_000;
        /// `checkpoints.keep`, default 10, files of each run; older ones are deleted.
        keep: u32 = 10,
            env "CARTLOAD_CHECKPOINTS_KEEP", unit "files", decision "",
            allowed "a whole number from 1 to 100000", check |n| (1..=100_000).contains(n);
    }
);
