//! The page in a real browser, from a file.

use std::fs;

use serde_json::json;

use crate::events::{clean, interrupted};
use crate::support::binary::Place;
use crate::support::browser::Browser;

/// A place with the page of its run beside another one's, and the page's address.
fn page_of(other: &Place) -> (Place, String) {
    let place = Place::copy_of(other);
    let (runs, _) = place.expect(0, &["verify", "--list", "--json"]);
    let runs: serde_json::Value = serde_json::from_str(&runs).unwrap();
    let first = runs[0]["run_id"].as_str().unwrap();
    let args = ["run", "--cycles", "9", "--time-scale", "max", "--rate", "unlimited", "--quiet"];
    place.expect(0, &[&args[..], &["--warm-up", "off", "--start", "2026-01-05T14:00"]].concat());
    let (list, _) = place.expect(0, &["verify", "--list", "--json"]);
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let second = list[0]["run_id"].as_str().unwrap();
    assert_ne!(first, second);
    place.expect(0, &["report", first, "--compare", second, "-o", "r.html"]);
    let url = format!("file://{}", place.path().join("r.html").display());
    (place, url)
}

#[test]
fn it_fits_desk_and_phone_and_follows_light_and_dark() {
    let Some(browser) = Browser::open() else { return };
    let (_place, url) = page_of(interrupted());
    let mut looks = Vec::new();
    for (width, height) in [(1280, 900), (800, 900), (360, 740)] {
        for scheme in ["light", "dark"] {
            browser.look(width, height, scheme);
            browser.go(&url);
            let open = "document.querySelectorAll('details').forEach(d => d.open = true); return 1";
            browser.run(open);
            let fits = "return document.documentElement.scrollWidth <= innerWidth";
            assert_eq!(browser.run(fits), true, "{width}: no sideways scrolling");
            let overflowing = "return [...document.querySelectorAll('main *')].filter(e => \
                e.getClientRects().length && !e.closest('.scroll') && \
                e.getBoundingClientRect().right > innerWidth + 0.5)\
                .map(e => e.outerHTML.slice(0, 90))";
            assert_eq!(browser.run(overflowing), json!([]), "{width}: nothing is cut off");
            let small = "return [...document.querySelectorAll('svg text')].filter(e => \
                e.getClientRects().length && e.getBoundingClientRect().height < 9).length";
            assert_eq!(browser.run(small), 0, "{width}: letters of pictures can be read");
            let contrast = include_str!("../web/contrast.js");
            assert_eq!(browser.run(contrast), json!([]), "{width} {scheme}: text can be read");
            looks.push(browser.run("return getComputedStyle(document.body).backgroundColor"));
        }
    }
    assert_ne!(looks[0], looks[1], "light and dark");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn it_loads_nothing_and_says_each_picture_in_words() {
    let Some(browser) = Browser::open() else { return };
    let (place, url) = page_of(clean());
    browser.look(1280, 900, "light");
    browser.go(&url);
    let loaded = "return performance.getEntriesByType('resource').map(r => r.name)\
                  .filter(n => !n.startsWith('data:'))";
    assert_eq!(browser.run(loaded), json!([]));
    assert_eq!(browser.run("return document.scripts.length"), 0);
    let silent = "return [...document.querySelectorAll('svg')].filter(s => {\
        const ids = s.getAttribute('aria-labelledby').split(' ');\
        return s.getAttribute('role') !== 'img' || \
          !ids.every(id => document.querySelectorAll('#' + id).length === 1 && \
            document.getElementById(id).textContent.length > 5)\
      }).length";
    assert_eq!(browser.run(silent), 0, "each picture has a title and a description of its own");
    assert!(browser.run("return document.querySelectorAll('svg').length").as_i64() > Some(15));
    let shown = "return [...document.querySelectorAll('figure')].every(f => \
        [...f.querySelectorAll('svg')].filter(s => s.getClientRects().length).length === 1)";
    assert_eq!(browser.run(shown), true, "one of both sizes");
    let page = fs::read_to_string(place.path().join("r.html")).unwrap();
    assert!(!page.contains("http://") && !page.contains("https://"), "no address in it");
}

#[test]
fn texts_of_a_picture_do_not_lie_on_each_other() {
    let Some(browser) = Browser::open() else { return };
    let (_place, url) = page_of(interrupted());
    for (width, height) in [(1280, 900), (360, 740)] {
        browser.look(width, height, "light");
        browser.go(&url);
        let overlapping = "const found = []; for (const s of document.querySelectorAll('svg')) {\
            const t = [...s.querySelectorAll('text')].filter(e => e.getClientRects().length)\
              .map(e => [e.textContent, e.getBoundingClientRect()]);\
            for (let a = 0; a < t.length; a++) for (let b = 0; b < a; b++) {\
              const [x, y] = [t[a][1], t[b][1]];\
              if (x.left < y.right - 1 && y.left < x.right - 1 && x.top < y.bottom - 4 && \
                  y.top < x.bottom - 4) found.push(t[a][0] + ' / ' + t[b][0]);\
            } } return found";
        assert_eq!(browser.run(overlapping), json!([]), "{width}");
    }
}
