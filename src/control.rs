//! The control socket: how other processes of the same user talk to a live run.
//!
//! A Unix socket in the data directory; one JSON object a line, each way ([`wire`]). Behind it are
//! the commands that keys, signals and the page also send; nothing is decided here.

pub(crate) mod client;
pub(crate) mod desk;
pub(crate) mod place;
pub(crate) mod server;
pub(crate) mod status_text;
pub mod wire;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

pub use self::client::Client;
pub use self::desk::Desk;
pub use self::server::ControlSocket;

/// The socket's name in the data directory.
pub const SOCKET_FILE: &str = "control.sock";
/// Clients at once; one more is told so.
pub const CLIENTS_MAX: usize = 16;
/// Bytes of a line, without its end.
pub const LINE_BYTES_MAX: usize = 64 * 1024;
/// A client that sends no whole line for so long is sent away; one that watches may be silent.
pub const IDLE_MAX: Duration = Duration::from_secs(60);
/// A client that takes nothing for so long is sent away.
pub const WRITE_MAX: Duration = Duration::from_secs(10);
/// Between two lines of a watch at least: a run at full speed shows hundreds of pictures a second.
pub const WATCH_INTERVAL: Duration = Duration::from_millis(250);

/// Why there is no way to a run, or no answer from it.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nobody listens.
    #[error(
        "no run in data directory {data}: nothing listens at {socket}; start one with `cartload \
         run`, or name the data directory of the run with --data",
        data = data.display(), socket = socket.display()
    )]
    NoRun {
        /// Where it was looked for.
        data: PathBuf,
        /// The socket.
        socket: PathBuf,
    },
    /// The run said no.
    #[error("{0}")]
    Refused(
        /// Why, and what to do instead.
        String,
    ),
    /// A message of the command line is none.
    #[error(transparent)]
    Message(#[from] text::ron_text::RonError),
    /// It said what this version does not understand.
    #[error("{socket}: its answer is not understood ({cause}); is it another version of cartload?",
        socket = socket.display())]
    Foreign {
        /// The socket.
        socket: PathBuf,
        /// What was wrong.
        cause: String,
    },
    /// It does not answer, or went away.
    #[error("{socket}: {cause}", socket = socket.display())]
    Io {
        /// The socket.
        socket: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Somebody else listens there.
    #[error("{socket}: another process listens there; end it, or name another --data",
        socket = socket.display())]
    Taken {
        /// The socket.
        socket: PathBuf,
    },
    /// Something that is no socket has its name; it is left alone.
    #[error("{path}: this is no socket of cartload and stands in its place; remove it",
        path = path.display())]
    InTheWay {
        /// What.
        path: PathBuf,
    },
    /// A folder for the socket belongs to somebody else or is open to others.
    #[error("{path}: not used for the control socket: it must be a folder of this user, closed to \
             others (mode 0700)", path = path.display())]
    Unsafe {
        /// Which.
        path: PathBuf,
    },
}
