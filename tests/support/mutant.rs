//! Inputs as nobody writes them: texts that are right, bent by a seed. What reads them must end in
//! an answer or an error, soon, and with little memory.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::amount;

/// Inputs of a surface where nobody says how many.
const A_FEW: usize = 400;
/// Bytes of an input at most: more than a person writes.
const BYTES_MAX: usize = 256 * 1024;
/// No input may take longer.
const SLOWEST_MAX: Duration = Duration::from_secs(1);
/// Memory of a process that reads nothing but such inputs, bytes, at most.
const MEMORY_MAX: u64 = 150_000_000;

/// What is put where something else was.
const WORDS: [&str; 40] = [
    "\0",
    "\u{feff}",
    "\u{202e}",
    "\u{1b}[2J",
    "é",
    "😀",
    "\\ud800",
    "\\u0000",
    "\r\n",
    "\r",
    "\"",
    "\"\"",
    "'",
    "/*",
    "*/",
    "//",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    ";",
    "\t",
    "null",
    "None",
    "Some(",
    "NaN",
    "Infinity",
    "-0",
    "1e999",
    "1e-999",
    "99999999999999999999",
    "-1",
    "0.1",
    "true",
    "../../etc/passwd",
    "=cmd|' /C calc'!A0",
];

/// Makes inputs of a seed.
pub struct Mutator(Xoshiro256PlusPlus);

impl Mutator {
    /// As `seed` has it.
    pub fn of(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// One of `seeds`, bent in one to eight places.
    pub fn bend(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = seeds.choose(&mut self.0).unwrap().clone();
        for _ in 0..self.0.random_range(1..=8) {
            self.once(&mut bytes, seeds);
            bytes.truncate(BYTES_MAX);
        }
        bytes
    }

    fn once(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let rng = &mut self.0;
        let at = rng.random_range(0..=bytes.len());
        let end = (at + rng.random_range(0..64)).min(bytes.len());
        match rng.random_range(0..14) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, rng.random()),
            2 if at < bytes.len() => bytes[at] = rng.random(),
            3 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
            4 => drop(bytes.drain(at..end)),
            5 => put(bytes, at..end, WORDS.choose(rng).unwrap().as_bytes()),
            6 => put(bytes, at..at, WORDS.choose(rng).unwrap().as_bytes()),
            // A part again and again: depth, length, the same key.
            7 => {
                let part = bytes[at..end].repeat(rng.random_range(1..2_000));
                put(bytes, at..at, &part);
            }
            8 => {
                let part = WORDS.choose(rng).unwrap().repeat(rng.random_range(1..5_000));
                put(bytes, at..at, part.as_bytes());
            }
            // Of another text of the kind.
            9 => {
                let other = seeds.choose(rng).unwrap();
                let from = rng.random_range(0..=other.len());
                let to = (from + rng.random_range(0..400)).min(other.len());
                put(bytes, at..end, &other[from..to]);
            }
            10 => self.lines(bytes),
            11 => self.number(bytes, at),
            12 => {
                let text = String::from_utf8_lossy(bytes).replace('\n', "\r\n");
                *bytes = text.into_bytes();
            }
            _ => {
                let mut wide: Vec<u8> = vec![0xff, 0xfe];
                let text = String::from_utf8_lossy(bytes).into_owned();
                wide.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
                if rng.random_bool(0.1) {
                    *bytes = wide;
                }
            }
        }
    }

    /// Two lines change places, one is doubled or gone.
    fn lines(&mut self, bytes: &mut Vec<u8>) {
        let mut lines: Vec<Vec<u8>> = bytes.split(|byte| *byte == b'\n').map(Vec::from).collect();
        let (a, b) = (self.0.random_range(0..lines.len()), self.0.random_range(0..lines.len()));
        match self.0.random_range(0..3) {
            0 => lines.swap(a, b),
            1 => lines.insert(a, lines[b].clone()),
            _ => drop(lines.remove(a)),
        }
        *bytes = lines.join(&b'\n');
    }

    /// The next number becomes another one.
    fn number(&mut self, bytes: &mut Vec<u8>, at: usize) {
        let numbers = ["0", "-1", "1e400", "0.0000001", "18446744073709551616", "4294967296", "1."];
        let from = bytes[at..].iter().position(u8::is_ascii_digit).map(|n| at + n);
        if let Some(from) = from {
            let length = bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let number = numbers.choose(&mut self.0).unwrap();
            put(bytes, from..from + length, number.as_bytes());
        }
    }
}

fn put(bytes: &mut Vec<u8>, place: std::ops::Range<usize>, with: &[u8]) {
    bytes.splice(place, with.iter().copied()).for_each(drop);
}

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// It was read.
    Taken,
    /// It was refused with words.
    Refused,
}

impl Read {
    /// An error says something, and no more than a screen of it.
    pub fn of<T, E: std::fmt::Display>(outcome: Result<T, E>) -> Self {
        let Err(error) = outcome else { return Self::Taken };
        let said = error.to_string();
        assert!(!said.trim().is_empty(), "an error without words");
        assert!(said.len() < 64 * 1024, "an error of {} bytes", said.len());
        Self::Refused
    }
}

/// Has `read` read mutants of `seeds`: `CARTLOAD_MUTANTS` of them, from `CARTLOAD_SEED` on. Where
/// somebody says how many, time and memory are judged too: then nothing else runs beside.
pub fn each(surface: &str, seeds: &[Vec<u8>], mut read: impl FnMut(&[u8]) -> Read) {
    let first = amount("CARTLOAD_SEED", 1) as u64;
    let count = amount("CARTLOAD_MUTANTS", A_FEW);
    let (mut taken, mut slowest) = (0, (Duration::ZERO, 0));
    for seed in first..first + count as u64 {
        let input = Mutator::of(seed).bend(seeds);
        let begun = Instant::now();
        match catch_unwind(AssertUnwindSafe(|| read(&input))) {
            Ok(Read::Taken) => taken += 1,
            Ok(Read::Refused) => {}
            Err(panic) => fail(surface, seed, &input, panic),
        }
        slowest = slowest.max((begun.elapsed(), seed));
    }
    let (memory, (took, seed)) = (peak(), slowest);
    eprintln!(
        "{surface}: {count} inputs, {taken} taken, the slowest {took:?} (seed {seed}), at most {} \
         MB resident",
        memory / 1_000_000
    );
    assert!(taken < count, "{surface}: nothing was bent");
    if std::env::var_os("CARTLOAD_MUTANTS").is_some() {
        assert!(took < SLOWEST_MAX, "{surface}: seed {seed} took {took:?}");
        assert!(memory < MEMORY_MAX, "{surface}: {memory} bytes resident");
    }
}

fn fail(surface: &str, seed: u64, input: &[u8], panic: Box<dyn Any + Send>) {
    let path = std::env::temp_dir().join(format!("mutant-{seed}"));
    std::fs::write(&path, input).unwrap();
    eprintln!("{surface}: CARTLOAD_SEED={seed} CARTLOAD_MUTANTS=1; it is in {}", path.display());
    std::panic::resume_unwind(panic);
}

/// The most memory this process has had, bytes; 0 where nobody tells.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}
