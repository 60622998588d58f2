//! What is asked about runs that were lived: one question a function, its SQL beside the row that
//! answers it. Values go in by name, rows come out by name, in both dialects.
//!
//! Nothing here opens a connection. The store is an [`Ask`]: it puts an [`Inquiry`] to the database
//! at one [`Moment`]; whoever folds rows knows no more of the store than that.

pub mod agents;
pub mod any_row;
pub mod attempts;
pub mod baskets;
pub mod bins;
pub mod campaigns;
pub mod conduct;
pub mod coupons;
pub mod cycles;
pub mod exposures;
pub mod hours;
pub mod incidents;
pub mod ledger;
pub mod orders;
pub mod pace;
pub mod patterns;
pub mod population;
pub mod products;
pub mod question;
pub mod replays;
pub mod runs;
pub mod seals;
pub mod shoppers;
pub mod statement;
pub mod visits;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use diesel::deserialize::QueryableByName;
use diesel::pg::Pg;
use diesel::sqlite::Sqlite;
use ports::store::StoreError;

pub use self::question::Question;
pub use self::statement::{Bind, Statement};

/// A row that either database answers, read by the names of its columns.
pub trait Row: QueryableByName<Pg> + QueryableByName<Sqlite> + Send + 'static {}

impl<R> Row for R where R: QueryableByName<Pg> + QueryableByName<Sqlite> + Send + 'static {}

/// Which SQL a statement is written for, where both databases do not share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// SQLite.
    Sqlite,
}

/// Why a question has no answer, although the database works.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// Its SQL names what it was not given.
    #[error("question `{says}`: nothing is given for {{{name}}}")]
    Missing {
        /// The question.
        says: &'static str,
        /// The place.
        name: String,
    },
    /// It was given what its SQL does not name.
    #[error("question `{says}`: there is no place for {{{name}}}")]
    Unknown {
        /// The question.
        says: &'static str,
        /// The value.
        name: &'static str,
    },
    /// A column holds what it cannot mean.
    #[error("column {column}: {why}")]
    Unreadable {
        /// The column.
        column: &'static str,
        /// What is wrong with its value.
        why: String,
    },
}

impl From<QuestionError> for StoreError {
    fn from(error: QuestionError) -> Self {
        Self::Refused(error.to_string())
    }
}

/// Whoever answers questions: the store.
pub trait Ask: Send + Sync {
    /// Reads all that the inquiry asks for at one moment.
    fn at_once<I: Inquiry>(
        &self,
        inquiry: I,
    ) -> impl Future<Output = Result<I::Answers, StoreError>> + Send;

    /// The rows that answer one question.
    fn ask<R: Row>(
        &self,
        question: Question<R>,
    ) -> impl Future<Output = Result<Vec<R>, StoreError>> + Send {
        self.at_once(question)
    }
}

/// Questions that are asked one after the other and answered as of one moment.
pub trait Inquiry: Send + 'static {
    /// What is found out.
    type Answers: Send + 'static;

    /// Asks them.
    fn read<M: Moment>(
        self,
        moment: &mut M,
    ) -> impl Future<Output = Result<Self::Answers, M::Fault>> + Send;
}

impl<R: Row> Inquiry for Question<R> {
    type Answers = Vec<R>;

    async fn read<M: Moment>(self, moment: &mut M) -> Result<Vec<R>, M::Fault> {
        moment.ask(self).await
    }
}

/// The database as of one moment, whatever others write meanwhile.
pub trait Moment: Send {
    /// Why it does not answer.
    type Fault: From<QuestionError> + Send;

    /// Which SQL it speaks.
    fn dialect(&self) -> Dialect;

    /// The rows of a SELECT.
    fn rows<R: Row>(
        &mut self,
        statement: Statement,
    ) -> impl Future<Output = Result<Vec<R>, Self::Fault>> + Send;

    /// The rows that answer a question.
    fn ask<R: Row>(
        &mut self,
        question: Question<R>,
    ) -> impl Future<Output = Result<Vec<R>, Self::Fault>> + Send {
        let statement = question.statement(self.dialect());
        async move { self.rows(statement?).await }
    }

    /// The one row of a question without groups.
    fn one<R: Row + Default>(
        &mut self,
        question: Question<R>,
    ) -> impl Future<Output = Result<R, Self::Fault>> + Send {
        let rows = self.ask(question);
        async move { Ok(rows.await?.into_iter().next().unwrap_or_default()) }
    }
}

/// A moment of which somebody is told what is asked next, in words.
pub struct Told<'m, M, F> {
    moment: &'m mut M,
    tell: F,
}

impl<'m, M, F> Told<'m, M, F> {
    /// Tells before each question.
    pub fn new(moment: &'m mut M, tell: F) -> Self {
        Self { moment, tell }
    }
}

impl<M: Moment, F: FnMut(&'static str) + Send> Moment for Told<'_, M, F> {
    type Fault = M::Fault;

    fn dialect(&self) -> Dialect {
        self.moment.dialect()
    }

    async fn rows<R: Row>(&mut self, statement: Statement) -> Result<Vec<R>, M::Fault> {
        self.moment.rows(statement).await
    }

    async fn ask<R: Row>(&mut self, question: Question<R>) -> Result<Vec<R>, M::Fault> {
        (self.tell)(question.says());
        self.moment.ask(question).await
    }
}

/// A moment at which nothing has happened: every question is filled and answered with no rows.
#[derive(Debug)]
pub struct Nothing(pub Dialect);

impl Moment for Nothing {
    type Fault = QuestionError;

    fn dialect(&self) -> Dialect {
        self.0
    }

    async fn rows<R: Row>(&mut self, _: Statement) -> Result<Vec<R>, QuestionError> {
        std::future::ready(Ok(Vec::new())).await
    }
}

/// The outcome of what waits for nothing: an inquiry of a moment that answers at once.
///
/// # Panics
/// Where it waits after all.
pub fn at_hand<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("a moment that answers at once does not wait"),
    }
}
