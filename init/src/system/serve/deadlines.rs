//! How long PID 1 may sleep.

use init_api::Millis;

/// When something is due.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadlines {
    pub(super) services: Option<Millis>,
    pub(super) page: Option<Millis>,
    pub(super) trial: Option<Millis>,
    pub(super) closed_state: Option<Millis>,
    pub(super) runs: Option<Millis>,
    pub(super) disks: Option<Millis>,
}

impl Deadlines {
    /// How long there is nothing to do, at most `interval`. On the way down nothing is configured or tried any more: what would
    /// be due then must not keep PID 1 awake.
    pub(super) fn patience(self, now: Millis, ending: bool, interval: Millis) -> Millis {
        let configuration = [self.runs, self.disks, self.trial, self.closed_state]
            .into_iter()
            .filter(|_| !ending);
        [self.services, self.page]
            .into_iter()
            .chain(configuration)
            .flatten()
            .min()
            .map_or(interval, |due| due.since(now).min(interval))
    }
}

#[cfg(test)]
mod tests {
    use super::Deadlines;
    use init_api::Millis;

    #[test]
    fn what_is_overdue_is_not_waited_for_unless_it_never_comes() {
        let (now, interval) = (Millis(10_000), Millis(5000));
        let nothing = Deadlines {
            services: None,
            page: None,
            trial: None,
            closed_state: None,
            runs: None,
            disks: None,
        };
        let overdue = Some(Millis(9000));
        let soon = Some(Millis(10_300));
        for (case, deadlines, up, ending) in [
            ("nothing", nothing, 5000, 5000),
            (
                "a service and the page",
                Deadlines {
                    services: soon,
                    page: overdue,
                    ..nothing
                },
                0,
                0,
            ),
            (
                "a configuration that failed",
                Deadlines {
                    runs: overdue,
                    services: soon,
                    ..nothing
                },
                0,
                300,
            ),
            (
                "a trial",
                Deadlines {
                    trial: soon,
                    ..nothing
                },
                300,
                5000,
            ),
            (
                "a new disk",
                Deadlines {
                    disks: overdue,
                    ..nothing
                },
                0,
                5000,
            ),
        ] {
            assert_eq!(
                deadlines.patience(now, false, interval),
                Millis(up),
                "{case}"
            );
            assert_eq!(
                deadlines.patience(now, true, interval),
                Millis(ending),
                "{case}"
            );
        }
    }
}
