//! What may happen to a run.

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
pub const EVENTS: [Event; 23] = {
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
