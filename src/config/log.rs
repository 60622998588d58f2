//! What is said on stderr while a run goes on.

use super::knob::concern;
use super::words::LogFormat;

concern!(
    /// `log`: messages and cycle lines; data goes to stdout and is not touched by this.
    Log, LogLayer, "log" {
        /// `log.format`, default `text`.
        format: LogFormat = LogFormat::Text,
            flag "log-format", env "CARTLOAD_LOG_FORMAT", unit "", decision "",
            allowed "text or json", check |_| true;
        /// `log.quiet`, default false: no cycle lines, no progress line, no dashboard; warnings
        /// only.
        quiet: bool = false,
            flag "quiet", env "CARTLOAD_QUIET", unit "", decision "",
            allowed "true or false", check |_| true;
        /// `log.plain`, default false: the progress line instead of the dashboard.
        plain: bool = false,
            flag "plain", env "CARTLOAD_PLAIN", unit "", decision "",
            allowed "true or false", check |_| true;
        /// `log.ascii`, default false: the dashboard draws with ASCII only.
        ascii: bool = false,
            flag "ascii", env "CARTLOAD_ASCII", unit "", decision "",
            allowed "true or false", check |_| true;
        /// `log.filter`, default none: warnings of libraries and `info` of cartload; RUST_LOG's
        /// syntax.
        filter: Option<String> = None,
            flag "", env "CARTLOAD_LOG", unit "", decision "",
            allowed "directives such as info or warn,cartload=debug",
            check |text| text.as_deref().is_none_or(crate::logging::is_filter);
    }
);
