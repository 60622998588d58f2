//! When an operator is told that the shop is slower than the rate, and when that it is not any
//! more: once each way, never back and forth.
//!
//! Judged over demand: time in which a call waits. What a shop does while nobody wants anything of
//! it says nothing.

use std::collections::VecDeque;
use std::time::Duration;

/// A span of demand is closed at this length, s: a thousand of them reach far enough back.
const SPAN_S: f64 = 0.25;
/// Slow is judged over so much demand, s...
const SLOW_SPAN_S: f64 = 10.0;
/// ...of which this was held back, s...
const SLOW_BLOCKED_S: f64 = 5.0;
/// ...while the bound grew by no more than this factor.
const SLOW_GROWTH_MAX: f64 = 1.2;
/// Back is judged over so much demand the first time, s: each time it is said it takes twice as
/// much to be said again...
const BACK_SPAN_FIRST_S: f64 = 30.0;
/// ...but no more than this, s...
const BACK_SPAN_MAX_S: f64 = 240.0;
/// ...of which less than this was held back, s.
const BACK_BLOCKED_S: f64 = 3.0;

/// Some time in which calls waited.
#[derive(Clone, Copy, Debug)]
struct Span {
    demand_s: f64,
    blocked_s: f64,
    /// The bound when it began.
    bound: f64,
}

/// The demand of the last minutes and what was said of it.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Oldest first; all but the last closed.
    spans: VecDeque<Span>,
    /// Demand in `spans`, s.
    demand_s: f64,
    is_slow: bool,
    /// What it takes to be back, s.
    back_span_s: f64,
}

impl Default for Notice {
    fn default() -> Self {
        let (spans, demand_s) = (VecDeque::new(), 0.0);
        Self { spans, demand_s, is_slow: false, back_span_s: BACK_SPAN_FIRST_S }
    }
}

impl Notice {
    /// Calls waited for `demand`, for `blocked` of it only because of the bound.
    pub fn note(&mut self, demand: Duration, blocked: Duration, bound: f64) {
        let (demand_s, blocked_s) = (demand.as_secs_f64(), blocked.as_secs_f64());
        if demand_s <= 0.0 {
            return;
        }
        self.demand_s += demand_s;
        match self.spans.back_mut().filter(|span| span.demand_s < SPAN_S) {
            Some(span) => {
                span.demand_s += demand_s;
                span.blocked_s += blocked_s;
            }
            None => self.spans.push_back(Span { demand_s, blocked_s, bound }),
        }
        if self.spans.back().is_some_and(|span| span.demand_s >= SPAN_S) {
            self.forget();
            self.judge(bound);
        }
    }

    /// Whether the shop was last said to be slow.
    pub fn is_slow(&self) -> bool {
        self.is_slow
    }

    /// Everything noted was of another bound.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    fn judge(&mut self, bound: f64) {
        if self.is_slow {
            let over = self.blocked_s(self.back_span_s);
            if over.is_some_and(|(blocked_s, _)| blocked_s < BACK_BLOCKED_S) {
                self.is_slow = false;
                self.back_span_s = (2.0 * self.back_span_s).min(BACK_SPAN_MAX_S);
            }
        } else {
            let over = self.blocked_s(SLOW_SPAN_S);
            self.is_slow = over.is_some_and(|(blocked_s, before)| {
                blocked_s >= SLOW_BLOCKED_S && bound <= before * SLOW_GROWTH_MAX
            });
        }
    }

    /// What was held back of the last `over_s` of demand, s, and the bound when it began; `None`
    /// where there was not so much demand.
    fn blocked_s(&self, over_s: f64) -> Option<(f64, f64)> {
        let (mut left_s, mut blocked_s) = (over_s, 0.0);
        for span in self.spans.iter().rev() {
            let part = (left_s / span.demand_s).min(1.0);
            blocked_s += span.blocked_s * part;
            left_s -= span.demand_s * part;
            if left_s <= 1e-9 {
                return Some((blocked_s, span.bound));
            }
        }
        None
    }

    /// Lets go of what no judgement reaches back to.
    fn forget(&mut self) {
        while let Some(oldest) = self.spans.front().copied() {
            if self.demand_s - oldest.demand_s < BACK_SPAN_MAX_S {
                return;
            }
            self.demand_s -= oldest.demand_s;
            self.spans.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Notes `for_s` of demand in steps of 0.1 s of which `share` is held back.
    fn wait(notice: &mut Notice, for_s: f64, share: f64, bound: impl Fn(f64) -> f64) {
        for n in 0..(for_s * 10.0).round() as u32 {
            let step = Duration::from_millis(100);
            notice.note(step, step.mul_f64(share), bound(f64::from(n) * 0.1));
        }
    }

    #[test]
    fn half_of_10_s_held_back_is_slow_and_less_or_shorter_is_not() {
        for (for_s, share, slow) in [(10.2, 0.51, true), (10.2, 0.49, false), (9.7, 1.0, false)] {
            let mut notice = Notice::default();
            wait(&mut notice, for_s, share, |_| 3.0);
            assert_eq!(notice.is_slow(), slow, "{for_s} s, {share}");
        }
    }

    #[test]
    fn a_bound_that_still_grows_is_no_slow_shop() {
        for (factor, slow) in [(1.3, false), (1.1, true)] {
            let mut notice = Notice::default();
            wait(&mut notice, 11.0, 1.0, |at_s| if at_s < 5.0 { 10.0 } else { 10.0 * factor });
            assert_eq!(notice.is_slow(), slow, "{factor}");
        }
    }

    #[test]
    fn it_is_back_after_30_s_with_less_than_a_tenth_held_back() {
        let mut notice = Notice::default();
        wait(&mut notice, 11.0, 1.0, |_| 3.0);
        wait(&mut notice, 26.0, 0.0, |_| 3.0);
        assert!(notice.is_slow(), "4 of the last 30 s were held back");
        wait(&mut notice, 1.5, 0.0, |_| 3.0);
        assert!(!notice.is_slow(), "less than 3 s were");
        wait(&mut notice, 60.0, 0.4, |_| 3.0);
        assert!(!notice.is_slow(), "not half");
    }

    #[test]
    fn a_shop_that_was_back_before_is_believed_twice_as_late() {
        let mut notice = Notice::default();
        for back_s in [30.0, 60.0, 120.0, 240.0, 240.0] {
            wait(&mut notice, 11.0, 1.0, |_| 3.0);
            wait(&mut notice, back_s - 3.5, 0.0, |_| 3.0);
            assert!(notice.is_slow(), "{back_s}");
            wait(&mut notice, 1.0, 0.0, |_| 3.0);
            assert!(!notice.is_slow(), "{back_s}");
        }
    }

    #[test]
    fn one_long_wait_is_judged_as_many_short_ones_and_nothing_is_kept_for_ever() {
        let mut notice = Notice::default();
        notice.note(Duration::from_secs(40), Duration::from_secs(40), 1.0);
        assert!(notice.is_slow());
        wait(&mut notice, 600.0, 0.0, |_| 1.0);
        assert!(!notice.is_slow() && notice.spans.len() < 970, "{}", notice.spans.len());
    }
}
