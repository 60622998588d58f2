//! The practice shop: a shop with the API of shop profile `practice`, over real HTTP on loopback.
//!
//! It runs on threads of its own with runtimes of their own, so that it serves a run in the same
//! process, a test, or a process of its own alike. What may go wrong is a switch ([`Faults`]); what
//! a real shop does otherwise, without being broken, is a habit ([`Habits`]).

mod auth;
mod books;
pub mod catalog;
mod connection;
pub(crate) mod faults;
mod floor;
mod gate;
mod goods;
mod habits;
mod injection;
pub(crate) mod ledger;
mod refusal;
pub(crate) mod route;
mod routes;
mod wire;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, middleware, web};
use secrecy::SecretString;

use crate::prices::Prices;
use crate::pricing::Grain;

pub use self::books::{BookedCoupon, BookedLine, BookedOrder, BookedTotals, OpenCart, ShopBooks};
pub use self::faults::RouteError;
pub use self::faults::{Down, FaultError, FaultSwitches, Faults, MissingField, RateLimit};
pub use self::habits::pace::{Pace, PaceChange};
pub use self::habits::{HabitError, Habits, OrderReads};
pub use self::injection::ShopInjection;
pub use self::ledger::{RouteRow, ShopLedger};
pub use self::route::Route;

use self::auth::Authority;
use self::catalog::CatalogSize;
use self::connection::{Connections, sweep_forever};
use self::floor::Floor;
use self::gate::RateWindows;
use self::goods::Goods;
use self::habits::counter::Counter;
use self::habits::database::Database;
use self::ledger::LedgerBook;

/// Idle connections are closed after so long when no fault says otherwise: longer than the 75 s of
/// a cycle at the default time-scale.
const KEEP_ALIVE: Duration = Duration::from_secs(120);

/// How a shop is opened.
#[derive(Clone, Debug)]
pub struct PracticeConfig {
    /// On 127.0.0.1; 0 (default) takes a free one.
    pub port: u16,
    /// Threads that serve; default 1, which serves some thousand requests a second.
    pub workers: usize,
    /// What goes wrong from the start; default nothing.
    pub faults: Faults,
    /// How it works, being sound; default as its profile describes it.
    pub habits: Habits,
    /// How its prices are made; default fixed.
    pub prices: Prices,
    /// What it sells; default the small catalogue.
    pub catalog: CatalogSize,
    /// `GET /api/auth/me` fills wallets up to so many coupons; default 0, the caller grants them.
    pub wallet_fill: usize,
    /// Checks the signature of JWTs; `None` (default) checks their claims only.
    pub jwt_secret: Option<SecretString>,
    /// Sessions and orders by Idempotency-Key that are remembered, the latest ones; default 20,000.
    pub remembered: usize,
}

impl Default for PracticeConfig {
    fn default() -> Self {
        Self {
            port: 0,
            workers: 1,
            faults: Faults::default(),
            habits: Habits::default(),
            prices: Prices::Fixed,
            catalog: CatalogSize::Small,
            wallet_fill: 0,
            jwt_secret: None,
            remembered: 20_000,
        }
    }
}

/// The shop that can be opened.
#[derive(Debug)]
pub struct PracticeShop;

/// A shop that is open; closed by [`RunningShop::stop`], or when dropped.
#[derive(Debug)]
pub struct RunningShop {
    addr: SocketAddr,
    shop: Arc<Shop>,
    stopper: ShopStopper,
    /// The server's thread; `None` once it was waited for.
    thread: Option<JoinHandle<io::Result<()>>>,
}

/// Closes the shop from elsewhere, as from a signal's task.
#[derive(Clone, Debug)]
pub struct ShopStopper {
    handle: ServerHandle,
}

impl ShopStopper {
    /// Closes at once: connections are cut. Does not wait.
    pub fn stop(&self) {
        // The command is sent by this call; the future would only wait for its end.
        drop(self.handle.stop(false));
    }
}

/// What handlers share.
struct Shop {
    goods: Arc<Goods>,
    /// All that shopping changes, under one lock; held for microseconds, never over an await.
    floor: Mutex<Floor>,
    ledger: Mutex<LedgerBook>,
    switches: FaultSwitches,
    habits: Habits,
    /// Where requests wait, at a shop that takes its time.
    counter: Option<Counter>,
    /// The shop's own, where it has one.
    database: Option<Database>,
    rate_windows: RateWindows,
    connections: Connections,
    authority: Authority,
    wallet_fill: usize,
}

impl std::fmt::Debug for Shop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shop").finish_non_exhaustive()
    }
}

impl Shop {
    fn floor(&self) -> MutexGuard<'_, Floor> {
        self.floor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ledger(&self) -> MutexGuard<'_, LedgerBook> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All counts.
    fn read_ledger(&self) -> ShopLedger {
        let mut ledger = self.ledger().read();
        if let Some(counts) = self.database.as_ref().map(Database::counts) {
            ledger.database_connections = counts.opened;
            ledger.database_too_many = counts.too_many;
        }
        if let Some(counter) = &self.counter {
            ledger.worked_ms = u64::try_from(counter.worked().as_millis()).unwrap_or(u64::MAX);
        }
        ledger
    }

    /// Carts with something in them, in the order of their users.
    fn open_carts(&self) -> Vec<OpenCart> {
        let floor = self.floor();
        let mut carts: Vec<OpenCart> =
            floor.customers().filter_map(|(user, c)| books::open_cart(*user, c)).collect();
        carts.sort_by_key(|cart| cart.user_id);
        carts
    }

    /// Orders and carts at this moment.
    fn read_books(&self) -> ShopBooks {
        let orders: Vec<_> = self.floor().orders.all().cloned().collect();
        let orders = orders.iter().map(|order| books::booked(&self.goods, order)).collect();
        ShopBooks { orders, carts: self.open_carts() }
    }
}

impl PracticeShop {
    /// Opens the shop and returns when it listens. An error is a taken port, or faults or habits
    /// that make no sense.
    pub fn start(config: PracticeConfig) -> io::Result<RunningShop> {
        let invalid = |error: String| io::Error::new(io::ErrorKind::InvalidInput, error);
        let catalog = catalog::of(config.catalog).map_err(|error| invalid(error.to_string()))?;
        let coupons = crate::coupon_book::builtin().map_err(|error| invalid(error.to_string()))?;
        let switches =
            FaultSwitches::new(config.faults).map_err(|error| invalid(error.to_string()))?;
        let habits = config.habits;
        if let Some(pace) = &habits.pace {
            pace.check().map_err(|error| invalid(error.to_string()))?;
        }
        let database = habits.database.as_ref().map(Database::new).transpose();
        let database = database.map_err(|error| invalid(error.to_string()))?;
        let grain = if habits.unrounded_totals { Grain::FINE } else { Grain::CENT };
        let goods = Arc::new(Goods::new(catalog, coupons, (grain, config.prices)));
        let floor = Floor::new(Arc::clone(&goods), habits.clone(), config.remembered);
        let shop = Arc::new(Shop {
            floor: Mutex::new(floor),
            goods,
            ledger: Mutex::default(),
            switches,
            counter: habits.pace.clone().map(Counter::new),
            habits,
            database,
            rate_windows: RateWindows::default(),
            connections: Connections::new(),
            authority: Authority::new(config.jwt_secret.as_ref()),
            wallet_fill: config.wallet_fill,
        });
        let (listening, listens) = mpsc::channel();
        let (port, workers, served) = (config.port, config.workers.max(1), Arc::clone(&shop));
        let thread =
            std::thread::Builder::new().name("practice-shop".to_owned()).spawn(move || {
                actix_web::rt::System::new().block_on(serve(served, port, workers, listening))
            })?;
        match listens.recv() {
            Ok((addr, handle)) => {
                let stopper = ShopStopper { handle };
                Ok(RunningShop { addr, shop, stopper, thread: Some(thread) })
            }
            // The thread ended before it listened: its result says why.
            Err(mpsc::RecvError) => match join(thread) {
                Ok(()) => Err(io::Error::other("the practice shop ended before it listened")),
                Err(error) => Err(error),
            },
        }
    }
}

/// Serves until stopped; says where as soon as it listens.
async fn serve(
    shop: Arc<Shop>,
    port: u16,
    workers: usize,
    listening: mpsc::Sender<(SocketAddr, ServerHandle)>,
) -> io::Result<()> {
    let accepting = Arc::clone(&shop);
    let swept = Arc::clone(&shop);
    let data = web::Data::from(shop);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .wrap(middleware::from_fn(gate::pass))
            .configure(routes::configure)
    })
    .on_connect(move |io, extensions| {
        if let Some(connection) = accepting.connections.accepted(io) {
            extensions.insert(connection);
        }
    })
    .workers(workers)
    .keep_alive(KEEP_ALIVE)
    // A client that hangs up frees what its request holds.
    .h1_allow_half_closed(false)
    .disable_signals()
    .bind((Ipv4Addr::LOCALHOST, port))?;
    let addr = server
        .addrs()
        .first()
        .copied()
        .ok_or_else(|| io::Error::other("the practice shop is bound to no address"))?;
    let server = server.run();
    if listening.send((addr, server.handle())).is_err() {
        return Ok(());
    }
    let sweeper = actix_web::rt::spawn(async move {
        sweep_forever(&swept.connections, &swept.switches).await;
    });
    let result = server.await;
    sweeper.abort();
    result
}

fn join(thread: JoinHandle<io::Result<()>>) -> io::Result<()> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("the practice shop's thread panicked")))
}

impl RunningShop {
    /// As `http://127.0.0.1:8080`, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What it saw so far.
    pub fn ledger(&self) -> ShopLedger {
        self.shop.read_ledger()
    }

    /// Its orders and open carts.
    pub fn books(&self) -> ShopBooks {
        self.shop.read_books()
    }

    /// The switches of its faults.
    pub fn faults(&self) -> FaultSwitches {
        self.shop.switches.clone()
    }

    /// A handle that closes it from elsewhere.
    pub fn stopper(&self) -> ShopStopper {
        self.stopper.clone()
    }

    /// Blocks until someone's [`ShopStopper`] closes the shop. Not for async code.
    pub fn wait(mut self) -> io::Result<()> {
        self.thread.take().map_or(Ok(()), join)
    }

    /// Closes it at once and waits for its threads; its port is free afterwards.
    pub fn stop(mut self) -> io::Result<()> {
        self.stopper.stop();
        self.thread.take().map_or(Ok(()), join)
    }
}

impl Drop for RunningShop {
    fn drop(&mut self) {
        // After `stop` or `wait` nothing is left to close; a test that fails leaves no server.
        if self.thread.is_some() {
            self.stopper.stop();
        }
    }
}
