//! The statements that mark a shop's rows as simulated, made from what the shop's tables have. They
//! touch only rows that bear the id of one of cartload's flows, and a second time nothing at all.
//! Text alone: nothing is asked here.

use std::collections::BTreeMap;

use super::names::{ShopNames, identifier, literal};

/// The columns of the shop's tables with their types, by table.
pub(super) type Columns = BTreeMap<String, BTreeMap<String, String>>;

/// One statement over one table of the shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it does, in words.
    pub what: &'static str,
    target: String,
    set: String,
    from: String,
    condition: String,
}

impl Change {
    /// It does it.
    pub fn update(&self) -> String {
        let Self { target, set, from, condition, .. } = self;
        format!("UPDATE {target} AS t\nSET {set}\nFROM {from}\nWHERE {condition}")
    }

    /// Counts the rows that it would change.
    pub(super) fn count(&self) -> String {
        let Self { target, from, condition, .. } = self;
        format!("SELECT count(*) AS rows FROM {target} AS t, {from}\nWHERE {condition}")
    }
}

/// What can be done, and what cannot and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) changes: Vec<Change>,
    pub(super) left_out: Vec<String>,
}

/// What is wanted.
pub(super) struct Wanted<'a> {
    pub(super) names: &'a ShopNames,
    /// The schema of cartload's own tables.
    pub(super) ours: &'a str,
    /// Of these runs; `None` for all.
    pub(super) runs: Option<&'a [String]>,
    /// Whether the shop's times become simulated ones.
    pub(super) times: bool,
}

/// Makes the statements.
pub(super) fn plan(wanted: &Wanted<'_>, columns: &Columns) -> Plan {
    let mut maker = Maker { wanted, columns, plan: Plan::default() };
    maker.sessions();
    maker.events();
    maker.orders();
    maker.plan
}

struct Maker<'a> {
    wanted: &'a Wanted<'a>,
    columns: &'a Columns,
    plan: Plan,
}

/// A table of the shop whose rows are linked to flows.
struct Linked {
    /// In quotes, with its schema.
    target: String,
    /// The link, in quotes.
    column: String,
    /// A flow's id as the link's type wants it.
    id: &'static str,
}

impl Linked {
    /// Whether the row of this name is the flow's.
    fn link(&self, row: &str) -> String {
        format!("{row}.{} = {}", self.column, self.id)
    }
}

/// When a flow ended, simulated; one that was cut has no end of its own.
const END: &str = "COALESCE(f.simulated_end, f.simulated_at)";

impl Maker<'_> {
    fn sessions(&mut self) {
        let Some(sessions) = self.linked("sessions", "sessions.id") else { return };
        self.mark("sessions marked as simulated", "sessions", &sessions);
        self.close(&sessions);
        if !self.wanted.times {
            return;
        }
        let (mut set, mut differs) = (Vec::new(), Vec::new());
        for (role, at) in [
            ("sessions.started_at", "f.simulated_at"),
            ("sessions.last_seen_at", END),
            ("sessions.ended_at", END),
        ] {
            let Some((column, cast)) = self.instant("sessions", role) else { continue };
            // A session that is still open has no end.
            let at = match role {
                "sessions.ended_at" => {
                    format!("CASE WHEN t.{column} IS NOT NULL THEN {} END", cast.of(at))
                }
                _ => cast.of(at),
            };
            set.push(format!("{column} = {at}"));
            differs.push(format!("t.{column} IS DISTINCT FROM {at}"));
        }
        if !set.is_empty() {
            let ended = self.flows(" AND status <> 'active'");
            let condition = format!("{}\n  AND ({})", sessions.link("t"), differs.join(" OR "));
            let set = set.join(", ");
            self.change("sessions given simulated times", &sessions, set, ended, condition);
        }
    }

    /// A session of a flow that has ended without an order stays active at the shop for ever.
    fn close(&mut self, sessions: &Linked) {
        let Some(status) = self.column("sessions", "sessions.status") else { return };
        let words =
            ["sessions.active", "sessions.abandoned"].map(|role| self.wanted.names.of(role));
        let [Some(active), Some(abandoned)] = words else { return };
        let (active, abandoned) = (literal(active), literal(abandoned));
        let mut set = vec![format!("{status} = {abandoned}")];
        if let Some((ended, cast)) = self.instant("sessions", "sessions.ended_at") {
            let at = cast.of(if self.wanted.times { END } else { "f.recorded_at" });
            set.push(format!("{ended} = COALESCE(t.{ended}, {at})"));
        }
        let mut condition = format!("{}\n  AND t.{status}::text = {active}", sessions.link("t"));
        // Whatever cartload knows of it: the shop has sold, so it was not abandoned.
        if let Some(orders) = self.linked("orders", "orders.shopping_session_id") {
            condition += &format!(
                "\n  AND NOT EXISTS (SELECT 1 FROM {} AS o WHERE o.{} = t.{})",
                orders.target, orders.column, sessions.column
            );
        }
        let ended = self.flows(" AND status NOT IN ('active', 'completed')");
        self.change("abandoned sessions closed", sessions, set.join(", "), ended, condition);
    }

    fn events(&mut self) {
        let Some(events) = self.linked("events", "events.session_id") else { return };
        self.mark("events marked as simulated", "events", &events);
        if !self.wanted.times {
            return;
        }
        let Some((created, cast)) = self.instant("events", "events.created_at") else { return };
        let (target, link) = (&events.target, &events.column);
        // The first event falls on the flow's begin, the others keep their distance from it: once
        // that is so, nothing changes any more.
        let at = format!(
            "LEAST({} + (t.{created} - first.at), {})",
            cast.of("f.simulated_at"),
            cast.of(END)
        );
        let flows = self.flows(" AND status <> 'active'");
        let of_flows = events.link("e");
        let from = format!(
            "{flows},\n  (SELECT e.{link} AS session, min(e.{created}) AS at FROM {target} AS e, \
             {flows} WHERE {of_flows} GROUP BY e.{link}) AS first"
        );
        let condition = format!(
            "{}\n  AND first.session = t.{link}\n  AND t.{created} IS DISTINCT FROM {at}",
            events.link("t")
        );
        let set = format!("{created} = {at}");
        self.change("events given simulated times", &events, set, from, condition);
    }

    fn orders(&mut self) {
        let Some(orders) = self.linked("orders", "orders.shopping_session_id") else { return };
        self.mark("orders marked as simulated", "orders", &orders);
        if !self.wanted.times {
            return;
        }
        let Some((created, cast)) = self.instant("orders", "orders.created_at") else { return };
        let ours = identifier(self.wanted.ours);
        let at = cast.of(&format!("COALESCE(ours.simulated_at, {END})"));
        let from = format!(
            "{} LEFT JOIN {ours}.orders AS ours ON ours.flow_id = f.flow_id",
            self.flows(" AND status <> 'active'")
        );
        let condition = format!("{}\n  AND t.{created} IS DISTINCT FROM {at}", orders.link("t"));
        let set = format!("{created} = {at}");
        self.change("orders given simulated times", &orders, set, from, condition);
    }

    fn mark(&mut self, what: &'static str, table: &'static str, linked: &Linked) {
        let role = format!("{table}.is_simulated");
        let Some(column) = self.column_of(table, &role, |kind| kind == "boolean") else { return };
        let condition = format!("{}\n  AND t.{column} IS DISTINCT FROM TRUE", linked.link("t"));
        let flows = self.flows("");
        self.change(what, linked, format!("{column} = TRUE"), flows, condition);
    }

    fn change(
        &mut self,
        what: &'static str,
        linked: &Linked,
        set: String,
        from: String,
        condition: String,
    ) {
        let target = linked.target.clone();
        self.plan.changes.push(Change { what, target, set, from, condition });
    }

    /// Cartload's own flows.
    fn flows(&self, and: &str) -> String {
        let runs = match self.wanted.runs {
            None => String::new(),
            Some(runs) => {
                let runs: Vec<_> = runs.iter().map(|run| literal(run)).collect();
                format!(" AND run_id IN ({})", runs.join(", "))
            }
        };
        format!(
            "(SELECT flow_id, simulated_at, simulated_end, recorded_at FROM {}.shopping_sessions \
             WHERE TRUE{runs}{and}) AS f",
            identifier(self.wanted.ours)
        )
    }

    /// A table with the column that links it to flows; without either nothing of it is touched.
    fn linked(&mut self, table: &'static str, link: &str) -> Option<Linked> {
        let target = self.wanted.names.table(table)?;
        let name = self.wanted.names.of(table).unwrap_or_default();
        if !self.columns.contains_key(name) {
            self.leave_out(format!("{target} is not there"));
            return None;
        }
        let is_id = |kind: &str| matches!(kind, "uuid" | "text" | "character varying");
        let column = self.column_of(table, link, is_id)?;
        let kind = self.kind(table, link).unwrap_or_default();
        let id = if kind == "uuid" { "f.flow_id::uuid" } else { "f.flow_id" };
        Some(Linked { target, column, id })
    }

    fn kind(&self, table: &str, role: &str) -> Option<&str> {
        let names = self.wanted.names;
        let columns = self.columns.get(names.of(table)?)?;
        columns.get(names.of(role)?).map(String::as_str)
    }

    fn column(&mut self, table: &str, role: &str) -> Option<String> {
        self.column_of(table, role, |_| true)
    }

    fn instant(&mut self, table: &str, role: &str) -> Option<(String, Cast)> {
        let cast = self.kind(table, role).and_then(Cast::of_kind);
        let column = self.column_of(table, role, |kind| Cast::of_kind(kind).is_some())?;
        Some((column, cast?))
    }

    /// A column in quotes, if the table has it and it is of a fitting type.
    fn column_of(
        &mut self,
        table: &str,
        role: &str,
        fits: impl Fn(&str) -> bool,
    ) -> Option<String> {
        let names = self.wanted.names;
        let column = identifier(names.of(role)?);
        let target = names.table(table)?;
        match self.kind(table, role) {
            Some(kind) if fits(kind) => return Some(column),
            Some(kind) => {
                let text = format!("{target}.{column} is {kind}, which {role} cannot be");
                self.leave_out(text);
            }
            None => self.leave_out(format!("{target} has no column {column} ({role})")),
        }
        None
    }

    fn leave_out(&mut self, text: String) {
        if !self.plan.left_out.contains(&text) {
            self.plan.left_out.push(text);
        }
    }
}

/// How a simulated time, which is UTC, becomes one of the shop's.
#[derive(Clone, Copy)]
enum Cast {
    Naive,
    Zoned,
}

impl Cast {
    fn of_kind(kind: &str) -> Option<Self> {
        match kind {
            "timestamp without time zone" => Some(Self::Naive),
            "timestamp with time zone" => Some(Self::Zoned),
            _ => None,
        }
    }

    fn of(self, at: &str) -> String {
        match self {
            Self::Naive => at.to_owned(),
            Self::Zoned => format!("({at} AT TIME ZONE 'UTC')"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(of: &[(&str, &[(&str, &str)])]) -> Columns {
        let named = |(name, kind): &(&str, &str)| ((*name).to_owned(), (*kind).to_owned());
        of.iter()
            .map(|(table, columns)| ((*table).to_owned(), columns.iter().map(named).collect()))
            .collect()
    }

    fn planned(names: &ShopNames, columns: &Columns) -> Plan {
        let runs = ["0198c5f2-0000-7000-8000-000000000000".to_owned()];
        let wanted = Wanted { names, ours: "cartload", runs: Some(&runs), times: true };
        plan(&wanted, columns)
    }

    #[test]
    fn a_shop_without_a_table_or_column_is_told_what_is_left_out() {
        let names = ShopNames::new("public").unwrap();
        let columns = columns(&[
            ("shopping_sessions", &[("id", "uuid"), ("status", "character varying")]),
            ("orders", &[("shopping_session_id", "bigint"), ("is_simulated", "boolean")]),
        ]);
        let plan = planned(&names, &columns);
        let whats: Vec<_> = plan.changes.iter().map(|change| change.what).collect();
        assert_eq!(whats, ["abandoned sessions closed"]);
        for said in [
            "\"public\".\"shopping_session_events\" is not there",
            "\"shopping_sessions\" has no column \"is_simulated\" (sessions.is_simulated)",
            "\"shopping_session_id\" is bigint, which orders.shopping_session_id cannot be",
        ] {
            assert!(plan.left_out.iter().any(|text| text.contains(said)), "{:?}", plan.left_out);
        }
        let update = plan.changes[0].update();
        assert!(!update.contains("NOT EXISTS"), "orders cannot be looked at: {update}");
    }

    #[test]
    fn what_an_operator_leaves_out_is_not_missed() {
        let mut names = ShopNames::new("public").unwrap();
        for role in ["events", "orders", "sessions.status", "sessions.last_seen_at"] {
            names.rename(&format!("{role}=none")).unwrap();
        }
        let of_sessions: &[_] = &[
            ("id", "text"),
            ("is_simulated", "boolean"),
            ("started_at", "timestamp with time zone"),
            ("ended_at", "timestamp without time zone"),
        ];
        let plan = planned(&names, &columns(&[("shopping_sessions", of_sessions)]));
        assert_eq!(plan.left_out, [""; 0]);
        let whats: Vec<_> = plan.changes.iter().map(|change| change.what).collect();
        assert_eq!(whats, ["sessions marked as simulated", "sessions given simulated times"]);
        let times = plan.changes[1].update();
        assert!(times.contains("t.\"id\" = f.flow_id\n"), "a text is compared as one: {times}");
        assert!(times.contains("(f.simulated_at AT TIME ZONE 'UTC')"), "{times}");
        assert!(!times.contains("last_seen_at"), "{times}");
    }

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        let mut names = ShopNames::new("public").unwrap();
        names.rename("orders=o\" SET x = 1; --").unwrap();
        names.rename("orders.is_simulated=f\"; DROP TABLE orders; --").unwrap();
        let of_orders: &[_] =
            &[("shopping_session_id", "uuid"), ("f\"; DROP TABLE orders; --", "boolean")];
        let plan = planned(&names, &columns(&[("o\" SET x = 1; --", of_orders)]));
        let update = plan.changes[0].update();
        assert!(update.contains("UPDATE \"public\".\"o\"\" SET x = 1; --\" AS t"), "{update}");
        assert!(update.contains("SET \"f\"\"; DROP TABLE orders; --\" = TRUE"), "{update}");
    }
}
