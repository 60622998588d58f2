//! The watch over a service's actor: whatever ends that actor, the Coordinator hears of it.
//!
//! It hangs in the actor's context as a future that never ends: actix tells nobody of a panic, but
//! it drops the context with all its futures. Its drop must never panic: that would abort the
//! process.

use actix::prelude::*;

use super::messages::{Service, ServiceDown};

/// Tells the Coordinator when the actor it hangs in is gone.
pub struct ServiceWatch {
    service: Service,
    report_to: Recipient<ServiceDown>,
}

impl ServiceWatch {
    /// A watch for one start of `service`.
    pub fn new(service: Service, report_to: Recipient<ServiceDown>) -> Self {
        Self { service, report_to }
    }

    /// Hangs it into the context of the actor that starts there.
    pub fn over<A: Actor<Context = Context<A>>>(self, ctx: &mut Context<A>) {
        ctx.spawn(actix::fut::wrap_future::<_, A>(async move {
            let _watch = self;
            std::future::pending::<()>().await;
        }));
    }
}

impl Drop for ServiceWatch {
    #[expect(clippy::disallowed_methods, reason = "once per start of a service's actor")]
    fn drop(&mut self) {
        self.report_to.do_send(ServiceDown(self.service));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::domain::ids::SessionId;

    struct Notes(Arc<Mutex<Vec<Service>>>);

    impl Actor for Notes {
        type Context = Context<Self>;
    }

    impl Handler<ServiceDown> for Notes {
        type Result = ();
        fn handle(&mut self, down: ServiceDown, _: &mut Context<Self>) {
            self.0.lock().unwrap().push(down.0);
        }
    }

    /// Panics where it is told to.
    struct Fragile {
        at_start: bool,
    }

    impl Actor for Fragile {
        type Context = Context<Self>;
        fn started(&mut self, _: &mut Self::Context) {
            assert!(!self.at_start, "told to panic at its start");
        }
    }

    #[derive(Message)]
    #[rtype(result = "()")]
    struct PanicNow;

    impl Handler<PanicNow> for Fragile {
        type Result = ();
        fn handle(&mut self, _: PanicNow, _: &mut Self::Context) {
            panic!("told to panic");
        }
    }

    async fn settle() {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    #[actix::test]
    async fn a_panic_at_the_start_or_in_a_handler_is_told_and_a_living_actor_is_not() {
        let heard = Arc::default();
        let report_to = Notes(Arc::clone(&heard)).start().recipient();
        let start = |service, at_start| {
            let watch = ServiceWatch::new(service, report_to.clone());
            Fragile::create(|ctx| {
                watch.over(ctx);
                Fragile { at_start }
            })
        };
        let _stillborn = start(Service::HttpSession(SessionId(3)), true);
        let _living = start(Service::DbWriter, false);
        let dying = start(Service::OfferRefresher, false);
        settle().await;
        assert_eq!(*heard.lock().unwrap(), [Service::HttpSession(SessionId(3))]);
        assert!(dying.send(PanicNow).await.is_err());
        settle().await;
        assert_eq!(heard.lock().unwrap()[1..], [Service::OfferRefresher]);
    }
}
