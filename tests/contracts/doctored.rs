//! `cartload doctor` at each contract: nothing fails, it costs few requests, one order at most is
//! in the books, and no cart is left.

use serde_json::Value;

use super::server::Faults;
use super::{ALWAYS_200, COOKIES, CURSOR, Contract, MEDUSA, Profile, TITLES, UNPAGED, VENDURE};
use crate::support::binary::Place;

/// Without the ramp a shop is asked no more.
const REQUESTS_MAX: u64 = 60;

fn holds(contract: &Contract, profile: &Profile, order: bool) {
    let (place, shop) = (Place::new(), contract.shop(Faults::default()));
    std::fs::write(place.path().join("codes.ron"), include_str!("coupons.ron")).unwrap();
    let name = match profile.text {
        Some(text) => {
            std::fs::write(place.path().join("shop.ron"), text).unwrap();
            "shop.ron"
        }
        None => profile.name,
    };
    let url = shop.url();
    let mut args = vec!["doctor", "--json", "--api", &url, "--profile", name];
    args.extend(order.then_some("--order"));
    let mut command = place.command(&args);
    command.env("CARTLOAD_MEDUSA_KEY", "pk_contract_kept_from_view");
    command.env("CARTLOAD_OFFERS_COUPONS_FILE", "codes.ron");
    let (said, _) = place.expect_of(0, &mut command);
    assert!(!said.contains("pk_contract"), "a secret: {said}");
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(report["failures"], 0, "{}: {report:#}", profile.name);
    let (requests, books) = (report["requests"].as_u64().unwrap(), shop.books());
    assert!((8..=REQUESTS_MAX).contains(&requests), "{}: {requests}", profile.name);
    assert_eq!(books.orders.len(), usize::from(order), "{}: {report:#}", profile.name);
    if profile.clears {
        assert_eq!(books.carts_with_items, 0, "{}: a cart is left", profile.name);
    }
}

#[test]
fn the_doctor_finds_no_failure_at_each_contract_within_sixty_requests() {
    std::thread::scope(|scope| {
        for contract in [&MEDUSA, &VENDURE, &COOKIES, &CURSOR, &UNPAGED, &ALWAYS_200, &TITLES] {
            for profile in contract.profiles {
                for order in [false, true] {
                    scope.spawn(move || holds(contract, profile, order));
                }
            }
        }
    });
}
