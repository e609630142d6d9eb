//! Work in a pool of its own while the calling thread watches, reports and may stop it.

use std::any::Any;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use super::RunError;

/// How often the watcher is called when nothing else happens.
const PERIOD: Duration = Duration::from_millis(200);

/// How far a run has come, in work units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Step at work.
    pub step: usize,
    /// Units done, of the whole program.
    pub done: u64,
    /// Units of the whole program.
    pub total: u64,
}

/// Called on the calling thread; a break stops the run.
pub type Watch<'a> = dyn FnMut(Progress) -> ControlFlow<()> + 'a;

#[derive(Default)]
struct Shared {
    step: AtomicUsize,
    done: AtomicU64,
    stop: AtomicBool,
}

/// The worker's side: counts units and hears of a stop.
pub(super) struct Ticker<'a> {
    shared: &'a Shared,
    total: u64,
    ended: Sender<Progress>,
}

impl Ticker<'_> {
    /// Counts finished units; fails once the run is to stop.
    pub fn tick(&self, units: u64) -> Result<(), RunError> {
        self.shared.done.fetch_add(units, Relaxed);
        if self.shared.stop.load(Relaxed) {
            Err(RunError::Stopped)
        } else {
            Ok(())
        }
    }

    /// Ends a step and wakes the watcher.
    pub fn end_step(&self, step: usize) -> Result<(), RunError> {
        let progress = self.shared.progress(self.total);
        // A watcher that has stopped listening has set the stop flag.
        let _ = self.ended.send(progress);
        self.shared.step.store(step + 1, Relaxed);
        self.tick(0)
    }
}

impl Shared {
    fn progress(&self, total: u64) -> Progress {
        Progress {
            step: self.step.load(Relaxed),
            done: self.done.load(Relaxed),
            total,
        }
    }
}

/// Runs `work` in a pool of `threads` (0: all cores) while this thread calls `watch`.
///
/// # Errors
/// [`RunError::Stopped`] after a break, [`RunError::Panicked`] where the work panicked, and
/// [`RunError::Threads`] where the system gives no threads.
pub(super) fn watched<T: Send>(
    threads: usize,
    total: u64,
    watch: &mut Watch<'_>,
    work: impl FnOnce(&Ticker<'_>) -> Result<T, RunError> + Send,
) -> Result<T, RunError> {
    let refused = |error: &dyn std::error::Error| RunError::Threads(error.to_string());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| refused(&error))?;
    let shared = Shared::default();
    let (ended, news) = mpsc::channel();
    thread::scope(|scope| {
        let ticker = Ticker {
            shared: &shared,
            total,
            ended,
        };
        let body = || pool.install(move || work(&ticker));
        let worker = thread::Builder::new().spawn_scoped(scope, body);
        let worker = worker.map_err(|error| refused(&error))?;
        loop {
            let progress = match news.recv_timeout(PERIOD) {
                Ok(progress) => progress,
                Err(RecvTimeoutError::Timeout) => shared.progress(total),
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if !shared.stop.load(Relaxed) && watch(progress).is_break() {
                shared.stop.store(true, Relaxed);
            }
        }
        let result = worker.join();
        if shared.stop.load(Relaxed) {
            return Err(RunError::Stopped);
        }
        result.unwrap_or_else(|panic| Err(RunError::Panicked(message(&*panic))))
    })
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow::{Break, Continue};
    use std::thread::sleep;

    use super::*;

    #[test]
    fn a_panic_is_an_error() {
        let result = watched(1, 0, &mut |_| Continue(()), |_| -> Result<(), _> {
            panic!("slot {}", 7)
        });
        assert_eq!(result, Err(RunError::Panicked("slot 7".into())));
    }

    #[test]
    fn the_watcher_is_called_without_news_and_its_break_reaches_the_worker() {
        let mut seen = Vec::new();
        let mut watch = |progress: Progress| {
            seen.push(progress.done);
            if seen.len() == 2 {
                Break(())
            } else {
                Continue(())
            }
        };
        let work = |ticker: &Ticker<'_>| -> Result<(), _> {
            loop {
                ticker.tick(1)?;
                sleep(Duration::from_millis(5));
            }
        };
        assert_eq!(watched(1, 0, &mut watch, work), Err(RunError::Stopped));
        assert!(0 < seen[0] && seen[0] < seen[1]);
    }

    #[test]
    fn work_runs_in_as_many_threads_as_asked_for() {
        let threads = watched(3, 0, &mut |_| Continue(()), |_| {
            Ok(rayon::current_num_threads())
        });
        assert_eq!(threads, Ok(3));
    }
}
