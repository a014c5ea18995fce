//! The author's terminal: one thread reads it, line by line, for whoever waits for a line. So none is lost to somebody who
//! waited for one and has gone, and Ctrl-C and SIGTERM are heard wherever the author is waited for.
//!
//! Not here: what is asked, and what a line means.

use std::io::{self, BufRead};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// A terminal that is read.
pub(super) struct Terminal {
    lines: UnboundedReceiver<String>,
    interrupts: Signal,
    terminations: Signal,
}

/// What the author did at it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// They pressed Enter; what stands before that.
    Line(String),
    /// There is no more to come.
    End,
    /// They pressed Ctrl-C, or something else ends the command with SIGTERM.
    Interrupt,
}

impl Terminal {
    /// Reads standard input from now on. Within a runtime, which then hears of signals for as long as it is there.
    pub(super) fn open() -> io::Result<Self> {
        Self::of(|| io::stdin().lock())
    }

    /// Reads another input.
    pub(super) fn of<R: BufRead>(input: impl FnOnce() -> R + Send + 'static) -> io::Result<Self> {
        let (sender, lines) = unbounded_channel();
        let (interrupts, terminations) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        // On a thread of its own: a runtime would wait for a read that nobody ends.
        std::thread::spawn(move || {
            for line in input().lines() {
                let Ok(line) = line else { return };
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { lines, interrupts, terminations })
    }

    /// Waits until the author does something.
    pub(super) async fn heard(&mut self) -> Heard {
        tokio::select! {
            biased;
            _ = self.interrupts.recv() => Heard::Interrupt,
            _ = self.terminations.recv() => Heard::Interrupt,
            line = self.lines.recv() => line.map_or(Heard::End, Heard::Line),
        }
    }

    /// Waits until the author says that it is enough: by Enter, Ctrl-C or SIGTERM. That there is no more to come says nothing;
    /// it is so from the beginning where nobody sits at a terminal.
    pub(super) async fn enough(&mut self) {
        if self.heard().await == Heard::End {
            tokio::select! {
                _ = self.interrupts.recv() => {}
                _ = self.terminations.recv() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use futures::FutureExt as _;

    use super::{Heard, Terminal};

    #[tokio::test]
    async fn a_line_that_somebody_waited_for_in_vain_is_the_next_ones() {
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        let mut terminal = Terminal::of(move || {
            let _ = receiver.recv();
            Cursor::new("code\n")
        })
        .expect("a terminal");
        // As when the view says that it is enough.
        assert!(terminal.heard().now_or_never().is_none());
        drop(sender);
        assert_eq!(terminal.heard().await, Heard::Line("code".into()));
        assert_eq!(terminal.heard().await, Heard::End);
    }

    #[tokio::test]
    async fn enter_is_enough_and_an_input_that_has_ended_isnt() {
        let mut terminal = Terminal::of(|| Cursor::new("\n")).expect("a terminal");
        terminal.enough().await;
        assert_eq!(terminal.heard().await, Heard::End);
        assert!(terminal.enough().now_or_never().is_none());
    }
}
