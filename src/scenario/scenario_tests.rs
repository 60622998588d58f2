//! Scenario files: those in the binary are right, and a mistake is named by its place.

use actors::coordinator::agenda::Moment;
use actors::domain::cycle::Cycle;

use super::expectation::Expectation;
use super::*;

fn parse(text: &str) -> Result<Scenario, ScenarioError> {
    Scenario::parse(Path::new("drill.ron"), text)
}

#[test]
fn every_scenario_in_the_binary_is_read_and_says_what_it_shows() {
    for name in Scenario::builtin_names() {
        let scenario = Scenario::resolve(name).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(scenario.name, name);
        assert!(!scenario.about.is_empty());
    }
}

#[test]
fn a_file_says_settings_steps_and_what_must_be_seen() {
    let text = "(about: \"x\", settings: (time: (cycles: 5)), limit_s: 9, steps: [
        (at: Tick(3), do: [Session(4, Break(for_s: 30))], refused: [Coordinator(Resume)]),
        (expect: [State(running), Session(4, down), Orders(at_least: 2)], within: Cycles(2)),
    ])";
    let scenario = parse(text).unwrap();
    assert_eq!((scenario.name.as_str(), scenario.limit_s), ("drill", 9));
    assert_eq!(scenario.settings.layer.time.cycles, Some(Some(5)));
    let [first, second] = &scenario.steps[..] else { panic!("two steps") };
    assert_eq!(first.at, Some(Moment::Tick(Cycle(3))));
    let refused: Vec<bool> = first.deeds.iter().map(|deed| deed.is_refused).collect();
    assert_eq!(refused, [false, true]);
    assert_eq!(second.to_string(), "then, within 2 cycles");
    let expected: Vec<String> = second.expect.iter().map(Expectation::to_string).collect();
    assert_eq!(expected, ["state running", "HTTP session 4 down", "orders: at least 2"]);
}

#[test]
fn a_mistake_is_named_by_file_place_key_and_with_what_is_allowed() {
    let steps = |steps: &str| format!("(about: \"x\", steps: [\n{steps}\n])");
    for (text, parts) in [
        (steps("(at: Tik(3), expect: [])"), &["drill.ron:2:", "Tik", "`Tick`", "`End`"][..]),
        (steps("(expect: [Stat(running)])"), &["2:11", "expect", "Stat", "`State`", "`Orders`"]),
        (steps("(expect: [State(runing)])"), &["2:", "runing", "`running`"]),
        (steps("(expect: [Orders(at_last: 2)])"), &["2:", "at_last", "`at_least`"]),
        (steps("(expect: [Orders()])"), &["2:", "at_least, at_most"]),
        (steps("(expect: [Orders(at_least: 3, at_most: 2)])"), &["above at_most"]),
        (steps("(expect: [Orders(at_least: 3, exactly: 2)])"), &["stands alone"]),
        (steps("(expect: [Session(10, up)])"), &["2:", "they are 0 to 9"]),
        (steps("(do: [Agnet(\"a\", Crash)])"), &["2:", "Agnet", "`Agent`"]),
        (steps("(do: [Shop(Fault(capacity: 0))], expect: [])"), &["capacity", "blackhole"]),
        (steps("(expects: [])"), &["2:", "expects", "`expect`"]),
        (steps("()"), &["2:", "does nothing"]),
        (steps("(do: [Shop(Heal)], within: Cycles(1))"), &["there is none"]),
        (steps("(expect: [State(frozen)], within: Cycles(0))"), &["1 to 86400"]),
        (
            steps("(expect: [State(frozen)], within: Cycles(1), hold: Seconds(1))"),
            &["2:", "exclude each other"],
        ),
        (
            steps("(at: End(3), expect: [State(frozen)]),\n(at: Tick(3), do: [Shop(Heal)])"),
            &["3:", "step 2 is at the tick of cycle 3", "the end of cycle 3"],
        ),
        (steps("(do: [Shop(Heal)])"), &["nothing could fail"]),
        (steps("(do: [Shop(Heal), Shop(Heal), Shop(Heal), Shop(Heal), Shop(Heal)])"), &["4 mes"]),
        ("(about: \"x\", limit_s: 0, steps: [])".to_owned(), &["1:", "limit_s", "1 to 86400"]),
        (
            "(about: \"x\", settings: (time: (cycles: \"ten\")), steps: [])".to_owned(),
            &["1:", "settings.time.cycles", "1 to 1000000"],
        ),
        ("(steps: [])".to_owned(), &["drill.ron:1:"]),
        (String::new(), &["drill.ron:1:1"]),
    ] {
        let error = parse(&text).unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "`{part}` is not in `{error}` of\n{text}");
        }
    }
}

#[test]
fn a_name_that_is_none_is_told_which_there_are_and_a_file_that_is_none_what_is_wrong() {
    let error = Scenario::resolve("outages").unwrap_err().to_string();
    assert!(error.contains("outage_and_recovery") && error.contains("./mine.ron"), "{error}");
    let error = Scenario::resolve("./nowhere.ron").unwrap_err().to_string();
    assert!(error.contains("./nowhere.ron"), "{error}");
}

#[test]
fn the_manual_names_everything_that_may_be_expected() {
    let manual = include_str!("../../docs/scenarios.md");
    for name in Expectation::NAMES {
        assert!(manual.contains(&format!("`{name}(")), "{name}");
    }
}
