//! `cartload shop`: the practice shop as a server of its own; `cartload shop mark`: the rows of a
//! shop of the operator's.

mod habits;
pub(crate) mod mark;

use clap::{Args, Subcommand};
use shops::practice_shop::PracticeShop;
use tokio::signal::unix::{SignalKind, signal};

use super::{ExitCode, Failure, GlobalArgs, Result, output};

/// Open the practice shop as a server of its own, or mark the rows of your own shop.
#[derive(Clone, Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    before_help = "\
Examples:
  cartload shop --port 8080
  cartload run --api http://127.0.0.1:8080 --profile practice
A shop that works as a real one does, two requests at a time, its database 5 ms away:
  cartload shop --unrounded-totals --coupons-as-object --reusable-coupons \\
    --first-visit-needed --wallet 32 --at-once 2 --round-trips 18 --round-trip-ms 5
Its books: GET /practice/orders, /practice/carts, /practice/ledger"
)]
pub struct ShopArgs {
    /// Port on 127.0.0.1; 0 takes a free one, which is printed
    #[arg(long, default_value_t = 8080)]
    pub port: u16,

    #[command(flatten)]
    pub habits: habits::HabitArgs,

    /// What to do with a shop of your own
    #[command(subcommand)]
    pub command: Option<ShopCommand>,
}

/// What is done with a shop of the operator's.
#[derive(Clone, Debug, Subcommand)]
pub enum ShopCommand {
    /// Mark its rows as simulated, where shop and run share a PostgreSQL database
    Mark(mark::MarkArgs),
}

/// Does it.
pub fn execute(global: &GlobalArgs, args: &ShopArgs) -> Result {
    match &args.command {
        Some(ShopCommand::Mark(args)) => mark::execute(global, args),
        None => serve(args),
    }
}

fn serve(args: &ShopArgs) -> Result {
    let config = args.habits.config(args.port);
    let what = format!("the practice shop cannot listen on 127.0.0.1:{}", args.port);
    let shop = PracticeShop::start(config).map_err(Failure::during(ExitCode::Shop, what))?;
    output::data(&shop.base_url())?;
    output::message("the practice shop is open; Ctrl-C closes it");
    let stopper = shop.stopper();
    let signals = std::thread::spawn(move || {
        actix_rt::System::new().block_on(async move {
            let code = stop_signal().await;
            stopper.stop();
            code
        })
    });
    shop.wait().map_err(Failure::during(ExitCode::Unexpected, "the practice shop"))?;
    let panicked = |_| Failure::new(ExitCode::Unexpected, "the signal thread panicked");
    signals.join().map_err(panicked)?
}

/// Waits for SIGINT or SIGTERM; both end a server as asked.
async fn stop_signal() -> Result {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    Ok(ExitCode::Ok)
}
