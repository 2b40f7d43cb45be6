//! A program on its own terminal, with simulated input.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::{AsFd, OwnedFd};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use super::{Ended, Running, eventually};

#[cfg(target_os = "linux")]
const CLOEXEC: OpenptFlags = OpenptFlags::CLOEXEC;
#[cfg(not(target_os = "linux"))]
const CLOEXEC: OpenptFlags = OpenptFlags::empty();

/// Makes its stdin the controlling terminal of a new session, then executes the program. macOS has no setsid(1).
const ON_TERMINAL: &str = "use POSIX; POSIX::setsid() > 0 && ioctl(STDIN, shift, 0) && exec { $ARGV[0] } @ARGV; die $!";

pub(crate) struct Terminal {
    /// Our side; `None` after the window was closed.
    master: Option<Arc<File>>,
    screen: Option<JoinHandle<()>>,
    shown: Arc<Mutex<Vec<u8>>>,
    emulator: Arc<Mutex<vt100::Parser>>,
    is_gone: Arc<AtomicBool>,
    running: Running,
}

impl Terminal {
    /// Starts the program with the terminal as its controlling one, so that Ctrl-C is delivered as a signal.
    pub(crate) fn start(command: &Command) -> Self {
        Terminal::of_size(command, 40, 100)
    }

    /// The same, with a window of another size.
    pub(crate) fn of_size(command: &Command, rows: u16, columns: u16) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | CLOEXEC).expect("there are terminals");
        // Where it is not opened so.
        fcntl_setfd(&master, FdFlags::CLOEXEC).expect("it is ours");
        grantpt(&master).expect("it is ours");
        unlockpt(&master).expect("it is ours");
        resize(&master, rows, columns);
        let name = ptsname(&master, Vec::new()).expect("it is a terminal");
        let open = || -> OwnedFd {
            let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
            rustix::fs::open(name.as_c_str(), flags, Mode::empty()).expect("it can be opened")
        };

        let mut on_terminal = Command::new("perl");
        on_terminal
            .args(["-e", ON_TERMINAL, &libc::TIOCSCTTY.to_string()])
            .arg(command.get_program())
            .args(command.get_args())
            .env_clear();
        on_terminal.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        on_terminal.current_dir(command.get_current_dir().expect("the sandbox sets it"));
        on_terminal.env("TERM", "xterm-256color");
        on_terminal.stdin(open()).stdout(open()).stderr(open());
        let running = Running::follow(&mut on_terminal);
        // Our copies of the program's side would keep the terminal open after the program exits.
        drop(on_terminal);

        let master = Arc::new(File::from(master));
        let shown = Arc::<Mutex<Vec<u8>>>::default();
        let emulator = Arc::new(Mutex::new(vt100::Parser::new(cells(rows), cells(columns), 0)));
        let is_gone = Arc::new(AtomicBool::new(false));
        let screen = std::thread::spawn({
            let (master, is_gone) = (Arc::clone(&master), Arc::clone(&is_gone));
            let (shown, emulator) = (Arc::clone(&shown), Arc::clone(&emulator));
            move || {
                show(&master, &is_gone, |bytes| {
                    shown.lock().unwrap().extend_from_slice(bytes);
                    emulator.lock().unwrap().process(bytes);
                })
            }
        });
        Terminal {
            master: Some(master),
            screen: Some(screen),
            shown,
            emulator,
            is_gone,
            running,
        }
    }

    /// Everything that was ever displayed.
    pub(crate) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    /// What stands on the screen: its rows without blanks at their ends, and without empty rows at the end.
    pub(crate) fn screen(&self) -> String {
        let emulator = self.emulator.lock().unwrap();
        let (_, columns) = emulator.screen().size();
        let rows = emulator.screen().rows(0, columns.get());
        let rows: Vec<String> = rows.map(|row| row.trim_end().to_owned()).collect();
        rows.join("\n").trim_end().to_owned()
    }

    /// What stands on the screen, with its looks.
    pub(crate) fn with_screen<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.emulator.lock().unwrap().screen())
    }

    /// The same with colours in front of what they colour: `<red bold>`, and `<>` for none.
    pub(crate) fn painted_screen(&self) -> String {
        let emulator = self.emulator.lock().unwrap();
        let (rows, columns) = emulator.screen().size();
        let row = |row| {
            let (mut text, mut last) = (String::new(), String::new());
            for cell in (0..columns.get()).filter_map(|column| emulator.screen().cell(row, column)) {
                let style = style(cell);
                if style != last {
                    text.push_str(&format!("<{style}>"));
                    last = style;
                }
                text.push_str(if cell.has_contents() { cell.contents() } else { " " });
            }
            text.trim_end().trim_end_matches("<>").trim_end().to_owned()
        };
        let rows: Vec<String> = (0..rows.get()).map(row).collect();
        rows.join("\n").trim_end().to_owned()
    }

    /// Waits until the screen contains this.
    #[track_caller]
    pub(crate) fn wait_for_screen(&self, text: &str) {
        eventually(
            || format!("`{text}` in\n{}", self.screen()),
            || self.screen().contains(text),
        );
    }

    /// `icanon`, `echo`, `isig`: which of them are set.
    pub(crate) fn modes(&self) -> Vec<&'static str> {
        let master = self.master.as_ref().expect("it was not closed");
        let modes = tcgetattr(&**master).expect("it is a terminal").local_modes;
        let names = [
            (LocalModes::ICANON, "icanon"),
            (LocalModes::ECHO, "echo"),
            (LocalModes::ISIG, "isig"),
        ];
        let set = names.into_iter().filter(|(mode, _)| modes.contains(*mode));
        set.map(|(_, name)| name).collect()
    }

    #[track_caller]
    pub(crate) fn wait_for_modes(&self, expected: &[&str]) {
        eventually(
            || format!("{expected:?}, not {:?}", self.modes()),
            || self.modes() == expected,
        );
    }

    pub(crate) fn pid(&self) -> u32 {
        self.running.pid()
    }

    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        eventually(
            || format!("`{text}` in\n{}", self.shown()),
            || self.shown().contains(text),
        );
    }

    /// Types keys; `\x03` is Ctrl-C, `\x04` Ctrl-D.
    pub(crate) fn press(&self, keys: &str) {
        let master = self.master.as_ref().expect("it was not closed");
        master.as_ref().write_all(keys.as_bytes()).expect("somebody is there");
    }

    /// Changes the size of the window.
    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        resize(self.master.as_ref().expect("it was not closed"), rows, columns);
        self.emulator
            .lock()
            .unwrap()
            .screen_mut()
            .set_size(cells(rows), cells(columns));
    }

    /// Waits for the question, then answers it.
    #[track_caller]
    pub(crate) fn answer(&self, question: &str, keys: &str) {
        self.wait_for(question);
        self.press(keys);
    }

    /// Closes the window.
    pub(crate) fn close(&mut self) {
        self.is_gone.store(true, Ordering::Relaxed);
        let screen = self.screen.take().expect("a window is closed once");
        screen.join().expect("reading does not panic");
        self.master = None;
    }

    /// Whether the program has exited.
    pub(crate) fn has_ended(&self) -> bool {
        self.running.has_ended()
    }

    /// Waits for it to exit; its stdout is everything displayed.
    #[track_caller]
    pub(crate) fn wait(self) -> Ended {
        let code = self.running.wait().code;
        // Processes left behind may still hold the terminal.
        let deadline = Instant::now() + Duration::from_secs(1);
        while self.screen.as_ref().is_some_and(|it| !it.is_finished()) && Instant::now() < deadline {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        self.is_gone.store(true, Ordering::Relaxed);
        let shown = self.shown.lock().unwrap();
        Ended {
            code,
            stdout: String::from_utf8_lossy(&shown).replace('\r', ""),
            stderr: String::new(),
            waits: Vec::new(),
        }
    }
}

/// What `console` uses of the colours of a terminal, in words.
///
/// Source: ECMA-48, 8.3.117 (SGR 30 to 37).
fn style(cell: &vt100::Cell) -> String {
    const NAMES: [&str; 8] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
    let colour = match cell.fgcolor() {
        vt100::Color::Idx(at) => NAMES.get(usize::from(at)).copied().unwrap_or("another"),
        vt100::Color::Default => "",
        vt100::Color::Rgb(..) => "another",
    };
    let more = [(cell.bold(), "bold"), (cell.dim(), "dim")];
    let more = more.into_iter().filter_map(|(is_set, name)| is_set.then_some(name));
    let words: Vec<&str> = [colour]
        .into_iter()
        .filter(|name| !name.is_empty())
        .chain(more)
        .collect();
    words.join(" ")
}

fn cells(n: u16) -> NonZero<u16> {
    NonZero::new(n).expect("a terminal has a size")
}

fn resize(master: impl AsFd, rows: u16, columns: u16) {
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(master, size).expect("it is a terminal");
}

fn show(master: &File, is_gone: &AtomicBool, hear: impl Fn(&[u8])) {
    let mut buffer = [0; 8192];
    let patience = Timespec {
        tv_sec: 0,
        tv_nsec: 10_000_000,
    };
    while !is_gone.load(Ordering::Relaxed) {
        let mut asked = [PollFd::new(master, PollFlags::IN)];
        match poll(&mut asked, Some(&patience)) {
            Ok(0) | Err(_) => continue,
            Ok(_) => {}
        }
        let mut master = master;
        // EIO once the last program has closed the terminal.
        let Ok(read @ 1..) = master.read(&mut buffer) else {
            return;
        };
        hear(&buffer[..read]);
    }
}
