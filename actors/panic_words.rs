//! What a caught panic said, for whoever reports it; cut, since anything may panic with anything.
//! And panics that a drill asks for.

use std::any::Any;
use std::panic::resume_unwind;

/// A panic's words are cut after this many characters.
const CHARS_MAX: usize = 200;

/// What a panic said; its payload is a string in all but exotic cases.
pub fn panic_words(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned());
    text.chars().take(CHARS_MAX).collect()
}

/// Panics as a drill asks for, with one line and no trace: reading the binary's symbols for one
/// costs 41 MB that a process never gives back.
pub fn drill(text: &'static str) -> ! {
    tracing::warn!("{text}");
    resume_unwind(Box::new(text))
}
