//! The part of `cartload agents` that reads and writes the database.

use std::path::Path;

use actors::domain::ids::AgentId;
use actors::ports::store::StoreError;
use chrono::{SubsecRound, Utc};
use store::admin::AgentFilter;
use store::{Admin, OpenStore, TableError};
use text::bounded_file::{self, SECRET_BYTES_MAX};

use super::{GenerateArgs, ImportArgs, ListArgs, SetStatusArgs, json_of, judged, reading, text_of};
use crate::cli::{ExitCode, Failure, Result, output};
use crate::config::Settings;
use crate::config::db_url::DbUrl;
use crate::data_dir::DataDir;
use crate::personas::files::read_table;
use crate::personas::rejected::ImportReport;
use crate::personas::{Imported, PersonaFileError, Reading, read_file};
use crate::{database, presets};

/// Runs `work` on the open database and closes it.
fn with_admin<T>(settings: &Settings, work: impl AsyncFnOnce(&Admin) -> Result<T>) -> Result<T> {
    let data = DataDir::open(&settings.store.data_dir)?;
    actix_rt::System::new().block_on(async {
        let OpenStore { admin, .. } = database::open(settings, &data).await?;
        let outcome = work(&admin).await;
        admin.close().await;
        outcome
    })
}

/// `agents generate`.
pub fn generate(settings: &Settings, args: &GenerateArgs) -> Result {
    let personas = presets::personas(args.count, &args.categories, &mut rand::rng())?;
    with_admin(settings, async |admin| {
        let there = admin.count_agents(None).await?;
        if there > 0 && !args.replace {
            let text = format!("there are {there} agents already; --replace puts others in place");
            return Err(Failure::new(ExitCode::Config, text));
        }
        let at = Utc::now().naive_utc().trunc_subsecs(6);
        let written = admin.insert_agents(personas, args.replace, at).await?;
        output::data(&format!("{written} agents generated"))?;
        Ok(ExitCode::Ok)
    })
}

/// `agents import`.
pub fn import(settings: &Settings, args: &ImportArgs) -> Result {
    if args.rejected.as_deref().is_some_and(|file| file.as_os_str() == output::STDOUT) {
        let text = "--rejected -: name a file; --json prints the broken rows on stdout";
        return Err(Failure::new(ExitCode::Usage, text));
    }
    // A source is read before the database is touched: a broken one changes nothing.
    let how = reading(args)?;
    let is_postgres = settings.store.url.as_ref().is_some_and(DbUrl::is_postgres);
    let imported = match (&args.file, &args.from_table, &args.from, &args.table) {
        (Some(file), ..) => judged(read_file(file, &how), args)?,
        (None, Some(table), ..) if !is_postgres => {
            return Err(PersonaFileError::NoTables { table: table.clone() }.into());
        }
        (None, Some(table), ..) => {
            let url = settings.store.url.as_ref().map_or("", DbUrl::expose);
            from_table(settings, url, ("--from-table", table), args, &how)?
        }
        (None, None, Some(from), Some(table)) => {
            let url = source_url(from)?;
            from_table(settings, url.expose(), ("--table", table), args, &how)?
        }
        (None, None, ..) => {
            return Err(Failure::new(ExitCode::Unexpected, "name a file or --from-table"));
        }
    };
    if args.dry_run {
        return dry_run(&imported, args);
    }
    with_admin(settings, async |admin| {
        let at = Utc::now().naive_utc().trunc_subsecs(6);
        let written = admin.insert_agents(imported.personas.clone(), args.replace, at).await?;
        let report = ImportReport::of(&imported, Some(written));
        if args.json {
            output::data(&serde_json::to_string_pretty(&report)?)?;
            return Ok(ExitCode::Ok);
        }
        let (there, skipped) = (report.already_there, report.rejected.len());
        output::data(&format!(
            "{written} agents imported, {there} were there already, {skipped} rows skipped"
        ))?;
        Ok(ExitCode::Ok)
    })
}

/// What an import would do, each changed value a line.
fn dry_run(imported: &Imported, args: &ImportArgs) -> Result {
    let report = ImportReport::of(imported, None);
    if args.json {
        output::data(&serde_json::to_string_pretty(&report)?)?;
    } else {
        let mut lines: Vec<String> = imported.changes.iter().map(ToString::to_string).collect();
        let (fit, rows) = (report.imported, report.rows);
        lines.push(format!("{fit} of {rows} rows fit; nothing was written"));
        output::data(&lines.join("\n"))?;
    }
    let is_refused = !report.rejected.is_empty() && !args.skip_bad;
    Ok(if is_refused { ExitCode::Config } else { ExitCode::Ok })
}

/// The URL of `--from`, which may stand in a file.
fn source_url(from: &str) -> Result<DbUrl> {
    let text = match from.strip_prefix('@') {
        None => from.to_owned(),
        Some(file) => bounded_file::text(Path::new(file), SECRET_BYTES_MAX)
            .map_err(Failure::during(ExitCode::Usage, format!("--from @{file}")))?,
    };
    let url = DbUrl::parse(text.trim()).filter(DbUrl::is_postgres);
    let url = url.ok_or_else(|| {
        Failure::new(
            ExitCode::Usage,
            "--from: allowed is a postgres:// URL, or @FILE with one in it",
        )
    })?;
    if url.has_password() && !from.starts_with('@') {
        output::message(
            "warning: a password on the command line can be read by other users of this machine; \
             put the URL into a file and say --from @FILE",
        );
    }
    Ok(url)
}

/// The personas of a table of the database at `url`.
fn from_table(
    settings: &Settings,
    url: &str,
    (asked, table): (&'static str, &str),
    args: &ImportArgs,
    how: &Reading,
) -> Result<Imported> {
    let rows = actix_rt::System::new().block_on(database::table(settings, url, table));
    let rows = match rows {
        Err(TableError::Read(StoreError::Refused(cause))) if cause.contains("does not exist") => {
            let table = table.to_owned();
            return Err(PersonaFileError::NoTable { asked, table, cause }.into());
        }
        answered => answered?,
    };
    judged(read_table(table, rows, how), args).map_err(Failure::from)
}

/// `agents list`.
pub fn list(settings: &Settings, args: &ListArgs) -> Result {
    let filter = AgentFilter { status: args.status, cohort: None };
    let personas = with_admin(settings, async |admin| Ok(admin.list_agents(filter).await?))?;
    output::data(&if args.json { json_of(&personas)? } else { text_of(&personas) })?;
    Ok(ExitCode::Ok)
}

/// `agents set-status`.
pub fn set_status(settings: &Settings, args: &SetStatusArgs) -> Result {
    with_admin(settings, async |admin| {
        let known: Vec<AgentId> = admin
            .list_agents(AgentFilter::default())
            .await?
            .into_iter()
            .map(|persona| persona.agent_id)
            .collect();
        let agents: Vec<AgentId> = if args.all {
            known
        } else {
            let named: Vec<AgentId> = args.agents.iter().map(AgentId::new).collect();
            if let Some(unknown) = named.iter().find(|agent| !known.contains(agent)) {
                // Before anything is written: a misspelt name changes nobody.
                let text = format!("there is no agent {unknown}; nothing was changed");
                return Err(Failure::new(ExitCode::Config, text));
            }
            named
        };
        let changed = admin.set_agent_status(agents, args.status, Utc::now().naive_utc()).await?;
        output::data(&format!("{changed} agents are {}; from the next run on", args.status))?;
        Ok(ExitCode::Ok)
    })
}
