//! Panics while the dashboard is up: their text goes where messages go.
//!
//! An actor's panic is the supervision's business and must not tear the screen. One that ends the
//! process drops the dashboard, which gives the terminal back and says the text again.

use std::panic;
use std::sync::Once;

use crate::logging::Screen;

static INSTALLED: Once = Once::new();

/// From here on a panic is a message wherever messages are diverted, else what it was before.
pub fn into_messages(screen: Screen) {
    INSTALLED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let thread = std::thread::current();
            let text = format!("thread '{}' {info}", thread.name().unwrap_or("unnamed"));
            if !screen.take_panic(text) {
                before(info);
            }
        }));
    });
}
