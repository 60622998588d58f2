//! What is said on stderr while a run goes on.

use super::concern::concern;
use super::words::LogFormat;

concern!(
    /// `log`: messages and cycle lines; data goes to stdout and is not touched by this.
    Log, "log" {
        /// `log.format`, default `text`.
        format: LogFormat = LogFormat::Text,
            flag "log-format" as Option<LogFormat>, place 19,
                (value_enum, value_name = "text|json", hide_possible_values = true)
                "Form of messages and cycle lines on stderr [default: text]",
            env "CARTLOAD_LOG_FORMAT", unit "", decision "",
            allowed "text or json", check |_| true;
        /// `log.quiet`, default false: no cycle lines, no progress line, no dashboard; warnings
        /// only.
        quiet: bool = false,
            flag "quiet" as bool, place 22, (short = 'q')
                "No cycle lines, no progress line, no dashboard; warnings only",
            env "CARTLOAD_QUIET", unit "", decision "",
            allowed "true or false", check |_| true;
        /// `log.plain`, default false: the progress line instead of the dashboard.
        plain: bool = false,
            flag "plain" as bool, place 20, ()
                "On a terminal: a progress line instead of the dashboard",
            env "CARTLOAD_PLAIN", unit "", decision "",
            allowed "true or false", check |_| true;
        /// `log.ascii`, default false: the dashboard draws with ASCII only.
        ascii: bool = false,
            flag "ascii" as bool, place 21, ()
                "Draw the dashboard with ASCII only [default: where the locale is not UTF-8]",
            env "CARTLOAD_ASCII", unit "", decision "",
            allowed "true or false", check |_| true;
        /// `log.filter`, default none: warnings of libraries and `info` of cartload; RUST_LOG's
        /// syntax.
        filter: Option<String> = None,
            env "CARTLOAD_LOG", unit "", decision "",
            allowed "directives such as info or warn,cartload=debug",
            check |text| text.as_deref().is_none_or(crate::logging::is_filter);
    }
);
