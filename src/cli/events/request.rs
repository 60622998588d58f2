//! From the options to what is exported, refusing what cannot be.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use actors::domain::event::{CouponStep, EventKind};
use actors::domain::incident::IncidentKind;
use analysis::export::sink::terminal::ROWS_MAX;
use analysis::export::tables::{self, Table};
use analysis::export::whole::WholeExport;
use analysis::export::{Destination, Export, Filter, Format, Periods, ReplayFilter};
use analysis::realism::yardstick::Yardstick;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use super::EventsArgs;
use crate::cli::output::STDOUT;
use crate::cli::{ExitCode, Failure, Result};

/// Rows on a terminal where nobody says how many.
const ROWS_SHOWN: u64 = 50;

/// What the data card says how lifelike runs are by.
pub struct Lifelike {
    /// What counts as lifelike.
    pub yardstick: Yardstick,
    /// Where scorecards of ended runs are kept.
    pub scorecards: PathBuf,
}

/// Cycles from one to another, both included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycles(
    /// Both ends.
    pub std::ops::RangeInclusive<i32>,
);

/// What the options ask for.
pub fn of(args: &EventsArgs, at: NaiveDateTime, lifelike: Lifelike) -> Result<Export> {
    let mut table = tables::find(&args.table)?;
    let filter = Filter {
        cycles: args.cycles.as_ref().map(|cycles| cycles.0.clone()),
        since: args.since,
        until: args.until,
        agents: args.agent.clone(),
        cohorts: args.cohort.clone(),
        kinds: args.kind.clone(),
        accepted: match (args.accepted, args.refused) {
            (false, false) => None,
            (accepted, _) => Some(accepted),
        },
        outcomes: args.outcome.iter().map(|status| status.as_str().to_owned()).collect(),
        replay: args.replay,
    };
    filter.check(&table)?;
    for kind in &filter.kinds {
        check_kind(&table, kind)?;
    }
    if filter.replay == ReplayFilter::Only {
        table = table.with_causes();
    }
    let (format, destination) = form(args)?;
    if args.guard_formulas && format != Format::Csv {
        return usage("--guard-formulas: it is for csv; other forms have no formulas".to_owned());
    }
    let limit = match (format, args.limit) {
        (Format::Table, None) => Some(ROWS_SHOWN),
        (Format::Table, Some(limit)) if limit > ROWS_MAX => {
            let text = "--limit: at most 10000 rows as a table; say --format csv, jsonl or parquet";
            return usage(text.to_owned());
        }
        (_, limit) => limit,
    };
    Ok(Export {
        table,
        filter,
        limit,
        format,
        guard_formulas: args.guard_formulas,
        destination,
        force: args.force,
        at,
        periods: periods(args)?,
        yardstick: lifelike.yardstick,
        scorecards: Some(lifelike.scorecards),
    })
}

/// What the options ask for, of all tables.
pub fn whole(args: &EventsArgs, at: NaiveDateTime, lifelike: Lifelike) -> Result<WholeExport> {
    let periods = periods(args)?;
    match &args.out_dir {
        Some(folder) if folder.as_os_str() != STDOUT => Ok(WholeExport {
            folder: folder.clone(),
            force: args.force,
            at,
            periods,
            yardstick: lifelike.yardstick,
            scorecards: Some(lifelike.scorecards),
        }),
        Some(_) | None => usage("--all: it goes into a folder; name one, --out-dir DIR".into()),
    }
}

/// The dates of train and test.
fn periods(args: &EventsArgs) -> Result<Periods> {
    let periods = Periods { train_until: args.train_until, test_from: args.test_from };
    if periods.is_crossed() {
        return usage("--train-until: it comes after --test-from; train ends before test".into());
    }
    Ok(periods)
}

fn form(args: &EventsArgs) -> Result<(Format, Destination)> {
    let asked = if args.json { Some(Format::Jsonl) } else { args.format };
    if let Some(folder) = &args.out_dir {
        return match asked {
            _ if folder.as_os_str() == STDOUT => {
                usage("--out-dir -: a folder cannot go to stdout; name one, or say --out -".into())
            }
            None | Some(Format::Parquet) => {
                Ok((Format::Parquet, Destination::Folder(folder.clone())))
            }
            Some(_) => usage("--out-dir: folders hold Parquet; csv and jsonl go to --out".into()),
        };
    }
    let Some(file) = args.file() else {
        let default = if io::stdout().is_terminal() { Format::Table } else { Format::Csv };
        return match asked.unwrap_or(default) {
            Format::Parquet => {
                usage("--format parquet: it goes into a file (--out) or folder (--out-dir)".into())
            }
            format @ (Format::Table | Format::Csv | Format::Jsonl) => {
                Ok((format, Destination::Stdout))
            }
        };
    };
    match asked.or_else(|| by_extension(file)) {
        Some(Format::Table) => usage("--format table: it is for the terminal, not a file".into()),
        Some(format) => Ok((format, Destination::File(file.to_owned()))),
        None => usage(format!(
            "--out {}: its extension is none of .csv, .jsonl and .parquet; say --format",
            file.display()
        )),
    }
}

fn by_extension(file: &Path) -> Option<Format> {
    let extension = file.extension()?.to_str()?;
    let files = [Format::Csv, Format::Jsonl, Format::Parquet];
    files.into_iter().find(|format| format.as_str().eq_ignore_ascii_case(extension))
}

/// A word that no row bears would export nothing, silently.
fn check_kind(table: &Table, kind: &str) -> Result<()> {
    let words: Vec<&str> = match table.name {
        "shopping_session_events" => EventKind::ALL.iter().map(|kind| kind.as_str()).collect(),
        "coupon_interactions" => CouponStep::ALL.iter().map(|step| step.as_str()).collect(),
        "incidents" => IncidentKind::ALL.iter().map(|kind| kind.as_str()).collect(),
        _ => return Ok(()),
    };
    if words.contains(&kind) {
        return Ok(());
    }
    let given: String = kind.chars().take(40).collect();
    usage(format!("--type {given}: table {} has {}", table.name, words.join(", ")))
}

fn usage<T>(text: String) -> Result<T> {
    Err(Failure::new(ExitCode::Usage, text))
}

/// `7`, `0..23`, `48..`, `..23`, `0..=23`.
pub fn cycles(text: &str) -> Result<Cycles, String> {
    let allowed = "cycles are 7, 0..23 (both included), 48.. or ..23";
    let number = |text: &str, otherwise: i32| match text.trim() {
        "" => Ok(otherwise),
        digits => digits
            .parse::<u32>()
            .map_err(|_| allowed.to_owned())
            .and_then(|number| i32::try_from(number).map_err(|_| allowed.to_owned())),
    };
    let range = match text.split_once("..") {
        Some((first, last)) => {
            let last = last.strip_prefix('=').unwrap_or(last);
            number(first, 0)?..=number(last, i32::MAX)?
        }
        None if text.trim().is_empty() => return Err(allowed.to_owned()),
        None => number(text, 0)?..=number(text, 0)?,
    };
    if range.is_empty() {
        return Err(format!("{} comes after {}; {allowed}", range.start(), range.end()));
    }
    Ok(Cycles(range))
}

/// `2026-03-01`, `2026-03-01T18:00`, with or without seconds and a Z.
pub fn instant(text: &str) -> Result<NaiveDateTime, String> {
    let plain = text.trim_end_matches('Z').replace(' ', "T");
    let date = || plain.parse::<NaiveDate>().ok().map(|date| date.and_time(NaiveTime::MIN));
    let minute = || NaiveDateTime::parse_from_str(&plain, "%Y-%m-%dT%H:%M").ok();
    let exact = || plain.parse::<NaiveDateTime>().ok();
    exact()
        .or_else(minute)
        .or_else(date)
        .ok_or_else(|| "a simulated instant is 2026-03-01 or 2026-03-01T18:00".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn cycles_include_both_ends() {
        assert_eq!(cycles("7").unwrap(), Cycles(7..=7));
        assert_eq!(cycles("0..23").unwrap(), Cycles(0..=23));
        assert_eq!(cycles("0..=23").unwrap(), Cycles(0..=23));
        assert_eq!(cycles("48..").unwrap(), Cycles(48..=i32::MAX));
        assert_eq!(cycles("..23").unwrap(), Cycles(0..=23));
        for text in ["", "-1", "a..b", "5..4", "99999999999", "1...2"] {
            assert!(cycles(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_instant_needs_no_seconds() {
        let noon = "2026-03-01T12:00:00".parse::<NaiveDateTime>().unwrap();
        for text in ["2026-03-01T12:00", "2026-03-01T12:00:00", "2026-03-01 12:00Z"] {
            assert_eq!(instant(text).unwrap(), noon);
        }
        assert_eq!(instant("2026-03-01").unwrap().to_string(), "2026-03-01 00:00:00");
        assert!(instant("March").is_err());
    }

    #[test]
    fn every_file_format_has_its_extension() {
        let known = ["a.csv", "a.JSONL", "a.parquet"].map(|file| by_extension(Path::new(file)));
        assert!(known.iter().all(Option::is_some));
        assert_eq!(by_extension(Path::new("a.table")), None);
        assert_eq!(Format::value_variants().len(), known.len() + 1);
    }
}
