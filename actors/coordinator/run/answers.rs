//! What each command is told in each state. The table of docs/control.md is this one in words.

use super::world::{Event, World};

/// The refusals, by state and hint.
const COMMANDS: [Event; 5] =
    [Event::Pause, Event::Resume, Event::Checkpoint, Event::Quit, Event::QuitNow];

const PAUSED: &str = "the run is paused";
const GOES_ON: &str = "the paused run goes on";
const TO_ITS_END: &str = "the paused run goes on to the end of its cycle";
const NOW: &str = "the run ends now";
const AFTER: &str = "the run ends after cycle 1";
const ENDING: &str = "the run is ending";
const WRITTEN: &str = "a checkpoint is written";
/// It is answered when something else is through.
const LATER: &str = "later";
const IS_PAUSED: &str = "refused: the run is paused: resume continues it";
const IS_RUNNING: &str = "refused: the run is running: there is nothing to resume";
const IS_FROZEN: &str = "refused: the run is frozen: it sends nothing; resume opens it";
const IS_STOPPING: &str = "refused: the run is ending: its flows are being stopped; `cartload \
                           resume` goes on with it afterwards";
const IS_ENDING: &str = "refused: the run is ending: `cartload resume` goes on with it afterwards";
const IS_FREEZING: &str =
    "refused: the run is freezing: its last flows are ending; try again in a few seconds";
const IS_LOST: &str = "refused: the run is frozen for good: a part of it died; end it, then \
                       `cartload resume --unfreeze`";
const IS_OVER: &str = "refused: the run is ended: start or resume a run";

#[test]
fn every_command_has_its_answer_in_every_state() {
    let table = [
        ("starting", [PAUSED, IS_RUNNING, LATER, NOW, NOW]),
        ("resting", [PAUSED, IS_RUNNING, WRITTEN, NOW, NOW]),
        ("parked", [IS_PAUSED, GOES_ON, WRITTEN, NOW, NOW]),
        ("cycling", [PAUSED, IS_RUNNING, LATER, AFTER, NOW]),
        ("cycling, parked", [IS_PAUSED, GOES_ON, WRITTEN, NOW, NOW]),
        ("its last cycle", [PAUSED, IS_RUNNING, LATER, AFTER, NOW]),
        ("its last cycle, parked", [IS_PAUSED, TO_ITS_END, WRITTEN, NOW, NOW]),
        ("stopping", [IS_STOPPING, IS_STOPPING, LATER, ENDING, ENDING]),
        ("closing", [PAUSED, IS_RUNNING, LATER, NOW, NOW]),
        (
            "freezing",
            [
                IS_FROZEN,
                IS_FREEZING,
                LATER,
                "the run ends, frozen, when its last flows have ended",
                NOW,
            ],
        ),
        ("frozen", [IS_FROZEN, LATER, WRITTEN, NOW, NOW]),
        ("frozen for good", [IS_FROZEN, IS_LOST, WRITTEN, NOW, NOW]),
        (
            "reopening",
            [
                "refused: the run is being opened: pause it once its resume has been answered",
                "refused: the run is being opened: its first resume is answered in a few seconds",
                LATER,
                "the run ends when the shop has been looked at",
                "the run ends when the shop has been looked at",
            ],
        ),
        ("clearing carts", [IS_ENDING, IS_ENDING, LATER, ENDING, NOW]),
        ("ending", [IS_ENDING, IS_ENDING, LATER, ENDING, ENDING]),
        (
            "ended",
            [
                IS_OVER,
                IS_OVER,
                "refused: the run is ended: its checkpoint is saved",
                "refused: the run is ended: it has been saved",
                "refused: the run is ended: it has been saved",
            ],
        ),
    ];
    for (state, answers) in table {
        for (command, answer) in COMMANDS.into_iter().zip(answers) {
            let mut world = World::in_state(state);
            world.does(command);
            let said = if world.answer.is_some() { world.said() } else { LATER.to_owned() };
            assert_eq!(said, answer, "{command:?} while {state}");
        }
    }
}
