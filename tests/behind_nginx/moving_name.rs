//! The shop's name moves to another address, as in a failover: two edges before one shop, at
//! 127.0.0.1 and 127.0.0.2, and a DNS of the test's own. cartload is never started again.

use std::process::Command;

use super::TURN;
use super::scene::{Scene, Size};
use crate::support::binary::wait;
use crate::support::names::Names;
use crate::support::nginx::{Nginx, Setup};

const NAME: &str = "shop.test";
const SIZE: Size = Size { agents: 60, cycles: 6, rate: 150 };

/// A shop that two edges lead to, and the name of one of them.
struct Two {
    scene: Scene,
    other: Nginx,
    names: Names,
}

impl Two {
    /// The first edge ends connections after so many requests; `None`, said aloud, where nginx or
    /// nss_wrapper is not installed.
    fn edges(requests: usize) -> Option<Self> {
        let mut names = Names::new()?;
        names.say(NAME, &["127.0.0.1"]);
        let server = format!("keepalive_requests {requests};");
        let scene = Scene::with(|setup| setup.server = server)?;
        let address = "127.0.0.2".parse().expect("an address");
        let setup = Setup { address, ..Setup::before(scene.shop.addr().port()) };
        let other = Nginx::at_port(scene.edge.port(), setup)?;
        Some(Self { scene, other, names })
    }

    fn run(&self) -> Command {
        let url = format!("https://{NAME}:{}", self.scene.edge.port());
        let mut command = self.scene.run_at(&url, SIZE);
        self.names.tell(&mut command);
        command
    }
}

#[actix::test]
async fn a_name_that_moves_is_followed_as_old_connections_end() {
    let _turn = TURN.acquire().await.unwrap();
    let Some(mut two) = Two::edges(15) else { return };
    let process = two.scene.place.start_of(&mut two.run());
    two.scene.until_asked(150);
    assert!(two.other.log().is_empty(), "the name has not moved yet");
    two.names.say(NAME, &["127.0.0.2"]);
    wait(|| two.other.log().len() > 100, || two.scene.place.log());
    let old = two.scene.edge.log().len();
    two.scene.until_asked(200);
    // Connections of before that are not at their 15th request.
    let late = two.scene.edge.log().len() - old;
    assert!(late < 100, "{late} requests went to the old address");
    two.scene.ends(process);
    two.scene.tell("a name that moves, the old address", &two.scene.sound_books());
    eprintln!("{} requests at the new address", two.other.log().len());
}

#[actix::test]
async fn an_address_that_dies_after_its_name_moved_freezes_nothing() {
    let _turn = TURN.acquire().await.unwrap();
    let Some(mut two) = Two::edges(1_000) else { return };
    let process = two.scene.place.start_of(&mut two.run());
    two.scene.until_asked(150);
    two.names.say(NAME, &["127.0.0.2"]);
    two.scene.edge.stop();
    two.scene.ends(process);
    let books = two.scene.books();
    two.scene.tell("an address that dies, the old one", &books);
    assert!(two.other.log().len() > 300, "{} requests", two.other.log().len());
    assert_eq!(books.unknown, 0, "a shop that honours keys tells of each order");
}

#[actix::test]
async fn an_address_that_dies_before_its_name_moves_freezes_the_run_and_resume_finds_the_new_one() {
    let _turn = TURN.acquire().await.unwrap();
    let Some(mut two) = Two::edges(1_000) else { return };
    let process = two.scene.place.start_of(&mut two.run());
    two.scene.until_asked(150);
    two.scene.edge.stop();
    let place = &two.scene.place;
    wait(|| place.log().contains("FROZEN"), || place.log());
    let said = place.log();
    assert!(said.contains("the shop does not answer"), "{said}");
    assert!(said.contains("whether the shop is up and reachable from here"), "{said}");
    let refused = two.scene.place.run(&["ctl", "resume"]);
    assert_eq!(refused.status.code(), Some(9), "{refused:?}");
    two.names.say(NAME, &["127.0.0.2"]);
    // On a busy machine its last flows may still be ending, and the resume is refused till then.
    let resumed = || two.scene.place.run(&["ctl", "resume"]).status.code() == Some(0);
    wait(resumed, || two.scene.place.log());
    assert_eq!(process.wait(), Some(0), "{}", two.scene.place.log());
    let books = two.scene.books();
    two.scene.tell("dead before its name moves, the old address", &books);
    assert!(two.other.log().len() > 300, "{} requests", two.other.log().len());
}

#[actix::test]
async fn a_name_of_two_addresses_of_which_the_first_is_dead_is_as_good() {
    let _turn = TURN.acquire().await.unwrap();
    let Some(mut two) = Two::edges(1_000) else { return };
    two.names.say(NAME, &["127.0.0.3", "127.0.0.2"]);
    let process = two.scene.place.start_of(&mut two.run());
    two.scene.ends(process);
    let books = two.scene.sound_books();
    two.scene.tell("the first of two addresses is dead, another one", &books);
    assert!(two.other.log().len() > 300, "{} requests", two.other.log().len());
}
