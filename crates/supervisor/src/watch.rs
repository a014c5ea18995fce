//! The supervisor's own process: starts the child, waits for its end or the parent's, then leaves nothing behind.
//!
//! Plain threads and blocking calls; not async, and not a place that may fail half-way: what can't be done is passed
//! over, because whoever could be told may be gone.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group, set_child_subreaper, setsid, wait,
};

use crate::order::{EXIT_NO_PROGRAM, EXIT_SUPERVISOR, Enter, OWN_EXECUTABLE, Watch};
use crate::report::Report;
use crate::{ARG, family, scratch};

/// The byte that asks for the end without grace.
pub(crate) const KILL: u8 = b'k';
/// The byte that asks for the end with grace, as does the socket's end.
pub(crate) const STOP: u8 = b's';

/// How long to let signals take effect before looking for survivors.
const FIRST_LOOK: Duration = Duration::from_millis(2);
const LAST_LOOK: Duration = Duration::from_millis(50);

/// Why the end has come.
enum Cause {
    /// The parent is gone or has let go.
    LetGo,
    /// The parent wants it now.
    Kill,
    /// The child has ended by itself.
    ChildEnded,
}

/// Runs from the child's start to its last descendant's end; the result is the exit code.
pub(crate) fn run(order: &Watch) -> i32 {
    let Ok(socket) = io::stdin().as_fd().try_clone_to_owned().map(UnixStream::from) else {
        return EXIT_SUPERVISOR;
    };
    // What `ps` shows; started through `/proc` it would be called "exe".
    let _ = std::fs::write("/proc/self/comm", "supervisor");
    // Fails only if it leads a session already.
    let _ = setsid();
    // While this process lives, no sweep takes the folders.
    let locks: Vec<_> = order.remove.iter().map(|dir| scratch::hold(dir)).collect();

    let code = match start(order) {
        Ok(child) => {
            report(&socket, Report::Started(child.as_raw_pid().unsigned_abs()));
            let status = stay(child, order.grace, &socket);
            remove(order);
            report(&socket, Report::Ended(status));
            status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
        }
        Err(error) => {
            remove(order);
            report(&socket, Report::failed(&error));
            EXIT_NO_PROGRAM
        }
    };
    drop(locks);
    code
}

/// Starts the child in a process group of its own, and returns once its program runs.
fn start(order: &Watch) -> io::Result<Pid> {
    // Before there is any child, so that none can slip away.
    set_child_subreaper(Some(getpid()))?;
    let (mut near, far) = UnixStream::pair()?;
    let enter = Enter { supervisor: getpid(), program: order.program.clone(), args: order.args.clone() };
    // From the main thread, which ends last: a parent-death signal is about the thread that forked. The `Command` ends
    // with the statement, and with it our copy of the far end.
    let child = Command::new(OWN_EXECUTABLE)
        .arg(ARG)
        .args(enter.to_args())
        .stdin(OwnedFd::from(far))
        .process_group(0)
        .spawn()
        .map(|child| Pid::from_child(&child))?;
    let mut answer = String::new();
    near.read_to_string(&mut answer)?;
    if answer.is_empty() {
        return Ok(child);
    }
    while !matches!(wait(WaitOptions::empty()), Err(Errno::CHILD)) {}
    Err(answer.parse().map_or_else(|_| io::Error::other("unreadable answer"), io::Error::from_raw_os_error))
}

/// Reaps until there is nobody left to reap, which happens only after the end has been called for.
fn stay(child: Pid, grace: Duration, socket: &UnixStream) -> ExitStatus {
    let (causes, cause) = channel();
    match socket.try_clone() {
        Ok(socket) => {
            let causes = causes.clone();
            thread::spawn(move || listen(socket, &causes));
        }
        Err(_) => drop(causes.send(Cause::Kill)),
    }
    thread::spawn(move || end(child, grace, &cause));

    let mut status = None;
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, how))) if pid == child => {
                status = Some(ExitStatus::from_raw(how.as_raw()));
                let _ = causes.send(Cause::ChildEnded);
            }
            Ok(_) | Err(Errno::INTR) => {}
            // No children means no descendants: they would have been handed to this process.
            Err(_) => return status.unwrap_or_else(|| ExitStatus::from_raw(Signal::KILL.as_raw())),
        }
    }
}

/// Waits for the parent's word, or for its end.
fn listen(mut socket: UnixStream, causes: &Sender<Cause>) {
    let mut word = [0];
    loop {
        let cause = match socket.read(&mut word) {
            Ok(1) if word[0] == KILL => Cause::Kill,
            Ok(1) if word[0] == STOP => Cause::LetGo,
            Ok(1) => continue,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Ok(_) | Err(_) => {
                let _ = causes.send(Cause::LetGo);
                return;
            }
        };
        let _ = causes.send(cause);
    }
}

/// Waits for a cause, then kills until this process exits, having nobody left.
fn end(child: Pid, grace: Duration, causes: &Receiver<Cause>) {
    let first = causes.recv().unwrap_or(Cause::Kill);
    if matches!(first, Cause::LetGo) && !grace.is_zero() {
        let _ = kill_process_group(child, Signal::TERM);
        let deadline = Instant::now() + grace;
        // Being let go of twice, by a word and by the socket's end, doesn't cut the grace short; the other causes do.
        while let Ok(Cause::LetGo) = causes.recv_timeout(deadline.saturating_duration_since(Instant::now())) {}
    } else if !matches!(first, Cause::ChildEnded) {
        // All at once, before any of them can react to another's end.
        let _ = kill_process_group(child, Signal::KILL);
    }
    let mut pause = FIRST_LOOK;
    loop {
        for descendant in family::descendants(getpid()) {
            let _ = kill_process(descendant, Signal::KILL);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(LAST_LOOK);
    }
}

fn remove(order: &Watch) {
    for dir in &order.remove {
        // The next sweep tries again.
        let _ = scratch::remove(dir);
    }
}

fn report(mut socket: &UnixStream, report: Report) {
    // The parent may be gone, which is just when this process matters.
    let _ = writeln!(socket, "{report}");
}
