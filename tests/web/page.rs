//! The page in a real browser.

use actors::circuit_breaker::messages::FreezeReason;
use actors::domain::incident::IncidentKind;
use actors::ports::store::RunState;
use cartload::web::Reading;

use crate::support::binary::{Place, wait};
use crate::support::browser::Browser;
use crate::support::served::{TOKEN, happens, running, serve};

/// The address in what a run has said.
pub fn url_of(place: &Place) -> String {
    let url = || {
        let log = place.log();
        let line = log.lines().find(|line| line.contains("the page is open"))?.to_owned();
        let rest = line.split_once("url=")?.1;
        Some(rest.split_whitespace().next()?.to_owned())
    };
    wait(|| url().is_some(), || format!("an address: {}", place.log()));
    url().unwrap()
}

#[test]
fn an_operator_watches_a_real_run_and_pauses_and_resumes_it() {
    let Some(browser) = Browser::open() else { return };
    let place = Place::new();
    let args = ["run", "--time-scale", "360", "--rate", "25", "--agents", "60"];
    let _run = place.start(&[&args[..], &["--warm-up", "off", "--serve", "127.0.0.1:0"]].concat());
    browser.look(1280, 900, "light");
    browser.go(&url_of(&place));
    let requests =
        r#"Number(document.querySelector('[data-f="requests"]').textContent.replaceAll(',', ''))"#;
    browser.wait("document.body.dataset.state === 'running'");
    browser.wait(&format!("{requests} > 30"));
    let seen = browser.number(r#"[data-f="requests"]"#);
    browser.wait(&format!("{requests} > {seen} + 10"));
    assert_eq!(browser.text(r#"[data-f="agents"]"#), "60");
    browser.wait("document.querySelectorAll('#cells .up').length > 0");
    browser.wait("document.querySelector('#rate-spark .line').getAttribute('d').length > 20");

    // Without a token nothing happens but the question for it, with a wrong one nothing at all.
    browser.click("#pause");
    browser.wait("document.querySelector('#answer').textContent.includes('token is needed')");
    browser.fill("#token", "not-the-right-token");
    browser.click("#token-panel button[type=submit]");
    browser.click("#pause");
    browser.wait("document.querySelector('#answer').textContent.includes('missing or wrong')");
    assert_eq!(browser.run("return document.body.dataset.state"), "running");

    let token = std::fs::read_to_string(place.data().join("web.token")).unwrap();
    browser.fill("#token", token.trim());
    browser.click("#token-panel button[type=submit]");
    assert_eq!(browser.run("return document.querySelector('#token').value"), "", "not left there");
    browser.click("#pause");
    browser.wait("document.querySelector('#answer').textContent.includes('the run is paused')");
    browser.wait("document.body.dataset.state === 'paused'");
    place.wait_for("runs WHERE state = 'paused'");
    browser.wait("document.querySelector('#incidents .pause') !== null");
    browser.click("#checkpoint");
    browser
        .wait("document.querySelector('#answer').textContent.includes('a checkpoint is written')");
    browser.click("#resume");
    browser.wait("document.body.dataset.state === 'running'");
    assert!(!place.log().contains(token.trim()), "the token is in no log");
    place.wait_for("incidents WHERE kind = 'resume' AND detail LIKE '%page%'");

    let origins = "return performance.getEntriesByType('resource')\
                   .every(r => r.name.startsWith(location.origin))";
    assert_eq!(browser.run(origins), true, "nothing comes from elsewhere");
    assert_eq!(browser.run("return document.cookie"), "");
    browser.click("#quit");
    browser.click("#quit-now");
    browser.wait("document.body.dataset.state === 'stopped'");
    // A browser calls each answer of 401 an error.
    let complaints: Vec<String> =
        browser.complaints().into_iter().filter(|said| !said.contains("401")).collect();
    assert!(complaints.iter().all(|said| said.contains("ERR_")), "{complaints:?}");
}

#[actix::test]
async fn what_a_shop_says_is_shown_as_text_and_the_freeze_with_what_to_do() {
    let Some(browser) = Browser::open() else { return };
    let evil = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>";
    let mut status = running();
    status.state = RunState::Frozen;
    status.frozen = Some(FreezeReason::StoreFailed { cause: evil.into() });
    happens(&mut status, IncidentKind::Freeze, evil);
    let served = serve(status, Reading::Open);
    browser.look(1280, 900, "light");
    browser.go(&format!("http://{}", served.web.addr()));
    browser.wait("document.body.dataset.state === 'frozen'");
    assert!(browser.text("#incidents").contains("<img src=x"));
    assert!(browser.text("#frozen").contains("<b>bold</b>"));
    assert!(browser.text("#frozen").contains("free space, rights"));
    assert_eq!(browser.run("return document.querySelectorAll('main img, main b b').length"), 0);
    assert!(!browser.run("return document.title").to_string().contains("owned"));
    served.status.send_modify(|status| (status.state, status.frozen) = (RunState::Running, None));
    browser.wait("document.querySelector('#frozen').hidden");
    assert_eq!(browser.complaints(), Vec::<String>::new());
    drop(browser);
    served.web.stop().await;
}

#[actix::test]
async fn it_fits_a_phone_and_follows_light_and_dark() {
    let Some(browser) = Browser::open() else { return };
    let served = serve(super::exposition::full(), Reading::Open);
    let mut looks = Vec::new();
    for scheme in ["light", "dark"] {
        browser.look(360, 740, scheme);
        browser.go(&format!("http://{}", served.web.addr()));
        browser.wait("document.querySelector('[data-f=orders]').textContent === '5'");
        let fits = "return innerWidth === 360 && document.documentElement.scrollWidth <= 360";
        assert_eq!(browser.run(fits), true, "no sideways scrolling");
        let overflowing = "return [...document.querySelectorAll('main *')].filter(e => \
            e.getClientRects().length && !e.closest('.sr, svg') && \
            e.getBoundingClientRect().right > 360.5).map(e => e.outerHTML.slice(0, 80))";
        assert_eq!(browser.run(overflowing), serde_json::json!([]), "nothing is cut off");
        let contrast = include_str!("contrast.js");
        assert_eq!(browser.run(contrast), serde_json::json!([]), "{scheme}: text can be read");
        looks.push(browser.run("return getComputedStyle(document.body).backgroundColor"));
    }
    assert_ne!(looks[0], looks[1], "light and dark");
    drop(browser);
    served.web.stop().await;
}

#[actix::test]
async fn what_is_wrong_can_be_read_in_light_and_in_dark() {
    let Some(browser) = Browser::open() else { return };
    let mut status = super::exposition::full();
    status.state = RunState::Frozen;
    let served = serve(status, Reading::Open);
    let tinted = "const opaque = e => getComputedStyle(e).backgroundColor;\
                  return [...document.querySelectorAll('#frozen, #cells .down')].map(opaque)";
    for scheme in ["light", "dark"] {
        browser.look(1280, 900, scheme);
        browser.go(&format!("http://{}", served.web.addr()));
        browser.wait("document.body.dataset.state === 'frozen'");
        let tints = browser.run(tinted);
        let tints: Vec<&str> =
            tints.as_array().unwrap().iter().map(|t| t.as_str().unwrap()).collect();
        assert!(tints.len() == 2 && tints.iter().all(|t| t.starts_with("color(srgb")), "{tints:?}");
        let contrast = include_str!("contrast.js");
        assert_eq!(browser.run(contrast), serde_json::json!([]), "{scheme}: text can be read");
    }
    drop(browser);
    served.web.stop().await;
}

#[actix::test]
async fn where_reading_takes_the_token_the_page_asks_for_it() {
    let Some(browser) = Browser::open() else { return };
    let served = serve(running(), Reading::WithToken);
    browser.go(&format!("http://{}", served.web.addr()));
    browser.wait("!document.querySelector('#token-panel').hidden");
    assert_eq!(browser.run("return document.body.dataset.state"), "starting");
    browser.fill("#token", TOKEN);
    browser.click("#token-panel button[type=submit]");
    browser.wait("document.body.dataset.state === 'running'");
    drop(browser);
    served.web.stop().await;
}
