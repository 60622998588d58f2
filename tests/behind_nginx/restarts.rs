//! An edge that is reloaded, as with each new certificate, or restarted, in the middle of a run.

use super::TURN;
use super::scene::{Scene, Size};

const SIZE: Size = Size { agents: 60, cycles: 6, rate: 150 };

#[actix::test]
async fn reloads_cost_no_order_and_no_visit_but_of_a_write_that_crossed_a_connections_end() {
    let _turn = TURN.acquire().await.unwrap();
    let Some(mut scene) = Scene::with(|_| {}) else { return };
    let process = scene.place.start_of(&mut scene.run(SIZE));
    for _ in 0..5 {
        scene.until_asked(120);
        scene.edge.reload(|_| {});
    }
    scene.ends(process);
    let books = scene.books();
    scene.tell("five reloads", &books);
    assert_eq!(books.unknown, 0, "a shop that honours keys tells of each order");
    // Nothing proves that the edge had not read it, and adding twice is no way out.
    let why = scene.why();
    assert!(why.iter().all(|why| why.contains("closed before it answered")), "{why:?}");
    assert!(books.failed <= 5, "{why:?}");
}

#[actix::test]
async fn restarts_that_cut_calls_lose_and_double_no_order() {
    let _turn = TURN.acquire().await.unwrap();
    let Some(mut scene) = Scene::with(|_| {}) else { return };
    let process = scene.place.start_of(&mut scene.run(SIZE));
    for _ in 0..3 {
        scene.until_asked(200);
        scene.edge.stop();
        scene.edge.start();
    }
    scene.ends(process);
    let books = scene.books();
    scene.tell("three restarts", &books);
    assert_eq!(books.unknown, 0, "a shop that honours keys tells of each order");
}
