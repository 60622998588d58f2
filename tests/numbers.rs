//! Every reader shows the same numbers: the dashboard, `ctl status --json`, `/metrics`, the page
//! and the database.
//!
//! A reader is a function that answers [`Numbers`]; one more reader is one more line in the test.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use actors::coordinator::messages::StartRun;
use actors::coordinator::status::RunStatus;
use actors::session_pool::request_meter::SharedMeter;
use actors::topology::{self, Layout};
use cartload::config::secret::Secret;
use cartload::control::{ControlSocket, Desk};
use cartload::dashboard::look::Look;
use cartload::dashboard::state::State;
use cartload::dashboard::view;
use cartload::data_dir::DataDir;
use cartload::web::{self, LiveRun, Reading, Token, WebConfig};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::Value;

use crate::support::browser::Browser;
use crate::support::real_run;
use crate::support::served::{Client, TOKEN};
use crate::support::whole_run::{Rows, mock_shop, plan, ports, watch_to_end};
use crate::web::exposition::parse;

/// What a reader shows, by what it is.
type Numbers = BTreeMap<&'static str, f64>;

/// What each reader must show.
const OF_ALL: [&str; 11] = [
    "orders",
    "revenue",
    "events",
    "completed",
    "abandoned",
    "browsed",
    "idle",
    "failed",
    "cycles",
    "released",
    "requests",
];

#[actix::test]
async fn every_reader_shows_the_same_numbers_at_the_end_of_a_run() {
    let directory = tempfile::tempdir().unwrap();
    let (store, admin) = real_run::sqlite(directory.path(), 372).await;
    let meter = SharedMeter::default();
    let (shop, traits) = mock_shop(&meter);
    let (ports, _checkpoints) = ports(shop, meter, store);
    let running =
        topology::start(plan(traits, &[("CARTLOAD_CYCLES", "6")]), ports, Layout::OneThread);
    let web = web::start(WebConfig {
        addr: ([127, 0, 0, 1], 0).into(),
        token: Token::of(&Secret::from(TOKEN.to_owned())),
        reading: Reading::Open,
        hosts: Vec::new(),
    })
    .unwrap();
    let (status, coordinator) = (running.status.clone(), running.coordinator.clone());
    let commands = coordinator.clone().recipient();
    web.connect(LiveRun { status: status.clone(), commands: commands.clone() });
    let data = DataDir::open(directory.path()).unwrap();
    let inject = coordinator.clone().recipient();
    let desk = Desk { operate: commands, inject, status, faults: None };
    let control = ControlSocket::open(&data, desk).unwrap();
    coordinator.send(StartRun).await.unwrap().unwrap();
    let finished = watch_to_end(running).await;

    let client = Client { port: web.addr().port() };
    let json = client.get("/api/status").json();
    assert_eq!(json, serde_json::to_value(&finished.status).unwrap(), "one picture");
    let said = ctl_status(directory.path().to_path_buf()).await;
    assert_eq!(said, json, "the same over the socket");
    let rows = Rows { admin: &admin, run: finished.status.run_id };
    let database = of_database(&rows).await;
    assert!(database["orders"] > 100.0, "{database:?}");
    let mut readers = vec![
        ("ctl status --json", of_json(&said)),
        ("/metrics", of_metrics(&client)),
        ("dashboard", of_dashboard(&finished.status)),
    ];
    if let Some(browser) = Browser::open() {
        browser.go(&format!("http://{}", web.addr()));
        browser.wait("document.body.dataset.state === 'completed'");
        readers.push(("page", of_page(&browser)));
    }
    for (reader, numbers) in &readers {
        for what in OF_ALL {
            let shown = numbers.get(what).copied();
            assert_eq!(shown, Some(database[what]), "{what}: {reader} against the database");
        }
    }
    web.stop().await;
    control.close().await;
    admin.close().await;
}

/// What the binary says of the run that works in this data directory.
async fn ctl_status(data: PathBuf) -> Value {
    let mut ctl = Command::new(env!("CARGO_BIN_EXE_cartload"));
    ctl.args(["ctl", "status", "--json", "--data"]).arg(data);
    // The socket is served by this thread meanwhile.
    let output = tokio::task::spawn_blocking(move || ctl.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn of_database(rows: &Rows<'_>) -> Numbers {
    let mut numbers = Numbers::new();
    for (what, sql) in [
        ("orders", "COUNT(*) FROM orders"),
        ("events", "COUNT(*) FROM shopping_session_events"),
        ("completed", "COUNT(*) FROM shopping_sessions WHERE status = 'completed'"),
        ("abandoned", "COUNT(*) FROM shopping_sessions WHERE status = 'abandoned'"),
        ("browsed", "COUNT(*) FROM shopping_sessions WHERE status = 'browsed'"),
        ("failed", "COUNT(*) FROM shopping_sessions WHERE status = 'failed'"),
        ("idle", "SUM(idle) FROM cycles"),
        ("cycles", "COUNT(*) FROM cycles"),
        ("released", "SUM(released) FROM cycles"),
        ("requests", "SUM(requests) FROM cycles"),
    ] {
        numbers.insert(what, rows.number(sql).await as f64);
    }
    let cents = rows.number("SUM(final_total_cents) FROM orders").await;
    numbers.insert("revenue", cents as f64 / 100.0);
    numbers
}

fn of_json(status: &Value) -> Numbers {
    let totals = &status["totals"];
    let number = |value: &Value| value.as_f64().unwrap();
    let (counts, volume) = (&totals["counts"], &totals["volume"]);
    let mut numbers: Numbers = ["completed", "abandoned", "browsed", "idle", "failed", "released"]
        .map(|what| (what, number(&counts[what])))
        .into();
    numbers.extend(["orders", "events", "requests"].map(|what| (what, number(&volume[what]))));
    numbers.insert("revenue", number(&volume["revenue_cents"]) / 100.0);
    numbers.insert("cycles", number(&totals["cycles_completed"]));
    numbers
}

/// As a frame of 120 x 40 shows it.
fn of_dashboard(status: &RunStatus) -> Numbers {
    let state = State::new(status.clone(), Instant::now());
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
    let look = Look { colours: false, ascii: true };
    terminal.draw(|frame| view::draw(frame, &state, look)).unwrap();
    // Each row stands in quotes.
    let text = terminal.backend().to_string().replace('"', " ");
    let (_, totals) = text.split_once("- Sessions in ").unwrap();
    let (totals, _) = totals.split_once("- Health ").unwrap();
    let words: Vec<&str> = totals.split_whitespace().collect();
    let shown = |label: &str| {
        let at = words.iter().position(|word| *word == label).unwrap_or_else(|| panic!("{label}"));
        // A number that should be 0 and is not has a mark before it.
        let number = words[at + 1..].iter().find(|word| word.starts_with(|c: char| c.is_numeric()));
        number.unwrap().replace(',', "").parse::<f64>().unwrap_or_else(|e| panic!("{label}: {e}"))
    };
    let mut numbers: Numbers = OF_ALL
        .into_iter()
        .filter(|what| *what != "cycles")
        .map(|what| (what, shown(what)))
        .collect();
    numbers.insert("cycles", words[0].parse().unwrap());
    numbers
}

fn of_metrics(client: &Client) -> Numbers {
    let families = parse(&client.get("/metrics").body);
    let value = |name: &str, label: &str| {
        let mut samples = families[name].samples.iter();
        let is_it = |labels: &BTreeMap<String, String>| {
            label.is_empty() || labels.values().any(|value| value == label)
        };
        samples.find(|(_, labels, _)| is_it(labels)).unwrap().2
    };
    let mut numbers: Numbers = ["completed", "abandoned", "browsed", "idle", "failed"]
        .map(|outcome| (outcome, value("cartload_agent_cycles_total", outcome)))
        .into();
    numbers.extend([
        ("orders", value("cartload_orders_total", "")),
        ("revenue", value("cartload_revenue_total", "")),
        ("events", value("cartload_events_total", "")),
        ("cycles", value("cartload_cycles_total", "completed")),
        ("released", value("cartload_agents_released_total", "")),
        ("requests", value("cartload_cycle_requests_total", "")),
    ]);
    numbers
}

fn of_page(browser: &Browser) -> Numbers {
    let shown = |name: &str| browser.number(&format!("[data-f=\"{name}\"]"));
    let in_text = |name: &str, word: &str| {
        let text = browser.text(&format!("[data-f=\"{name}\"]"));
        let parts: Vec<&str> = text.split([' ', ',']).filter(|part| !part.is_empty()).collect();
        // The page groups digits by commas, which the split above has taken.
        let at = parts.iter().position(|part| *part == word).unwrap();
        let digits = parts[..at].iter().rev().take_while(|p| p.bytes().all(|b| b.is_ascii_digit()));
        let digits: Vec<&str> = digits.copied().collect();
        digits.into_iter().rev().collect::<String>().parse::<f64>().unwrap()
    };
    let (abandoned, browsed) = (in_text("flows_sub", "abandoned"), in_text("flows_sub", "browsed"));
    let (idle, failed) = (in_text("failed_sub", "idle"), shown("failed_total"));
    let completed = shown("flows") - abandoned - browsed;
    let skipped = in_text("failed_sub", "skipped");
    Numbers::from([
        ("orders", shown("orders")),
        ("revenue", shown("revenue")),
        ("events", shown("events")),
        ("completed", completed),
        ("abandoned", abandoned),
        ("browsed", browsed),
        ("idle", idle),
        ("failed", failed),
        ("cycles", shown("cycles_completed")),
        ("released", completed + abandoned + browsed + idle + failed + skipped),
        ("requests", shown("requests_closed")),
    ])
}
