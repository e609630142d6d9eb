//! Work in a pool of threads while the calling thread watches, reports and may stop it.

use std::any::Any;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hushwork_ring::OutOfMemory;
use rayon::{ThreadPool, ThreadPoolBuilder};

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

/// The pool of so many threads (0: all cores), made at its first use and kept.
fn pool(threads: usize) -> Result<Arc<ThreadPool>, RunError> {
    static POOLS: Mutex<BTreeMap<usize, Arc<ThreadPool>>> = Mutex::new(BTreeMap::new());
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pool) = pools.get(&threads) {
        return Ok(Arc::clone(pool));
    }
    let made = ThreadPoolBuilder::new().num_threads(threads).build();
    let made = made.map_err(|error| RunError::Threads(error.to_string()))?;
    Ok(Arc::clone(pools.entry(threads).or_insert(Arc::new(made))))
}

/// Runs `work` in a pool of `threads` (0: all cores) while this thread calls `watch`.
///
/// # Errors
/// [`RunError::Stopped`] after a break, [`RunError::Panicked`] or [`RunError::OutOfMemory`] where
/// the work panicked, and [`RunError::Threads`] where the system gives no threads.
pub(super) fn watched<T: Send>(
    threads: usize,
    total: u64,
    watch: &mut Watch<'_>,
    work: impl FnOnce(&Ticker<'_>) -> Result<T, RunError> + Send,
) -> Result<T, RunError> {
    let pool = pool(threads)?;
    let shared = Shared::default();
    let (ended, news) = mpsc::channel();
    let mut result = Err(RunError::Stopped);
    pool.in_place_scope(|scope| {
        let ticker = Ticker {
            shared: &shared,
            total,
            ended,
        };
        let result = &mut result;
        scope.spawn(move |_| {
            let worked = catch_unwind(AssertUnwindSafe(|| work(&ticker)));
            *result = worked.unwrap_or_else(|panic| Err(failure(&*panic)));
        });
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
    });
    if shared.stop.load(Relaxed) {
        return Err(RunError::Stopped);
    }
    result
}

fn failure(panic: &(dyn Any + Send)) -> RunError {
    if let Some(OutOfMemory { bytes }) = panic.downcast_ref() {
        return RunError::OutOfMemory(*bytes);
    }
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    RunError::Panicked(text.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow::{Break, Continue};
    use std::thread::sleep;

    use rayon::prelude::*;

    use super::*;

    #[test]
    fn a_panic_is_an_error() {
        let result = watched(1, 0, &mut |_| Continue(()), |_| -> Result<(), _> {
            panic!("slot {}", 7)
        });
        assert_eq!(result, Err(RunError::Panicked("slot 7".into())));
    }

    #[test]
    fn want_of_memory_on_any_thread_is_an_error_that_says_how_much() {
        let bytes = usize::MAX / 2;
        let result = watched(2, 0, &mut |_| Continue(()), |_| -> Result<(), _> {
            let work = |_| hushwork_ring::Buffer::zeroed(bytes / 8).len();
            (0..8).into_par_iter().for_each(|index| {
                work(index);
            });
            Ok(())
        });
        let Err(RunError::OutOfMemory(missed)) = result else {
            panic!("{result:?}");
        };
        assert!((bytes - 64..=bytes + (1 << 16)).contains(&missed));
    }

    #[test]
    fn the_watcher_is_called_without_news_and_its_break_reaches_the_worker() {
        let mut seen = Vec::new();
        let mut watch = |progress: Progress| {
            seen.push(progress.done);
            if seen.last() > seen.first() {
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
        assert!(seen.is_sorted());
    }

    #[test]
    fn work_runs_in_as_many_threads_as_asked_for() {
        let threads = watched(3, 0, &mut |_| Continue(()), |_| {
            Ok(rayon::current_num_threads())
        });
        assert_eq!(threads, Ok(3));
    }
}
