//! Reading rows whose columns are known only to who asks, a page at a time.

macro_rules! export_queries {
    ([$($async:tt)?] [$($await:tt)*]) => {
        /// The rows of a SELECT.
        pub $($async)? fn rows(c: &mut Conn, statement: Statement) -> Answer<Vec<DynamicRow>> {
            let mut query = diesel::sql_query(statement.sql()).into_boxed::<Db>();
            for value in statement.binds() {
                query = match value.clone() {
                    Bind::Text(text) => query.bind::<Text, _>(text),
                    Bind::Integer(number) => query.bind::<Integer, _>(number),
                    Bind::Instant(at) => query.bind::<Timestamp, _>(at),
                };
            }
            Ok(query.load(c) $($await)* ?)
        }

        /// Where a page ends, and its rows, read at one moment.
        pub $($async)? fn page(c: &mut Conn, page: Arc<dyn Page>) -> Answer<PageRows> {
            let end = rows(c, page.end()) $($await)* ?.into_iter().next();
            let rows = rows(c, page.rows(end.as_ref())) $($await)* ?;
            Ok(PageRows { rows, end })
        }
    };
}
pub(super) use export_queries;
