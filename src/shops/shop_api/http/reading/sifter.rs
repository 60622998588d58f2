//! Lists of which one item does not fit: it is left out and named, the others are taken. Where less
//! than half is left it is the profile that is wrong, not an item.

use domain::shop_notes::{Misread, Outcome};

use super::Unparsable;
use super::value::{At, shown};
use crate::shop_api::profile::Field;

/// Items of one answer that are named.
const NAMED_MAX: usize = 3;

/// Takes the lists of one answer in.
#[derive(Default)]
pub(super) struct Sifter {
    came: usize,
    left_out: usize,
    misreads: Vec<Misread>,
    first: Option<Unparsable>,
}

impl Sifter {
    /// Each item of the list in `list` that `read` can read; the others are named by what is in
    /// `id`.
    pub(super) fn take<'v, T>(
        &mut self,
        at: At<'v>,
        list: &'v Field,
        id: &Field,
        mut read: impl FnMut(At<'v>) -> Result<T, Unparsable>,
    ) -> Result<Vec<T>, Unparsable> {
        let mut items = Vec::new();
        for (index, value) in at.list(list)?.iter().enumerate() {
            self.came += 1;
            let item = at.item(list, index, value);
            match read(item) {
                Ok(read) => items.push(read),
                Err(wrong) => self.leave_out(item, id, wrong),
            }
        }
        Ok(items)
    }

    fn leave_out(&mut self, item: At<'_>, id: &Field, wrong: Unparsable) {
        self.left_out += 1;
        if self.misreads.len() < NAMED_MAX {
            let id = item.optional_text(id).ok().flatten().map(|id| shown(&id));
            self.misreads.push(Misread { id, ..wrong.misread(Outcome::LeftOut) });
        }
        self.first.get_or_insert(wrong);
    }

    /// How many items there were, and those that are named; the first that does not fit where less
    /// than half is left. One alone never refuses the rest, be the rest nothing.
    pub(super) fn end(self) -> Result<(usize, Vec<Misread>), Unparsable> {
        match self.first {
            Some(first) if self.left_out > 1 && self.left_out * 2 > self.came => Err(first),
            Some(_) | None => Ok((self.came, self.misreads)),
        }
    }
}
