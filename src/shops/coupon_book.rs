//! The coupon definitions (config/coupons.ron): a short sentence a coupon, read into exact values.
//!
//! An id is a function of kind, target and sentence, so that a coupon that changes its terms is
//! another coupon and what was handed out under the old terms stays what it was.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use domain::ids::CouponId;
use domain::money::{Cents, Percent};
use domain::offer::{Coupon, CouponKind, Discount};
use ports::shop_api::WalletMode;
use serde::Deserialize;
use text::bounded_file::{self, WRITTEN_BYTES_MAX};
use text::ron_text::{self, RonError};
use text::visible;
use uuid::Uuid;

const BUILTIN: &str = include_str!("../../config/coupons.ron");
/// Codes that a shopper knows, at most: as many as a wallet holds.
const CODES_MAX: usize = 32;
const CODE_BYTES_MAX: usize = 100;
const ALLOWED: &str = "write `10%`, `2.00 off`, `bogo 50%` or `free shipping`, then at most one \
                       `from <dollars>` and one `max <dollars>`";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    frontstore: Vec<String>,
    #[serde(default)]
    category: Vec<Targeted>,
    #[serde(default)]
    brand: Vec<Targeted>,
    #[serde(default)]
    codes: Vec<Code>,
}

/// A code that shoppers know.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Code {
    code: String,
    gives: String,
    #[serde(default)]
    category: Option<String>,
    #[serde(default)]
    brand: Option<String>,
}

/// What a file of coupons defines.
#[derive(Clone, Debug, Default)]
pub struct CouponBook {
    /// What is handed out (`wallet: engine`).
    pub offers: Arc<Vec<Coupon>>,
    /// Codes that every shopper knows, each its own id, which the shop judges (`wallet: codes`).
    pub codes: Arc<Vec<Coupon>>,
}

impl CouponBook {
    /// What counts at a shop whose coupons come from there.
    pub fn of(&self, wallet: WalletMode) -> Arc<Vec<Coupon>> {
        match wallet {
            WalletMode::Engine | WalletMode::Shop | WalletMode::None => Arc::clone(&self.offers),
            WalletMode::Codes => Arc::clone(&self.codes),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Targeted {
    of: String,
    coupons: Vec<String>,
}

/// The definitions that ship with cartload.
pub fn builtin() -> Result<Vec<Coupon>, RonError> {
    Ok(builtin_book()?.offers.as_ref().clone())
}

/// All that ships with cartload.
pub fn builtin_book() -> Result<CouponBook, RonError> {
    parse("config/coupons.ron", BUILTIN)
}

/// The definitions in the file at `path`.
pub fn read(path: &Path) -> Result<CouponBook, RonError> {
    let origin = path.display().to_string();
    let text = bounded_file::text(path, WRITTEN_BYTES_MAX).map_err(|unread| RonError {
        origin: origin.clone(),
        line: 1,
        column: 1,
        problem: format!("the file cannot be read: {unread}"),
    })?;
    parse(&origin, &text)
}

/// The id of the coupon with these terms.
pub fn coupon_id(kind: CouponKind, target: Option<&str>, terms: &str) -> CouponId {
    let code = format!("cartload/coupon/{kind}/{}/{terms}", target.unwrap_or_default());
    CouponId::new(Uuid::new_v5(&Uuid::NAMESPACE_URL, code.as_bytes()).to_string())
}

fn parse(origin: &str, text: &str) -> Result<CouponBook, RonError> {
    let book: Written = ron_text::parse(origin, text)?;
    let mut entries: Vec<(CouponKind, Option<String>, String)> = Vec::new();
    entries.extend(book.frontstore.into_iter().map(|terms| (CouponKind::Frontstore, None, terms)));
    for (kind, list) in [(CouponKind::Category, book.category), (CouponKind::Brand, book.brand)] {
        for Targeted { of, coupons } in list {
            entries.extend(coupons.into_iter().map(|terms| (kind, Some(of.clone()), terms)));
        }
    }
    let mut seen = HashSet::new();
    let mut coupons = Vec::with_capacity(entries.len());
    for (kind, target, terms) in entries {
        let at = Place { origin, text, kind, target: target.as_deref(), terms: &terms };
        let coupon = read_terms(kind, target.clone(), &terms).map_err(|why| at.error(&why))?;
        if !seen.insert(coupon.id.clone()) {
            return Err(at.error("it is there twice; delete one"));
        }
        coupons.push(coupon);
    }
    let codes = read_codes(origin, text, book.codes)?;
    Ok(CouponBook { offers: Arc::new(coupons), codes: Arc::new(codes) })
}

/// The codes, each with what the shop is known to give for it.
fn read_codes(origin: &str, text: &str, written: Vec<Code>) -> Result<Vec<Coupon>, RonError> {
    if written.len() > CODES_MAX {
        let problem =
            format!("codes: {} of them; a shopper knows {CODES_MAX} at most", written.len());
        return Err(RonError { origin: origin.to_owned(), line: 1, column: 1, problem });
    }
    let (mut codes, mut seen): (Vec<Coupon>, _) =
        (Vec::with_capacity(written.len()), HashSet::new());
    for Code { code, gives, category, brand } in written {
        let (kind, target) = match (category, brand) {
            (None, None) => (CouponKind::Frontstore, None),
            (Some(category), None) => (CouponKind::Category, Some(category)),
            (None, Some(brand)) => (CouponKind::Brand, Some(brand)),
            (Some(_), Some(_)) => {
                return Err(of_code(origin, text, &code, "one of `category` and `brand`"));
            }
        };
        let unfit = |why: &str| of_code(origin, text, &code, why);
        if code.trim().is_empty() || code.len() > CODE_BYTES_MAX || code.contains(char::is_control)
        {
            return Err(unfit("a code is 1 to 100 bytes without control characters"));
        }
        if !seen.insert(code.clone()) {
            return Err(unfit("it is there twice; delete one"));
        }
        let coupon = read_terms(kind, target, &gives).map_err(|why| unfit(&why))?;
        codes.push(Coupon { id: CouponId::new(&code), ..coupon });
    }
    Ok(codes)
}

fn of_code(origin: &str, text: &str, code: &str, why: &str) -> RonError {
    let at = text.find(&format!("{code:?}")).unwrap_or(0);
    let before = &text[..at];
    RonError {
        origin: origin.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
        problem: format!("code `{}`: {why}", visible::cut(code)),
    }
}

/// Where a sentence stands, to name its line in an error.
struct Place<'a> {
    origin: &'a str,
    text: &'a str,
    kind: CouponKind,
    target: Option<&'a str>,
    terms: &'a str,
}

impl Place<'_> {
    fn error(&self, why: &str) -> RonError {
        // From the list's key to the target to the sentence: the same terms stand in many places.
        let after =
            |from: usize, what: &str| self.text[from..].find(what).map_or(from, |p| p + from);
        let list = after(0, &format!("{}:", self.kind));
        let target = self.target.map_or(list, |t| after(list, &format!("{t:?}")));
        let at = after(target, &format!("{:?}", self.terms));
        let before = &self.text[..at];
        let of = self.target.map(|t| format!(" of {t:?}")).unwrap_or_default();
        RonError {
            origin: self.origin.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
            problem: format!("{}{of}: coupon `{}`: {why}", self.kind, self.terms),
        }
    }
}

/// The coupon that `terms` describes.
fn read_terms(kind: CouponKind, target: Option<String>, terms: &str) -> Result<Coupon, String> {
    let words: Vec<&str> = terms.split(' ').collect();
    let (discount, mut rest): (Discount, &[&str]) = match words.as_slice() {
        ["free", "shipping", rest @ ..] => (Discount::FreeShipping, rest),
        ["bogo", percent, rest @ ..] => (Discount::BuyOneGetOne(read_percent(percent)?), rest),
        [amount, "off", rest @ ..] => (Discount::FixedOff(read_amount(amount)?), rest),
        [percent, rest @ ..] => (Discount::PercentOff(read_percent(percent)?), rest),
        [] => return Err(ALLOWED.to_owned()),
    };
    let mut min_purchase = None;
    let mut max_discount = None;
    while let [word, amount, more @ ..] = rest {
        let slot = match *word {
            "from" if kind == CouponKind::Frontstore => &mut min_purchase,
            "from" => return Err("`from` is for frontstore coupons only".to_owned()),
            "max" if matches!(discount, Discount::PercentOff(_)) => &mut max_discount,
            "max" => return Err("`max` is for percent coupons only".to_owned()),
            _ => return Err(ALLOWED.to_owned()),
        };
        if slot.replace(read_amount(amount)?).is_some() {
            return Err(format!("`{word}` is there twice"));
        }
        rest = more;
    }
    if !rest.is_empty() {
        return Err(ALLOWED.to_owned());
    }
    let id = coupon_id(kind, target.as_deref(), terms);
    let min_purchase = min_purchase.unwrap_or(Cents::ZERO);
    Ok(Coupon { id, kind, target, discount, min_purchase, max_discount })
}

fn read_amount(word: &str) -> Result<Cents, String> {
    let amount: Cents = word.parse().map_err(|error| format!("{error}; {ALLOWED}"))?;
    if amount > Cents::ZERO { Ok(amount) } else { Err(format!("`{word}` is not above 0")) }
}

fn read_percent(word: &str) -> Result<Percent, String> {
    let number = word.strip_suffix('%').ok_or_else(|| ALLOWED.to_owned())?;
    let percent: Percent = number.parse().map_err(|error| format!("{error}; {ALLOWED}"))?;
    if percent > Percent(0) && percent <= Percent(10_000) {
        Ok(percent)
    } else {
        Err(format!("`{word}` is not above 0% and at most 100%"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_builtin_book_has_25_frontstore_8_a_category_and_3_a_brand() {
        let coupons = builtin().expect("the embedded book is valid");
        assert_eq!(coupons.len(), 257);
        let mut per_target: BTreeMap<_, usize> = BTreeMap::new();
        for coupon in &coupons {
            *per_target.entry((coupon.kind, coupon.target.clone())).or_default() += 1;
        }
        let count = |kind| per_target.keys().filter(|(k, _)| *k == kind).count();
        assert_eq!(count(CouponKind::Category), 20);
        assert_eq!(count(CouponKind::Brand), 24);
        for ((kind, target), coupons) in per_target {
            let expected = match kind {
                CouponKind::Frontstore => 25,
                CouponKind::Category => 8,
                CouponKind::Brand => 3,
            };
            assert_eq!(coupons, expected, "{kind} {target:?}");
        }
    }

    #[test]
    fn terms_become_exact_values() {
        let front = |terms| read_terms(CouponKind::Frontstore, None, terms);
        let coupon = front("12.5% from 75.00 max 15.00").expect("valid");
        assert_eq!(coupon.discount, Discount::PercentOff(Percent(1_250)));
        assert_eq!(coupon.min_purchase, Cents(7_500));
        assert_eq!(coupon.max_discount, Some(Cents(1_500)));
        assert_eq!(front("6.50 off").expect("valid").discount, Discount::FixedOff(Cents(650)));
        let bogo = front("bogo 40%").expect("valid").discount;
        assert_eq!(bogo, Discount::BuyOneGetOne(Percent(4_000)));
        let free = front("free shipping from 25.00").expect("valid");
        assert_eq!((free.discount, free.min_purchase), (Discount::FreeShipping, Cents(2_500)));
    }

    #[test]
    fn terms_that_say_nothing_or_too_much_are_refused() {
        for terms in ["", "10", "101%", "0%", "-1.00 off", "2.00 off max 1.00", "5% from", "bogo"] {
            assert!(read_terms(CouponKind::Frontstore, None, terms).is_err(), "`{terms}`");
        }
        let brand = read_terms(CouponKind::Brand, Some("x".to_owned()), "5% from 10.00");
        assert_eq!(brand, Err("`from` is for frontstore coupons only".to_owned()));
    }

    #[test]
    fn a_mistake_is_named_by_line_column_and_coupon() {
        let text = "(\n  frontstore: [\"5%\"],\n  category: [],\n  brand: [\n    (of: \"Acme\", \
                    coupons: [\"1.00 off\", \"ten\"]),\n  ],\n)\n";
        let error = parse("my.ron", text).expect_err("`ten` means nothing");
        assert_eq!((error.line, error.column), (5, 40));
        assert!(error.problem.starts_with("brand of \"Acme\": coupon `ten`: "), "{error}");
    }

    #[test]
    fn a_code_is_its_own_id_and_says_what_it_gives() {
        let text = r#"(codes: [(code: "TEN", gives: "10%"),
            (code: "SPRING", category: "Shirts", gives: "20% max 5.00")])"#;
        let book = parse("my.ron", text).expect("valid");
        assert!(book.offers.is_empty());
        let ids: Vec<&str> = book.codes.iter().map(|code| code.id.as_str()).collect();
        assert_eq!(ids, ["TEN", "SPRING"]);
        assert_eq!(book.codes[1].target.as_deref(), Some("Shirts"));
        assert_eq!(book.of(WalletMode::Codes).len(), 2);
        assert_eq!(book.of(WalletMode::Engine).len(), 0);
        for (wrong, says) in [
            (r#"(codes: [(code: "A", gives: "ten")])"#, "code `A`"),
            (r#"(codes: [(code: "", gives: "10%")])"#, "1 to 100 bytes"),
            (r#"(codes: [(code: "A", gives: "1%"), (code: "A", gives: "2%")])"#, "twice"),
            (r#"(codes: [(code: "A", gives: "1%", category: "c", brand: "b")])"#, "one of"),
        ] {
            let error = parse("my.ron", wrong).expect_err(wrong);
            assert!(error.to_string().contains(says), "{error}");
        }
    }

    #[test]
    fn the_same_terms_twice_on_one_target_are_refused() {
        let error = parse("my.ron", "(frontstore: [\"5%\", \"5%\"], category: [], brand: [])")
            .expect_err("twice");
        assert!(error.problem.contains("twice"), "{error}");
    }

    #[test]
    fn an_id_is_the_same_in_every_release() {
        let id = coupon_id(CouponKind::Frontstore, None, "5% from 20.00 max 5.00");
        assert_eq!(builtin().expect("valid")[0].id, id);
        assert_eq!(id.as_str(), "f355e300-a309-52c9-9eb9-1360a15ac789");
    }
}
