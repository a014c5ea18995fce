//! Child processes that end with their parent, however the parent ends, `SIGKILL` included.
//!
//! ```text
//!  parent ──socket── supervisor ──┬── child ── grandchild …     one process group
//!  (Supervised)      (own session) └── strays: whatever left the group and lost its parent
//! ```
//!
//! The supervisor is the parent's own executable, started again with [`ARG`] in front. Its standard input is one end of
//! a socket whose other end only the parent holds, close-on-exec. End of file there means that the parent is gone or
//! has let go. The supervisor then kills the child's process group, and goes on killing and reaping descendants until
//! it has none: it is their subreaper, so a process that forks twice or opens its own session comes back to it. Last it
//! removes the scratch folders that it was given. It lives in its own session, so a terminal's Ctrl-C passes it by.
//!
//! When the supervisor itself is killed, the kernel kills the child (its parent-death signal is set before it starts
//! its program), and the parent, if it lives, kills the group and removes the folders.
//!
//! What remains: if the *supervisor* gets `SIGKILL`, a descendant that has left the group survives, and if the parent
//! gets it at the same moment, so does everything but the child itself, until it notices by its own means (a browser's
//! processes do). So name the program, not a shell wrapper around it. A supervisor that is frozen acts when it is
//! continued. Folders that nobody could remove are removed by the next [`sweep`].
//!
//! What a family uses can be asked for; what follows from it is for others to say. Not here: restarting, health checks,
//! resource limits, and what Chromium or Redis are. There is no unsafe code, and
//! nothing but Linux.

mod enter;
mod family;
mod order;
mod report;
mod scratch;
mod spec;
mod supervised;
mod usage;
mod watch;

pub use scratch::{ScratchDir, sweep};
pub use spec::{Output, Spec};
pub use supervised::{Ended, SpawnError, Supervised};
pub use usage::{Weight, cpu_time};

/// The hidden first argument that turns the host's executable into a supervisor.
pub const ARG: &str = "__supervise";

/// Becomes the supervisor if this process was started as one, and then doesn't return.
///
/// Call it as the first thing in `main`, before any thread or async runtime is started and before arguments are read.
pub fn run_if_asked() {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|first| first == ARG) {
        std::process::exit(order::obey(args));
    }
}
