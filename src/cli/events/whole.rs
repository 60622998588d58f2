//! `cartload events --all`: every table into one folder, told table by table.

use analysis::export::WholeCard;
use analysis::export::whole::{WholeExport, WholeProgress, export_all};
use indicatif::ProgressBar;
use serde_json::json;
use store::Admin;

use super::{EventsArgs, bar, runs, show};
use crate::cli::{ExitCode, Result, output};

/// Does it.
pub async fn read(admin: &Admin, args: &EventsArgs, request: &WholeExport) -> Result {
    let runs = runs(admin, args, true).await?;
    let bar = bar(args);
    let exported = export_all(admin, &runs, request, |at| show_table(&bar, at)).await;
    bar.finish_and_clear();
    let card = exported?;
    if args.json {
        output::data(&format!("{}\n", summary(request, &card)))?;
    }
    output::message(&format!(
        "{} rows of {} tables, {} bytes in {}, with a data card",
        card.rows(),
        card.tables.len(),
        card.bytes(),
        request.folder.display()
    ));
    Ok(ExitCode::Ok)
}

fn show_table(bar: &ProgressBar, at: WholeProgress) {
    show(bar, at.of_table);
    let WholeProgress { table, number, tables, of_table } = at;
    bar.set_message(format!("{number}/{tables} {table}: {} rows", of_table.rows));
}

/// What a script asks for next: which tables there are, where, and how much is in them.
fn summary(request: &WholeExport, card: &WholeCard) -> serde_json::Value {
    let tables = card.tables.iter().map(|table| {
        json!({
            "table": table.table,
            "folder": request.folder.join(table.table),
            "rows": table.rows,
            "bytes": table.files.iter().map(|file| file.bytes).sum::<u64>(),
            "files": table.files.len(),
        })
    });
    let runs = card.runs.iter().map(|run| json!({ "run_id": run.run_id, "state": run.state }));
    json!({
        "folder": request.folder,
        "rows": card.rows(),
        "bytes": card.bytes(),
        "tables": tables.collect::<Vec<_>>(),
        "runs": runs.collect::<Vec<_>>(),
    })
}
