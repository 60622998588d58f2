//! A headless Chromium behind chromedriver, spoken to by plain HTTP (WebDriver).
//!
//! It reaches nothing but loopback: each name but this machine's is resolved to nowhere.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::server::{Server, find_program, free_port, require, server_directory};

/// How long anything is waited for; a cold browser on a busy machine is slow.
const PATIENCE: Duration = Duration::from_secs(90);

/// One window; closed with its driver when dropped.
pub struct Browser {
    session: String,
    port: u16,
    _driver: Server,
}

impl Browser {
    /// `None`, said aloud, where Chromium is not installed.
    pub fn open() -> Option<Self> {
        if !require("chromium", &["chromium", "chromedriver"]) {
            return None;
        }
        let (driver, chromium) = (find_program("chromedriver")?, find_program("chromium")?);
        let (directory, port) = (server_directory("cartload-chromium"), free_port());
        let home = directory.display().to_string();
        let command = format!("env HOME={home} {} --port={port}", driver.display());
        let driver = Server::start(&command, "TERM", port, directory);
        let flags = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-default-apps",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            &format!("--user-data-dir={home}/profile"),
        ];
        let options = json!({ "binary": chromium.display().to_string(), "args": flags });
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let mut browser = Self { session: String::new(), port, _driver: driver };
        let opened = browser.ask("POST", "/session", &wanted);
        browser.session = opened["sessionId"].as_str().expect("a session").to_owned();
        Some(browser)
    }

    /// Shows this page.
    pub fn go(&self, url: &str) {
        self.on("POST", "/url", &json!({ "url": url }));
    }

    /// What this function body returns in the page.
    pub fn run(&self, script: &str) -> Value {
        self.on("POST", "/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// The text of the first element that fits.
    pub fn text(&self, selector: &str) -> String {
        let script = format!("return document.querySelector({selector:?})?.textContent ?? null");
        self.run(&script).as_str().unwrap_or_else(|| panic!("no {selector}")).to_owned()
    }

    /// The number that an element shows, as `1,234`.
    pub fn number(&self, selector: &str) -> f64 {
        let text = self.text(selector);
        text.replace(',', "").parse().unwrap_or(f64::NAN)
    }

    /// Waits until this expression is true in the page.
    #[track_caller]
    pub fn wait(&self, expression: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.run(&format!("return Boolean({expression})")) != true {
            let page = self.run("return document.body.innerText");
            assert!(Instant::now() < deadline, "waited in vain for {expression}: {page}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A real click: what is hidden, covered or disabled is not clicked.
    pub fn click(&self, selector: &str) {
        let element = self.element(selector);
        self.on("POST", &format!("/element/{element}/click"), &json!({}));
    }

    /// Real keys into a field.
    pub fn fill(&self, selector: &str, text: &str) {
        let element = self.element(selector);
        self.on("POST", &format!("/element/{element}/clear"), &json!({}));
        self.on("POST", &format!("/element/{element}/value"), &json!({ "text": text }));
    }

    /// The window's size and what the system is set to.
    pub fn look(&self, width: u32, height: u32, scheme: &str) {
        self.cdp(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false }),
        );
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.cdp("Emulation.setEmulatedMedia", json!({ "features": [feature] }));
    }

    /// What the page complained of: errors of scripts, of the content security policy, of loading.
    pub fn complaints(&self) -> Vec<String> {
        let log = self.on("POST", "/se/log", &json!({ "type": "browser" }));
        let lines = log.as_array().into_iter().flatten();
        let bad = lines.filter(|line| line["level"] == "SEVERE" || line["level"] == "WARNING");
        bad.map(|line| line["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    fn element(&self, selector: &str) -> String {
        let asked = json!({ "using": "css selector", "value": selector });
        let found = self.on("POST", "/element", &asked);
        let id = found.as_object().and_then(|o| o.values().next()).and_then(Value::as_str);
        id.unwrap_or_else(|| panic!("no {selector}")).to_owned()
    }

    fn cdp(&self, command: &str, parameters: Value) {
        let body = json!({ "cmd": command, "params": parameters });
        self.on("POST", "/goog/cdp/execute", &body);
    }

    fn on(&self, method: &str, path: &str, body: &Value) -> Value {
        self.ask(method, &format!("/session/{}{path}", self.session), body)
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = exchange(self.port, method, path, &body.to_string());
        let mut answer = answer.unwrap_or_else(|e| panic!("{method} {path}: {e}"));
        let value = answer["value"].take();
        assert!(value.get("error").is_none(), "{method} {path} {body}: {value}");
        value
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Else the browser outlives its driver.
        let path = format!("/session/{}", self.session);
        let _ = exchange(self.port, "DELETE", &path, "");
    }
}

fn exchange(port: u16, method: &str, path: &str, body: &str) -> std::io::Result<Value> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes)?;
    serde_json::from_slice(&bytes).map_err(std::io::Error::other)
}
