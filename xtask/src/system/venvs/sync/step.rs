//! Runs one step of a sync to its end.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use xshell::Shell;

use super::Syncer;
use crate::preflight::recipe::{Step, Word};
use crate::system::os::{self, Signal};

pub(super) enum StepEnd {
    Done,
    /// In words: `failed with exit code 1`.
    Failed(String),
    Interrupted,
}

/// The output goes to `output`, which is the file at `log`. `progress` gets the time so far and the last line.
pub(super) fn run(
    step: &Step,
    sync: &Syncer<'_>,
    log: &Path,
    output: &mut File,
    progress: &mut dyn FnMut(Duration, String),
) -> StepEnd {
    let mut child = match start(step, sync, output) {
        Ok(child) => child,
        Err(why) => return StepEnd::Failed(format!("cannot be run: {why}")),
    };
    let began = Instant::now();
    while !os::ends_within(&mut child, POLL_INTERVAL) {
        if sync.interrupt.was_heard() {
            end(&mut child);
            return StepEnd::Interrupted;
        }
        let line = last_lines(log).pop().unwrap_or_default();
        progress(began.elapsed(), line);
    }
    // The child has not been reaped, so the number of its group cannot have been reused.
    os::signal_group(child.id(), Signal::Kill);
    match child.wait() {
        // Ctrl-C may have reached the step first.
        Ok(status) if !status.success() && sync.interrupt.was_heard() => StepEnd::Interrupted,
        Ok(status) if status.success() => StepEnd::Done,
        Ok(status) => StepEnd::Failed(match status.code() {
            Some(code) => format!("failed with exit code {code}"),
            None => "was ended by a signal".to_owned(),
        }),
        Err(error) => StepEnd::Failed(format!("was lost: {}", crate::system::cause(&error))),
    }
}

fn start(step: &Step, sync: &Syncer<'_>, output: &File) -> Result<Child, String> {
    let words = step.words.iter().map(|word| match word {
        Word::Text(text) => text.into(),
        Word::Path(path) => path.as_os_str().to_owned(),
    });
    let mut words = words.collect::<Vec<std::ffi::OsString>>().into_iter();
    let shell = Shell::new().map_err(|error| error.to_string())?;
    shell.change_dir(sync.checkout);
    let step_command = shell
        .cmd(words.next().unwrap_or_default())
        .args(words)
        .env_clear()
        .envs(sync.environment)
        .envs(step.variables.iter().map(|(name, path)| (name, path)));
    let mut command = Command::from(step_command);
    // The venv that is active in the caller's shell is not meant.
    if step.variables.iter().all(|(name, _)| *name != "VIRTUAL_ENV") {
        command.env_remove("VIRTUAL_ENV");
    }
    command.env_remove("PYTHONHOME");
    // A question would never be answered: no terminal is there.
    command.env("PIP_NO_INPUT", "1").env("GIT_TERMINAL_PROMPT", "0");
    command.env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
    let writers = output.try_clone().and_then(|one| Ok((one, output.try_clone()?)));
    let (stdout, stderr) = writers.map_err(|error| crate::system::cause(&error))?;
    command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
    os::end_with_us(&mut command);
    // It leads its group too, with which all that it starts is ended.
    os::spawn_session(&mut command).map_err(|error| crate::system::cause(&error))
}

/// Ends a step as Ctrl-C does, so that pip and uv tidy up, and kills it if it does not end soon.
fn end(child: &mut Child) {
    os::signal_group(child.id(), Signal::Int);
    os::ends_within(child, TIDY_UP_TIMEOUT);
    os::signal_group(child.id(), Signal::Kill);
    // A process that survives SIGKILL is stuck in the kernel.
    if os::ends_within(child, TIDY_UP_TIMEOUT) {
        let _ = child.wait();
    }
}

/// The last lines of what a step has written, without empty ones.
pub(super) fn last_lines(log: &Path) -> Vec<String> {
    let mut bytes = Vec::new();
    let read = File::open(log).and_then(|mut file| {
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
        file.take(TAIL_BYTES).read_to_end(&mut bytes)
    });
    if read.is_err() {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    // A progress bar overwrites its line.
    let lines = text
        .lines()
        .map(|line| line.trim_end().rsplit('\r').next().unwrap_or_default());
    let lines: Vec<String> = lines
        .filter(|line| !line.trim().is_empty())
        .map(str::to_owned)
        .collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].to_vec()
}

/// How often the end, Ctrl-C and new output are looked for. The end itself is noticed at once.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// What a step gets after Ctrl-C to tidy up.
const TIDY_UP_TIMEOUT: Duration = Duration::from_secs(1);

const TAIL_LINES: usize = 15;
const TAIL_BYTES: u64 = 8 * 1024;
