//! The part of `cartload agents` that reads and writes the database.

use actors::domain::ids::AgentId;
use actors::ports::store::StoreError;
use chrono::{SubsecRound, Utc};
use store::admin::AgentFilter;
use store::{Admin, OpenStore};

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
    // A file is read before the database is touched: a broken one changes nothing.
    let how = reading(args)?;
    let from_file = args.file.as_deref().map(|file| judged(read_file(file, &how), args));
    let from_file = from_file.transpose()?;
    let is_postgres = settings.store.url.as_ref().is_some_and(DbUrl::is_postgres);
    if let Some(table) = args.from_table.clone().filter(|_| !is_postgres) {
        return Err(PersonaFileError::NoTables { table }.into());
    }
    with_admin(settings, async |admin| {
        let imported = match (from_file, &args.from_table) {
            (Some(imported), _) => imported,
            (None, Some(table)) => from_table(admin, table, args, &how).await?,
            (None, None) => {
                return Err(Failure::new(ExitCode::Unexpected, "name a file or --from-table"));
            }
        };
        let at = Utc::now().naive_utc().trunc_subsecs(6);
        let written = admin.insert_agents(imported.personas.clone(), args.replace, at).await?;
        let report = ImportReport::of(&imported, written);
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

async fn from_table(
    admin: &Admin,
    table: &str,
    args: &ImportArgs,
    how: &Reading,
) -> Result<Imported> {
    let rows = match admin.import_agents_from_table(table).await {
        Err(StoreError::Refused(cause)) if cause.contains("does not exist") => {
            return Err(PersonaFileError::NoTable { table: table.to_owned(), cause }.into());
        }
        answered => answered?,
    };
    Ok(judged(read_table(table, rows, how), args)?)
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
        let changed = admin.set_agent_status(agents, args.status).await?;
        output::data(&format!("{changed} agents are {}; from the next run on", args.status))?;
        Ok(ExitCode::Ok)
    })
}
