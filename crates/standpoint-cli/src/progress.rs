//! Progress bars on standard error, and none where that is no terminal.

use indicatif::{ProgressBar, ProgressStyle};
use standpoint_pipeline::Event;
use std::sync::Mutex;

/// Shows how far a run has come.
pub(crate) struct Progress {
    bar: Mutex<ProgressBar>,
}

impl Progress {
    pub(crate) fn new() -> Progress {
        // indicatif draws nothing where standard error is no terminal.
        Progress {
            bar: Mutex::new(ProgressBar::new_spinner().with_style(style("{spinner} {msg}"))),
        }
    }

    pub(crate) fn show(&self, event: Event) {
        // A poisoned lock means a thread panicked while drawing: then nothing is drawn.
        let Ok(mut bar) = self.bar.lock() else { return };
        match event {
            Event::Read { documents, failed } => {
                bar.set_message(format!("reading: {documents} documents, {failed} failed"));
                bar.tick();
            }
            Event::Listened { pieces, of } => count(&mut bar, "listening", pieces, of),
            Event::Scored { pieces, of } => count(&mut bar, "scoring", pieces, of),
            Event::Writing => {
                bar.finish_and_clear();
                *bar = ProgressBar::new_spinner().with_style(style("{spinner} {msg}"));
                bar.set_message("writing tables and report");
                bar.tick();
            }
        }
    }

    pub(crate) fn finish(&self) {
        if let Ok(bar) = self.bar.lock() {
            bar.finish_and_clear();
        }
    }
}

/// Shows how many pieces are done; a bar that counted something else is replaced.
fn count(bar: &mut ProgressBar, doing: &str, pieces: usize, of: usize) {
    if bar.prefix() != doing {
        bar.finish_and_clear();
        *bar = ProgressBar::new(of as u64)
            .with_prefix(doing.to_owned())
            .with_style(style("{prefix} [{bar:40}] {human_pos}/{human_len} pieces, {eta} left"));
    }
    bar.set_position(pieces as u64);
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants of this file; a wrong one falls back to the plain bar.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
