//! One job runs, at most one waits; whatever comes beyond joins the one that waits. However far a
//! slow store falls behind, the queue stays one job long.

/// The state of the flight.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SingleFlight<J> {
    /// Nothing runs.
    #[default]
    Idle,
    /// One job runs.
    Running,
    /// One runs and this one waits.
    RunningWithNext(J),
}

impl<J> SingleFlight<J> {
    /// Takes in a job. Answers it back when it is to be started; else it waits, merged with the one
    /// that waits already (`merge(waiting, job)`).
    pub fn offer(&mut self, job: J, merge: impl FnOnce(J, J) -> J) -> Option<J> {
        match std::mem::take(self) {
            Self::Idle => {
                *self = Self::Running;
                Some(job)
            }
            Self::Running => {
                *self = Self::RunningWithNext(job);
                None
            }
            Self::RunningWithNext(waiting) => {
                *self = Self::RunningWithNext(merge(waiting, job));
                None
            }
        }
    }

    /// The running job has ended; answers the next to start.
    pub fn finished(&mut self) -> Option<J> {
        match std::mem::take(self) {
            Self::Idle | Self::Running => None,
            Self::RunningWithNext(next) => {
                *self = Self::Running;
                Some(next)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(mut waiting: Vec<u32>, job: Vec<u32>) -> Vec<u32> {
        waiting.extend(job);
        waiting
    }

    #[test]
    fn one_runs_one_waits_and_the_rest_joins_the_waiting_one() {
        let mut flight = SingleFlight::default();
        assert_eq!(flight.offer(vec![1], join), Some(vec![1]));
        for n in 2..100 {
            assert_eq!(flight.offer(vec![n], join), None);
        }
        assert_eq!(flight.finished(), Some((2..100).collect()));
        assert_eq!(flight.offer(vec![100], join), None);
        assert_eq!(flight.finished(), Some(vec![100]));
        assert_eq!(flight.finished(), None);
        assert_eq!(flight.offer(vec![101], join), Some(vec![101]));
    }
}
