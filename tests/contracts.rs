//! Shops of several shapes, each a file that says its contract: which call is what, and what is
//! answered. One engine serves them all over real HTTP; the same must hold of a run at each.
//!
//! NAME.ron is a contract, NAME.profile.ron the profile for it; for `medusa` and `vendure` the
//! profiles are those that ship.

mod cart;
mod doctored;
mod goods;
mod operations;
mod runs;
mod server;
mod shape;
mod shop;
mod template;
mod trying;
mod walks;

use self::server::{ContractShop, Faults};

/// A contract by its name, and the profiles that a run at it takes.
pub struct Contract {
    pub name: &'static str,
    pub text: &'static str,
    pub profiles: &'static [Profile],
}

/// A profile, and what it promises.
pub struct Profile {
    pub name: &'static str,
    /// Its text, where it does not ship with cartload.
    pub text: Option<&'static str>,
    /// It finds lost orders: no outcome stays unknown.
    pub finds: bool,
    /// Within its visit a lost order is found, or is had by asking for it again.
    pub settles: bool,
    /// A cart outlives the process that filled it, for whoever comes as its agent again.
    pub keeps_carts: bool,
    /// A left cart is emptied; else it is forgotten, and stays as it is.
    pub clears: bool,
}

impl Profile {
    /// Whether an order that is found later is shown with its lines.
    fn shows_lines(&self) -> bool {
        self.finds && self.text.is_none()
    }
}

const fn own(name: &'static str, text: &'static str, finds: bool) -> Profile {
    Profile { text: Some(text), ..shipped(name, finds) }
}

const fn shipped(name: &'static str, finds: bool) -> Profile {
    Profile { name, text: None, finds, settles: true, keeps_carts: true, clears: true }
}

pub const MEDUSA: Contract = Contract {
    name: "medusa",
    text: include_str!("contracts/medusa.ron"),
    profiles: &[
        Profile { clears: false, ..shipped("medusa", false) },
        Profile { clears: false, ..shipped("medusa_login", true) },
    ],
};

pub const VENDURE: Contract = Contract {
    name: "vendure",
    text: include_str!("contracts/vendure.ron"),
    profiles: &[
        Profile { keeps_carts: false, ..shipped("vendure", true) },
        shipped("vendure_login", true),
    ],
};

pub const COOKIES: Contract = Contract {
    name: "cookies",
    text: include_str!("contracts/cookies.ron"),
    profiles: &[Profile {
        keeps_carts: false,
        ..own("cookies", include_str!("contracts/cookies.profile.ron"), true)
    }],
};

pub const CURSOR: Contract = Contract {
    name: "cursor",
    text: include_str!("contracts/cursor.ron"),
    profiles: &[Profile {
        keeps_carts: false,
        clears: false,
        ..own("cursor", include_str!("contracts/cursor.profile.ron"), true)
    }],
};

pub const UNPAGED: Contract = Contract {
    name: "unpaged",
    text: include_str!("contracts/unpaged.ron"),
    profiles: &[Profile {
        settles: false,
        ..own("unpaged", include_str!("contracts/unpaged.profile.ron"), false)
    }],
};

pub const ALWAYS_200: Contract = Contract {
    name: "always200",
    text: include_str!("contracts/always200.ron"),
    profiles: &[own("always200", include_str!("contracts/always200.profile.ron"), false)],
};

pub const TITLES: Contract = Contract {
    name: "titles",
    text: include_str!("contracts/titles.ron"),
    profiles: &[own("titles", include_str!("contracts/titles.profile.ron"), true)],
};

impl Contract {
    /// A shop of this contract.
    pub fn shop(&self, faults: Faults) -> ContractShop {
        ContractShop::start(self.name, self.text, faults)
    }
}
