//! The threads that all work shares.

use std::io::{Error, Result};
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};
use std::thread::Builder;

use rayon::{ThreadBuilder, ThreadPoolBuilder, current_num_threads};

/// Makes them at the first use, and again where there were none to be had: left alone, Rayon tries
/// but once.
///
/// # Errors
/// The system's, where it gives none.
pub fn make() -> Result<()> {
    static MADE: Mutex<bool> = Mutex::new(false);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if !*made {
        make_all(number()?)?;
        *made = true;
    }
    Ok(())
}

/// As many as Rayon would make.
fn number() -> Result<usize> {
    let trial = ThreadPoolBuilder::new().build().map_err(Error::other)?;
    Ok(trial.install(current_num_threads))
}

/// All of them wait before Rayon hears of any.
fn make_all(count: usize) -> Result<()> {
    let wait = |_| {
        let (sender, work) = channel::<ThreadBuilder>();
        let thread = move || work.recv().map_or((), ThreadBuilder::run);
        Builder::new().spawn(thread).map(|_| sender)
    };
    let waiting: Vec<_> = (0..count).map(wait).collect::<Result<_>>()?;
    let give = |thread: ThreadBuilder| {
        let given = waiting[thread.index()].send(thread);
        given.map_err(|error| Error::other(error.to_string()))
    };
    let pool = ThreadPoolBuilder::new().num_threads(count);
    pool.spawn_handler(give)
        .build_global()
        .map_err(Error::other)
}
