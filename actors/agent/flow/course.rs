//! The way through the shop: on a course, or straight, first looking and then filling the cart.

use std::sync::Arc;

use crate::agent::calls::CallStop;
use crate::agent::decision::{self, Course, Turn};
use crate::domain::behavior::ChoiceRule;
use crate::domain::catalog::Product;
use crate::domain::offer::Coupon;

use super::aisle::Aisle;

/// What was listed, and of it what is chosen.
type Chosen = (Vec<Product>, Vec<Product>);

impl Aisle<'_> {
    /// Considers one product after the other, as the course says.
    pub(super) async fn follow(&mut self, course: &Course) -> Result<(), CallStop> {
        let shop = self.0.settings.shop;
        let turns = course.turns.len();
        let most = u32::try_from(turns).unwrap_or(u32::MAX).saturating_add(course.others());
        let (listed, mut wanted) = self.chosen(most).await?;
        if course.readds {
            let now = self.0.with(|d| d.key.simulated_at);
            let left = self.0.state.memory.left_cart_at(now);
            wanted = decision::with_what_was_left(left, &listed, wanted);
        }
        let mut others = wanted.split_off(turns.min(wanted.len()));
        if let Some(first) = wanted.first().filter(|_| course.searches && shop.searches) {
            let found = self.search(&decision::query_for(first)).await?;
            let is_new = |p: &Product| wanted.iter().all(|wanted| wanted.id != p.id);
            others.splice(0..0, found.into_iter().filter(is_new));
        }
        for (turn, product) in course.turns.iter().zip(wanted) {
            let Some(product) = self.consider(turn, product, &mut others).await? else { continue };
            if course.bounces {
                break;
            }
            let is_in = self.take(&product, course.rule.take).await?;
            if is_in && turn.takes_out && shop.removes {
                let visit = &mut *self.0;
                let cart = visit.with(|d| d.cart.clone());
                if let Some(out) = decision::draw_removal(&mut visit.state.rng, &cart) {
                    self.remove(&out).await?;
                }
            }
        }
        Ok(())
    }

    /// Opens the pages of one turn; `None` where the shop no longer has the product.
    async fn consider(
        &mut self,
        turn: &Turn,
        product: Product,
        others: &mut Vec<Product>,
    ) -> Result<Option<Product>, CallStop> {
        if !turn.page {
            return Ok(Some(product));
        }
        let Some(seen) = self.view(product).await? else { return Ok(None) };
        for _ in 0..turn.others {
            let of_category = others.iter().position(|other| other.category == seen.category);
            if others.is_empty() {
                break;
            }
            let other = others.remove(of_category.unwrap_or(0));
            self.view(other).await?;
        }
        if turn.again { self.view(seen).await } else { Ok(Some(seen)) }
    }

    /// Looks at up to `views` products, then fills the cart with those that are wanted.
    pub(super) async fn look_and_fill(&mut self, views: u32) -> Result<(), CallStop> {
        for product in self.look(views).await? {
            self.take(&product, 1.0).await?;
        }
        Ok(())
    }

    /// Looks at up to `wanted` products and answers them in the order seen.
    pub(super) async fn look(&mut self, wanted: u32) -> Result<Vec<Product>, CallStop> {
        let (_, chosen) = self.chosen(wanted).await?;
        let mut shelf = Vec::with_capacity(chosen.len());
        for product in chosen {
            if let Some(product) = self.view(product).await? {
                shelf.push(product);
            }
        }
        Ok(shelf)
    }

    /// Up to `wanted` products, in the order in which they are wanted.
    async fn chosen(&mut self, wanted: u32) -> Result<Chosen, CallStop> {
        match self.0.settings.behavior.choice {
            Some(rule) => self.wished(&rule, wanted).await,
            None => self.evenly(wanted).await,
        }
    }

    /// By the product-choice rule, of all that the shop lists; where that is a part of what it
    /// sells, of a preferred category too.
    async fn wished(&mut self, rule: &ChoiceRule, wanted: u32) -> Result<Chosen, CallStop> {
        let mut listed = self.list(None).await?;
        if self.0.shop.catalog.is_more_than(listed.len()) {
            let persona = Arc::clone(&self.0.persona);
            if let Some(category) = decision::choose_category(&mut self.0.state.rng, &persona) {
                listed.extend(self.list(Some(category)).await?);
            }
        }
        let visit = &mut *self.0;
        let (day, wallet) = visit.with(|d| (d.key.simulated_at.date(), d.wallet.clone()));
        let held = wallet.assignments.iter().filter_map(|held| {
            visit.settings.coupons.iter().find(|coupon| coupon.id == held.coupon_id)
        });
        let held: Vec<&Coupon> = held.collect();
        let who = decision::Wisher {
            persona: &visit.persona,
            memory: &visit.state.memory,
            held: &held,
            pull: decision::coupon_pull(&visit.settings.behavior.coupon, &visit.persona),
        };
        let seen = (&listed[..], &*visit.settings.prices, day);
        let chosen = decision::wish(&mut visit.state.rng, rule, seen, wanted, who);
        Ok((listed, chosen))
    }

    /// Evenly, but for the brands of a loyal agent: of one preferred category, then of everything.
    async fn evenly(&mut self, wanted: u32) -> Result<Chosen, CallStop> {
        let persona = Arc::clone(&self.0.persona);
        let category =
            decision::choose_category(&mut self.0.state.rng, &persona).map(str::to_owned);
        let mut listed = self.list(category.as_deref()).await?;
        let mut chosen = decision::choose_products(
            &mut self.0.state.rng,
            &self.0.settings.behavior.look,
            &listed,
            wanted,
            &self.0.persona,
            &self.0.state.memory,
        );
        if category.is_some() && chosen.len() < wanted as usize {
            let all = self.list(None).await?;
            decision::top_up(
                &mut self.0.state.rng,
                &self.0.settings.behavior.look,
                &mut chosen,
                &all,
                wanted,
                (&self.0.persona, &self.0.state.memory),
            );
            listed.extend(all);
        }
        Ok((listed, chosen))
    }
}
