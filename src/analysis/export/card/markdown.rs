//! The card for people.

use std::fmt::Write;

use super::facts::Population;
use super::whole::WholeCard;
use super::{Card, CardColumn, CardRun};
use crate::export::place::Written;

/// Files that are listed; a folder of more says how many more there are.
const FILES_MAX: usize = 400;

/// The whole card.
pub fn of(card: &Card) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut text, card);
    text
}

/// The card of many tables.
pub fn of_whole(card: &WholeCard) -> String {
    let mut text = String::new();
    let _ = write_whole(&mut text, card);
    text
}

fn write_whole(out: &mut String, card: &WholeCard) -> std::fmt::Result {
    writeln!(out, "# Data card: {} tables\n", card.tables.len())?;
    writeln!(out, "| | |\n|---|---|")?;
    writeln!(out, "| attempts | --replay {} |", card.replay)?;
    writeln!(out, "| format | {}, a folder a table |", card.format)?;
    writeln!(out, "| exported | {} UTC, cartload {} |", card.exported_at, card.cartload)?;
    write_splits(out, (card.split, card.time_split, card.holdout))?;
    write_limits(out, &card.limits)?;
    writeln!(out, "\n## Tables\n\n| table | rows | folders by | one row |\n|---|---|---|---|")?;
    for table in &card.tables {
        let folders = table.partitioned_by.join(", ");
        writeln!(out, "| {} | {} | {folders} | {} |", table.table, table.rows, table.about)?;
    }
    for table in &card.tables {
        writeln!(out, "\n## Table {}\n\nOne row: {}.", table.table, table.about)?;
        for limit in &table.limits {
            writeln!(out, "\n- {limit}")?;
        }
        write_columns(out, &table.columns)?;
    }
    for run in &card.runs {
        write_run(out, run)?;
    }
    write_people(out, &card.population)?;
    let files: Vec<&Written> = card.tables.iter().flat_map(|table| &table.files).collect();
    write_files(out, &files)
}

fn write(out: &mut String, card: &Card) -> std::fmt::Result {
    writeln!(out, "# Data card: {}\n", card.table)?;
    writeln!(out, "One row: {}.\n", card.about)?;
    writeln!(out, "| | |\n|---|---|")?;
    writeln!(out, "| rows | {}{} |", card.rows, if card.is_cut { ", cut by --limit" } else { "" })?;
    let share = card.replay_share.map_or("no rows".to_owned(), |s| format!("{:.2} %", s * 100.0));
    writeln!(out, "| of replays | {} ({share}) |", card.replay_rows)?;
    writeln!(out, "| attempts | --replay {} |", card.replay)?;
    let filters = if card.filters.is_empty() { "none".to_owned() } else { card.filters.join("; ") };
    writeln!(out, "| other filters | {} |", cell(&filters))?;
    writeln!(out, "| format | {} |", card.format)?;
    if !card.partitioned_by.is_empty() {
        writeln!(out, "| folders by | {} |", card.partitioned_by.join(", "))?;
    }
    writeln!(out, "| exported | {} UTC, cartload {} |", card.exported_at, card.cartload)?;
    write_splits(out, (card.split, card.time_split, card.holdout))?;
    write_limits(out, &card.limits)?;
    writeln!(out, "\n## Columns")?;
    write_columns(out, &card.columns)?;
    for run in &card.runs {
        write_run(out, run)?;
    }
    write_people(out, &card.population)?;
    write_files(out, &card.files.iter().collect::<Vec<_>>())
}

fn write_splits(
    out: &mut String,
    (split, time_split, holdout): (&str, &str, &str),
) -> std::fmt::Result {
    writeln!(out, "| train and validation | {split} |")?;
    writeln!(out, "| train, gap and test | {time_split} |")?;
    writeln!(out, "| holdout | {holdout} |")
}

fn write_limits(out: &mut String, limits: &[String]) -> std::fmt::Result {
    writeln!(out, "\n## Known limits\n")?;
    for limit in limits {
        writeln!(out, "- {limit}")?;
    }
    Ok(())
}

fn write_columns(out: &mut String, columns: &[CardColumn]) -> std::fmt::Result {
    writeln!(out, "\n| column | type | empty | meaning |\n|---|---|---|---|")?;
    for column in columns {
        let empty = if column.nullable { "may be" } else { "never" };
        let meaning = cell(column.meaning);
        writeln!(out, "| {} | {} | {empty} | {meaning} |", column.name, column.r#type)?;
    }
    Ok(())
}

fn write_people(out: &mut String, people: &Population) -> std::fmt::Result {
    writeln!(out, "\n## Shoppers\n")?;
    let amount = |cents: Option<f64>| cents.map_or("-".to_owned(), |c| format!("{:.2}", c / 100.0));
    writeln!(
        out,
        "{} active at the time of the export; mean weekly budget {}, mean cart {}.\n",
        people.active,
        amount(people.mean_weekly_budget_cents),
        amount(people.mean_cart_value_cents)
    )?;
    for (column, words) in &people.by {
        let words: Vec<String> = words.iter().map(|(word, n)| format!("{word} {n}")).collect();
        writeln!(out, "- {column}: {}", words.join(", "))?;
    }
    Ok(())
}

fn write_files(out: &mut String, files: &[&Written]) -> std::fmt::Result {
    writeln!(out, "\n## Files\n\n| file | rows | bytes | SHA-256 |\n|---|---|---|---|")?;
    for file in files.iter().take(FILES_MAX) {
        let name = cell(&file.file.display().to_string());
        writeln!(out, "| {name} | {} | {} | {} |", file.rows, file.bytes, file.sha256)?;
    }
    if files.len() > FILES_MAX {
        let more = files.len() - FILES_MAX;
        writeln!(out, "\n{more} more files stand in the JSON card.")?;
    }
    Ok(())
}

fn write_run(out: &mut String, run: &CardRun) -> std::fmt::Result {
    writeln!(out, "\n## Run {}\n\n| | |\n|---|---|", run.run_id)?;
    writeln!(out, "| state | {} |", run.state)?;
    let ended = run.ended_at.map_or("not ended".to_owned(), |at| format!("ended {at}"));
    writeln!(out, "| wall clock | started {}, {ended} (UTC) |", run.started_at)?;
    writeln!(out, "| simulated | {} to {} |", run.simulated_start, run.simulated_until)?;
    let dates = &run.time_split;
    let whose = if dates.is_named { "as named" } else { "of its own days" };
    writeln!(
        out,
        "| train, gap and test | train before {}, test from {} on, {whose} |",
        dates.train_until, dates.test_from
    )?;
    writeln!(out, "| hours that count | {} |", run.cycles)?;
    writeln!(out, "| shoppers at its start | {} |", run.agents)?;
    writeln!(out, "| preset | {} |", cell(&run.preset))?;
    let attempts = &run.attempts;
    writeln!(
        out,
        "| attempts | {}, of them {} broken, {} replays |",
        attempts.attempts, attempts.broken, attempts.replays
    )?;
    writeln!(
        out,
        "| visits in all attempts | {}, of them {} in replays |",
        attempts.visits, attempts.replayed_visits
    )?;
    writeln!(out, "| orders | {} |", run.orders.says())?;
    if !run.replays.is_empty() {
        writeln!(out)?;
        for replay in &run.replays {
            writeln!(out, "- {replay}")?;
        }
    }
    writeln!(out, "\nRealism, of the whole run's canonical rows:\n")?;
    for dimension in &run.realism {
        writeln!(out, "- {}", dimension.line())?;
    }
    let settings = serde_json::to_string_pretty(&run.settings).unwrap_or_default();
    writeln!(out, "\nSettings:\n\n```json\n{settings}\n```")
}

/// Text inside a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}
