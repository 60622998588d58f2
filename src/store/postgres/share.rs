//! How many connections a pool may have of those that its server has: half of what is free at the
//! most, so that a shop on the same server keeps the other half. Arithmetic alone.

use std::fmt;

/// What a pool has where nobody says more and what is free cannot be read: as many as a transaction
/// pooler keeps by itself.
const UNREAD: u32 = 20;

/// What a pool is wanted to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    /// Connections at most.
    pub(super) ceiling: u32,
    /// Of these: said by the operator, to be had even where others could want them.
    pub(super) set: u32,
}

/// What a server says about its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// What an ordinary user could open beside everybody else's, this pool's not counted.
    pub(super) free: u32,
    /// All it has (`max_connections`).
    pub(super) total: u32,
}

/// How it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// The server said so.
    Room(Room),
    /// What a pooler has free nobody can read.
    Pooled,
    /// The server does not say.
    Unread,
}

impl Seen {
    /// What the server said.
    pub(super) fn room(self) -> Option<Room> {
        match self {
            Self::Room(room) => Some(room),
            Self::Pooled | Self::Unread => None,
        }
    }
}

impl Wish {
    /// What of it may be had: what is set is had as far as there is any, the rest only up to the
    /// half of what is free; one at least.
    pub(super) fn share(self, seen: Seen) -> u32 {
        let (free, fair) = match seen {
            Seen::Room(room) => (room.free, room.free / 2),
            Seen::Pooled | Seen::Unread => (u32::MAX, UNREAD),
        };
        self.set.max(self.ceiling.min(fair)).min(free).max(1)
    }

    /// Whether it is no more than anybody has behind a pooler, and nobody insists on it.
    pub(super) fn is_modest(self) -> bool {
        self.set == 0 && self.ceiling <= UNREAD
    }

    /// Why it is that many.
    pub(super) fn why(self, seen: Seen) -> Why {
        Why { wish: self, seen }
    }
}

/// The reason for a share, for people.
pub(super) struct Why {
    wish: Wish,
    seen: Seen,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (size, Wish { ceiling, set }) = (self.wish.share(self.seen), self.wish);
        let said = match size {
            size if size == set => "as set".to_owned(),
            size if size == ceiling => "the ceiling".to_owned(),
            _ => String::new(),
        };
        match self.seen {
            Seen::Room(Room { free, total }) => {
                let of = format!("{free} connections free of {total}");
                match said.as_str() {
                    "" if size < set => write!(f, "all there is of the {set} that are set, {of}"),
                    "" if size == free / 2 => write!(f, "half of {of}"),
                    "" => write!(f, "the least there can be, {of}"),
                    said => write!(f, "{said}, {of}"),
                }
            }
            Seen::Pooled if said.is_empty() => {
                f.write_str("behind a pooler free connections cannot be read")
            }
            Seen::Pooled => write!(f, "{said}, behind a pooler"),
            Seen::Unread if said.is_empty() => {
                f.write_str("the server does not say how many connections are free")
            }
            Seen::Unread => {
                write!(f, "{said}; the server does not say how many connections are free")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 50 + 75, nothing of it said by the operator.
    const DEFAULT: Wish = Wish { ceiling: 125, set: 0 };

    fn room(free: u32) -> Seen {
        Seen::Room(Room { free, total: free + 3 })
    }

    #[test]
    fn half_of_what_is_free_is_had_and_one_at_least() {
        for (free, share) in [
            (0, 1),
            (1, 1),
            (2, 1),
            (3, 1),
            (4, 2),
            (5, 2),
            (57, 28),
            (58, 29),
            (249, 124),
            (250, 125),
            (251, 125),
            (252, 125),
            (1000, 125),
            (u32::MAX, 125),
        ] {
            let seen = Seen::Room(Room { free, total: 1_000 });
            assert_eq!(DEFAULT.share(seen), share, "{free} free");
            let left = free.saturating_sub(share);
            assert!(left >= free / 2 || free == 1, "{free} free: {left} left to others");
        }
    }

    #[test]
    fn what_is_set_is_had_but_never_more_than_there_is() {
        let set = |connections| Wish { ceiling: connections, set: connections };
        for (wanted, free, share) in
            [(8, 57, 8), (28, 57, 28), (29, 57, 29), (57, 57, 57), (58, 57, 57), (120, 57, 57)]
        {
            assert_eq!(set(wanted).share(room(free)), share, "{wanted} of {free}");
        }
        assert_eq!(set(8).share(room(0)), 1);
        // One of the two numbers is set, the other a default: the default never goes past half.
        let base = |base| Wish { ceiling: base + 75, set: base };
        assert_eq!(base(4).share(room(57)), 28);
        assert_eq!(base(27).share(room(57)), 28);
        assert_eq!(base(40).share(room(57)), 40);
        assert_eq!(base(4).share(room(1_000)), 79);
    }

    #[test]
    fn unread_it_is_20_unless_more_is_set() {
        for seen in [Seen::Pooled, Seen::Unread] {
            assert_eq!(DEFAULT.share(seen), 20);
            assert_eq!(Wish { ceiling: 20, set: 0 }.share(seen), 20);
            assert_eq!(Wish { ceiling: 19, set: 0 }.share(seen), 19);
            assert_eq!(Wish { ceiling: 96, set: 21 }.share(seen), 21);
            assert_eq!(Wish { ceiling: 8, set: 8 }.share(seen), 8);
        }
    }

    #[test]
    fn the_reason_names_what_was_seen() {
        let set = |connections| Wish { ceiling: connections, set: connections };
        let said = |wish: Wish, seen| wish.why(seen).to_string();
        assert_eq!(said(DEFAULT, room(57)), "half of 57 connections free of 60");
        assert_eq!(said(DEFAULT, room(997)), "the ceiling, 997 connections free of 1000");
        assert_eq!(said(DEFAULT, room(1)), "the least there can be, 1 connections free of 4");
        assert_eq!(said(set(40), room(57)), "as set, 57 connections free of 60");
        assert_eq!(
            said(set(120), room(57)),
            "all there is of the 120 that are set, 57 connections free of 60"
        );
        assert_eq!(said(DEFAULT, Seen::Pooled), "behind a pooler free connections cannot be read");
        assert_eq!(said(set(50), Seen::Pooled), "as set, behind a pooler");
        assert!(said(DEFAULT, Seen::Unread).contains("does not say"));
    }
}
