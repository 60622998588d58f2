//! The card for people.

use std::fmt::Write;

use super::{Card, CardRun};

/// Files that are listed; a folder of more says how many more there are.
const FILES_MAX: usize = 400;

/// The whole card.
pub fn of(card: &Card) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut text, card);
    text
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
    writeln!(out, "| train and validation | {} |", card.split)?;
    writeln!(out, "| holdout | {} |", card.holdout)?;
    writeln!(out, "\n## Known limits\n")?;
    for limit in &card.limits {
        writeln!(out, "- {limit}")?;
    }
    writeln!(out, "\n## Columns\n\n| column | type | empty | meaning |\n|---|---|---|---|")?;
    for column in &card.columns {
        let empty = if column.nullable { "may be" } else { "never" };
        let meaning = cell(column.meaning);
        writeln!(out, "| {} | {} | {empty} | {meaning} |", column.name, column.r#type)?;
    }
    for run in &card.runs {
        write_run(out, run)?;
    }
    writeln!(out, "\n## Shoppers\n")?;
    let people = &card.population;
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
    writeln!(out, "\n## Files\n\n| file | rows | bytes | SHA-256 |\n|---|---|---|---|")?;
    for file in card.files.iter().take(FILES_MAX) {
        let name = cell(&file.file.display().to_string());
        writeln!(out, "| {name} | {} | {} | {} |", file.rows, file.bytes, file.sha256)?;
    }
    if card.files.len() > FILES_MAX {
        let more = card.files.len() - FILES_MAX;
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
