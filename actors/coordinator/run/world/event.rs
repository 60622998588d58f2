//! What may happen to a run.

use crate::coordinator::command::{self, Command};
use crate::domain::time_scale::TimeScale;

/// One thing that may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    Prepared,
    CannotStart,
    CameBack,
    Woke,
    Barrier,
    Recorded,
    NothingAccepted,
    RowLost,
    Saved,
    NotSaved,
    ShopIsBack,
    ShopIsGone,
    StateWritten,
    CartsCleared,
    Drained,
    Froze,
    Tripped,
    ServiceLost,
    Pause,
    Resume,
    Checkpoint,
    Quit,
    QuitNow,
    TimeScale,
}

/// All of them.
pub const EVENTS: [Event; 24] = {
    use Event::*;
    [
        Prepared,
        CannotStart,
        CameBack,
        Woke,
        Barrier,
        Recorded,
        NothingAccepted,
        RowLost,
        Saved,
        NotSaved,
        ShopIsBack,
        ShopIsGone,
        StateWritten,
        CartsCleared,
        Drained,
        Froze,
        Tripped,
        ServiceLost,
        Pause,
        Resume,
        Checkpoint,
        Quit,
        QuitNow,
        TimeScale,
    ]
};

/// The command that it is, if it is one.
pub fn command(event: Event) -> Option<Command> {
    match event {
        Event::Pause => Some(Command::Pause),
        Event::Resume => Some(Command::Resume),
        Event::Checkpoint => Some(Command::Checkpoint),
        Event::Quit => Some(Command::Quit(command::Quit::AfterCycle)),
        Event::QuitNow => Some(Command::Quit(command::Quit::Now)),
        Event::TimeScale => Some(Command::TimeScale(TimeScale::Ratio(48.0))),
        Event::Prepared
        | Event::CannotStart
        | Event::CameBack
        | Event::Woke
        | Event::Barrier
        | Event::Recorded
        | Event::NothingAccepted
        | Event::RowLost
        | Event::Saved
        | Event::NotSaved
        | Event::ShopIsBack
        | Event::ShopIsGone
        | Event::StateWritten
        | Event::CartsCleared
        | Event::Drained
        | Event::Froze
        | Event::Tripped
        | Event::ServiceLost => None,
    }
}
