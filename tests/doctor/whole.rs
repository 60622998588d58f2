//! The default target, several mistakes at once, the machine, plan and population.

use std::fs;

use shops::practice_shop::{Faults, Habits};

use super::{SECRET_VARIABLE, Said, doctor, seen, shop};
use crate::support::agents_table::as_public_agents;
use crate::support::binary::Place;
use crate::support::postgres;

/// Without the ramp a shop is asked no more.
const REQUESTS_MAX: u64 = 60;

#[test]
fn the_default_target_is_fine_costs_few_requests_and_leaves_nothing() {
    let place = Place::new();
    for more in [&[][..], &["--order"]] {
        let said = Said::of(&doctor(&place, more).output().unwrap());
        said.ends_with(0);
        assert_eq!((said.all("WARN"), said.all("FAIL")), (vec![], vec![]), "{:#}", said.report);
        assert!((10..=REQUESTS_MAX).contains(&said.requests()), "{}", said.requests());
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0, "nothing was made");
        for area in ["machine", "database", "population", "shop", "plan"] {
            let is_of = |it: &String| it.starts_with(area);
            assert!(said.all("OK").iter().any(is_of), "{area}: {:#}", said.report);
        }
    }
    said_to_people(&place);
}

/// The same as lines.
fn said_to_people(place: &Place) {
    let (out, err) = place.expect(0, &["doctor"]);
    assert!(err.is_empty(), "{err}");
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with("OK    machine"), "{out}");
    assert!(lines.last().unwrap().starts_with("A run can begin."), "{out}");
    let is_a_line = |line: &&&str| line.starts_with("OK ") || line.starts_with("SKIP ");
    assert_eq!(lines.iter().filter(is_a_line).count(), lines.len() - 2, "{out}");
}

#[test]
fn all_mistakes_are_said_in_one_go_and_the_first_names_the_code() {
    let place = Place::new();
    fs::write(place.path().join("data"), "no folder").unwrap();
    let shop =
        shop(Faults { dev_tokens_rejected: true, ..Faults::default() }, Habits::default(), 0);
    let url = shop.base_url();
    let more = ["--auth", "dev", "--rate", "30", "--store-id", "none", "--agents", "5000"];
    let said = seen(&place, (&url, "voiceoffers"), &more);
    said.has("machine/data", "FAIL", "is not a folder", "--data");
    said.has("shop/stores", "FAIL", "no store none", "--store-id");
    said.has("shop/users", "FAIL", "none of 3 agents", "");
    said.has("shop/auth", "FAIL", "dev is not taken; jwt is taken too", "--auth jwt");
    said.has("plan/rate", "WARN", "it bears 20/s", "--rate 20");
    said.ends_with(3);
}

#[test]
fn no_secret_is_said_with_its_variable_and_the_rest_is_looked_at_all_the_same() {
    let (place, shop) = (Place::new(), shop(Faults::default(), Habits::default(), 0));
    let url = shop.base_url();
    let mut command = doctor(&place, &["--api", &url, "--profile", "voiceoffers"]);
    let said = Said::of(&command.env_remove(SECRET_VARIABLE).output().unwrap());
    said.has("shop/secret", "FAIL", "no secret", "set CARTLOAD_SHOP_JWT_SECRET to the server's");
    said.has("shop/probe", "OK", "answered well", "");
    said.has("shop/stores", "OK", "10 stores", "");
    said.has("shop/users", "SKIP", "no secret", "");
    said.has("plan/pace", "OK", "a busy cycle wants", "");
    said.ends_with(3);
}

#[test]
fn a_run_that_works_in_the_data_directory_is_told_and_not_disturbed() {
    let place = Place::new();
    let run = place.start(&["run", "--plain", "--time-scale", "max", "--rate", "20"]);
    place.wait_for("runs WHERE state = 'running'");
    let said = Said::of(&doctor(&place, &[]).output().unwrap());
    let pid = format!("process {} uses it", run.id());
    said.has("machine/data", "WARN", &pid, "--data DIR");
    said.ends_with(0);
    run.kill();
}

#[test]
fn a_plan_that_is_late_every_cycle_is_told_with_a_rate_and_a_scale_that_are_not() {
    let place = Place::new();
    let late = |more: &[&str]| Said::of(&doctor(&place, more).output().unwrap());
    let said = late(&["--rate", "12"]);
    said.has("plan/pace", "WARN", "s of 75 s at 12/s: late every busy cycle", "--time-scale ");
    said.ends_with(0);
    let is_pace = |finding: &&serde_json::Value| finding["check"] == "pace";
    let fix = said.findings().iter().find(is_pace).unwrap()["fix"].as_str().unwrap().to_owned();
    let number = |after: &str| {
        let text = fix.split_once(after).unwrap().1;
        text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect::<String>()
    };
    late(&["--rate", &number("--rate ")]).has("plan/pace", "OK", "a busy cycle", "");
    let scale = number("--time-scale ");
    late(&["--rate", "12", "--time-scale", &scale]).has("plan/pace", "OK", "a busy cycle", "");
}

#[test]
fn agents_that_prefer_what_is_not_sold_and_agents_that_are_all_inactive_are_told() {
    let place = Place::new();
    place.expect(0, &["agents", "generate", "--count", "30", "--categories", "Anvils,Rockets"]);
    let said = Said::of(&doctor(&place, &[]).output().unwrap());
    said.has("population/categories", "WARN", "the shop lacks 2 categories", "import personas");
    said.has("population/agents", "OK", "30 of 30 stored agents are active", "");
    said.ends_with(0);
    let said = Said::of(&doctor(&place, &["--agents", "31"]).output().unwrap());
    said.has("population/agents", "WARN", "and 31 are asked for", "--agents N");
    place.expect(0, &["agents", "set-status", "inactive", "--all"]);
    let said = Said::of(&doctor(&place, &[]).output().unwrap());
    said.has("population/agents", "FAIL", "0 of 30", "set-status active");
    said.ends_with(3);
}

#[tokio::test]
async fn an_agents_table_of_the_shop_that_an_import_would_refuse_is_told_with_the_reasons() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    let (table, refused) = as_public_agents();
    postgres::execute(port, &database, &table).await;
    let url = postgres::url(port, &database);
    let (place, shop) = (Place::new(), shop(Faults::default(), Habits::default(), 0));
    let said = seen(&place, (&shop.base_url(), "practice"), &["--db", &url]);
    let says = format!("{refused} of 372 rows of public.agents are refused: ");
    said.has("population/import", "WARN", &says, "--mapping FILE.ron");
    said.has("population/agents", "OK", "none are stored", "");
    let left = "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = 'cartload'";
    assert_eq!(postgres::lines(port, &database, left).await, ["0"]);
    // As the fix says.
    let mapping = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/voiceoffers-agents.ron");
    let import = ["agents", "import", "--db", &url, "--from-table", "public.agents"];
    place.expect(0, &[&import[..], &["--mapping", mapping]].concat());
    let said = seen(&place, (&shop.base_url(), "practice"), &["--db", &url]);
    said.has("population/agents", "OK", "stored agents are active", "");
    said.has("population/categories", "WARN", "First Aid (349), Vitamins (349)", "import personas");
}

#[test]
fn settings_that_no_run_takes_are_refused_as_a_run_refuses_them() {
    let place = Place::new();
    let output = doctor(&place, &["--rate", "0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    fs::write(place.path().join("my.ron"), "(format: 2)").unwrap();
    let said = seen(&place, ("http://127.0.0.1:1", "my.ron"), &[]);
    said.has("shop/setup", "FAIL", "my.ron", "config show");
    said.ends_with(3);
    let said = seen(&place, ("http://127.0.0.1:1", "practice"), &[]);
    said.has("shop/probe", "FAIL", "connection refused", "the shop is up");
    said.has("shop/users", "SKIP", "not reached", "");
    said.has("plan/pace", "OK", "", "");
    said.ends_with(5);
    assert!(!place.data().exists());
}
