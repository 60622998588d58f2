//! `cartload profile init`: a draft of a profile, from an OpenAPI document in a file or at a URL.

use std::path::{Path, PathBuf};
use std::time::Duration;

use analysis::export::{must_be_free, write_file};
use awc::Connector;
use awc::error::PayloadError;
use awc::http::Uri;
use clap::Args;
use serde_json::json;
use shops::shop_api::profile::draft::{self, Draft, source};
use shops::{address, trust};
use text::bounded_file;

use crate::cli::{ExitCode, Failure, Result, output};

pub(super) const EXAMPLES: &str = "\
Examples:
  cartload profile init --openapi openapi.json > my.ron
  cartload profile init --openapi https://shop.example/openapi.json --output my.ron
  cartload profile init --openapi openapi.yaml --json | jq .missing
  cartload profile check my.ron              what is still missing, by key

Reads OpenAPI 3.0, 3.1 and Swagger 2.0, as JSON or YAML. What it could not find is marked `// ?`.";

/// Bytes of a document: the largest public ones have about 10 MB.
const DOCUMENT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Connecting, at most.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// The whole document, at most.
const FETCH_MAX: Duration = Duration::from_secs(30);
/// Redirects that are followed.
const REDIRECTS_MAX: u8 = 5;
/// Missing things that are named on stderr.
const MISSING_NAMED_MAX: usize = 12;

/// Begin a profile from an OpenAPI document.
#[derive(Clone, Debug, Args)]
pub(super) struct InitArgs {
    /// The document: a file, or where it is
    #[arg(long, value_name = "FILE|URL")]
    openapi: String,
    /// Where the draft goes [default: stdout]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long, requires = "output")]
    force: bool,
    /// Print one JSON object: profile, mapped, missing
    #[arg(long)]
    json: bool,
}

/// Does it.
pub(super) fn execute(args: &InitArgs) -> Result {
    let file = args.output.as_deref().filter(|path| path.as_os_str() != output::STDOUT);
    if let Some(path) = file {
        must_be_free(path, args.force)?;
    }
    let (text, from) = match Place::of(&args.openapi) {
        Place::File(path) => {
            let read = bounded_file::text(path, DOCUMENT_BYTES_MAX as u64);
            let refused =
                |unread| Failure::new(ExitCode::Config, format!("{}: {unread}", path.display()));
            (read.map_err(refused)?, None)
        }
        Place::Url(url) => fetched(url)?,
    };
    let problem =
        |problem: String| Failure::new(ExitCode::Config, format!("{}: {problem}", args.openapi));
    let document = source::read(&text).map_err(|error| problem(error.to_string()))?;
    let draft = draft::draft(&document, from.as_deref());
    let draft = draft.map_err(|error| problem(error.to_string()))?;
    if let Some(path) = file {
        write_file(path, args.force, &draft.profile)?;
    }
    match (args.json, file) {
        (true, _) => {
            let Draft { profile, mapped, missing, .. } = &draft;
            let report = json!({ "profile": profile, "mapped": mapped, "missing": missing });
            output::data(&report.to_string())?;
        }
        (false, None) => output::data(draft.profile.trim_end())?,
        (false, Some(_)) => {}
    }
    output::message(&summary(&draft, file));
    Ok(ExitCode::Ok)
}

/// What was found and what was not, on one line.
fn summary(draft: &Draft, file: Option<&Path>) -> String {
    let place = file.map(|path| format!("{}: ", path.display())).unwrap_or_default();
    let (mapped, steps) = (draft.mapped.len(), draft.steps);
    let named: Vec<&str> =
        draft.missing.iter().take(MISSING_NAMED_MAX).map(String::as_str).collect();
    let missing = match draft.missing.len().checked_sub(named.len()) {
        _ if named.is_empty() => "nothing that it looks for is missing".to_owned(),
        Some(more @ 1..) => format!("missing: {} and {more} more", named.join(", ")),
        Some(0) | None => format!("missing: {}", named.join(", ")),
    };
    format!("{place}mapped {mapped} of {steps} steps; {missing}")
}

/// Where a document is.
enum Place<'a> {
    File(&'a Path),
    Url(&'a str),
}

impl<'a> Place<'a> {
    fn of(named: &'a str) -> Self {
        let is_url = named.starts_with("https://") || named.starts_with("http://");
        if is_url { Self::Url(named) } else { Self::File(Path::new(named)) }
    }
}

/// The document at `url`, and the address of its server.
fn fetched(url: &str) -> Result<(String, Option<String>)> {
    let refused = |problem: &str| Failure::new(ExitCode::Usage, format!("--openapi: {problem}"));
    let uri: Uri = url.parse().map_err(|_| refused("it is no URL"))?;
    let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
    if authority.contains('@') {
        return Err(refused("it names a user, who would be seen by all; save the document first"));
    }
    address::port(&uri).map_err(|_| refused("its port is none of 1 to 65535"))?;
    let failed = |problem: String| {
        let hint = "save the document and give the file, if it is not there for everyone";
        Failure::new(ExitCode::Shop, format!("{url}: {problem}; {hint}"))
    };
    let body = actix_rt::System::new().block_on(async {
        let got = tokio::time::timeout(FETCH_MAX, get(&uri)).await;
        got.unwrap_or_else(|_| Err(format!("no whole answer in {} s", FETCH_MAX.as_secs())))
    });
    let text = String::from_utf8(body.map_err(failed)?);
    let text = text.map_err(|_| failed("the answer is not UTF-8".to_owned()))?;
    let from = format!("{}://{authority}", uri.scheme_str().unwrap_or("https"));
    let is_safe = from.starts_with("https://")
        || ["http://localhost", "http://127.0.0.1"].iter().any(|here| from.starts_with(here));
    Ok((text.trim_start_matches('\u{feff}').to_owned(), is_safe.then_some(from)))
}

async fn get(uri: &Uri) -> Result<Vec<u8>, String> {
    let tls = trust::client_config(None).map_err(|error| error.to_string())?;
    let connector = Connector::new().timeout(CONNECT_MAX).handshake_timeout(CONNECT_MAX);
    let client = awc::Client::builder()
        .connector(connector.rustls_0_23(tls))
        .timeout(FETCH_MAX)
        .max_redirects(REDIRECTS_MAX)
        .add_default_header(("User-Agent", concat!("cartload/", env!("CARGO_PKG_VERSION"))))
        .add_default_header(("Accept", "application/json, application/yaml, */*;q=0.5"))
        .finish();
    let sent = client.get(uri.clone()).send().await;
    let mut answer = sent.map_err(|error| error.to_string())?;
    let status = answer.status();
    if !status.is_success() {
        return Err(format!("it answered {status}"));
    }
    let body = answer.body().limit(DOCUMENT_BYTES_MAX).await;
    let refused = |error| {
        if matches!(error, PayloadError::Overflow) {
            return format!("it has more than {DOCUMENT_BYTES_MAX} bytes");
        }
        error.to_string()
    };
    Ok(body.map_err(refused)?.to_vec())
}
