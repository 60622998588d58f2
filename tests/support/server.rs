//! A throwaway server process: found among installed programs, stopped however this process ends.
//!
//! A shell waits beside it on a pipe of ours and restarts the server when told to; when we exit, or
//! are killed, the pipe closes and the shell ends the server and removes its directory.
//! A server that is just being started would not hear its end: it is left in peace for a second.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server and the shell that guards it.
pub struct Server {
    guard: Child,
    /// On loopback.
    pub port: u16,
    /// Its files, removed with it.
    pub directory: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        drop(self.guard.wait());
    }
}

impl Server {
    /// Starts `command` (run as the server user) and waits until `port` accepts.
    pub fn start(command: &str, stop: &str, port: u16, directory: PathBuf) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        Self::start_at(address, command, stop, directory)
    }

    /// The same at another address of this machine's.
    pub fn start_at(address: SocketAddr, command: &str, stop: &str, directory: PathBuf) -> Self {
        let script = format!(
            "trap '' INT TERM HUP; run() {{ {} {command} >>{dir}/log 2>&1 & pid=$!; }}; run; \
             while read -r how down; do \
             if [ $how != START ]; then kill -$how $pid; wait $pid; pid=; fi; \
             if [ $down != STAY ]; then sleep $down; run; sleep 1; fi; done; \
             if [ $pid ]; then kill -{stop} $pid; wait $pid; fi; rm -rf {dir}",
            as_server_user(),
            dir = directory.display(),
        );
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(script).stdin(Stdio::piped());
        let guard = shell.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("sh");
        let server = Self { guard, port: address.port(), directory };
        server.accepts_at(address);
        server
    }

    /// Waits until it accepts there.
    pub fn accepts_at(&self, address: SocketAddr) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(address).is_err() {
            if Instant::now() > deadline {
                let log = std::fs::read_to_string(self.directory.join("log"));
                panic!("the server does not accept at {address}: {log:?}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the server with this signal, and starts it again when it has been gone for so long.
    /// Does not wait.
    pub fn restart(&mut self, signal: &str, down: Duration) {
        self.tell(signal, &down.as_secs_f64().to_string());
    }

    /// Ends the server with this signal and leaves it so. Does not wait.
    pub fn stop(&mut self, signal: &str) {
        self.tell(signal, "STAY");
    }

    /// Starts a server that was stopped. Does not wait.
    pub fn start_again(&mut self) {
        self.tell("START", "0");
    }

    fn tell(&mut self, what: &str, down: &str) {
        let stdin = self.guard.stdin.as_mut().expect("the guard's pipe");
        writeln!(stdin, "{what} {down}").expect("the guard lives");
        stdin.flush().expect("the guard lives");
    }
}

/// A free port on loopback.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// A fresh directory that the server user owns.
pub fn server_directory(name: &str) -> PathBuf {
    let directory = tempfile::Builder::new().prefix(name).tempdir().expect("tempdir").keep();
    if let Some((user, group)) = server_ids() {
        std::os::unix::fs::chown(&directory, Some(user), Some(group)).expect("chown");
    }
    directory
}

/// Writes a file that the server user may read, and nobody else.
pub fn server_file(path: &Path, text: &str) {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(path).expect("a file in a directory of ours");
    file.write_all(text.as_bytes()).expect("write");
    if let Some((user, group)) = server_ids() {
        std::os::unix::fs::chown(path, Some(user), Some(group)).expect("chown");
    }
}

/// The prefix that runs a command as a user who is not root: database servers refuse root.
pub fn as_server_user() -> String {
    let Some((user, group)) = server_ids() else { return "exec".into() };
    let groups = "--clear-groups";
    match find_program("setpriv") {
        Some(setpriv) => {
            format!("exec {} --reuid={user} --regid={group} {groups}", setpriv.display())
        }
        None => panic!("running as root needs setpriv (util-linux) to start a database server"),
    }
}

/// User and group to run servers as; `None` when we are not root.
fn server_ids() -> Option<(u32, u32)> {
    let id = |args: &[&str]| {
        let output = Command::new("id").args(args).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse::<u32>().ok()
    };
    if id(&["-u"]) != Some(0) {
        return None;
    }
    let of = |name: &str| Some((id(&["-u", name])?, id(&["-g", name])?));
    of("postgres").or_else(|| of("nobody"))
}

/// A program on the PATH or where packages put servers.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    places.extend(versions.map(|v| v.path().join("bin")));
    places.extend(["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"].map(PathBuf::from));
    places.into_iter().map(|p| p.join(name)).find(|p| p.is_file())
}

/// Whether the programs of `what` are there. Where CARTLOAD_REQUIRE names it, they must be.
pub fn require(what: &str, programs: &[&str]) -> bool {
    if programs.iter().all(|p| find_program(p).is_some()) {
        return true;
    }
    let required = std::env::var("CARTLOAD_REQUIRE").unwrap_or_default();
    assert!(!required.contains(what), "CARTLOAD_REQUIRE names {what}, which is not installed");
    eprintln!("skipped: {what} is not installed");
    false
}
