//! A program on a terminal of its own, whose output is read as fast as it comes.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// Makes its stdin the controlling terminal of a new session, then executes the program.
const ON_TERMINAL: &str = "use POSIX; POSIX::setsid() > 0 && ioctl(STDIN, shift, 0) && exec { $ARGV[0] } @ARGV; die $!";

pub(super) struct Terminal {
    ours: Arc<File>,
    child: Mutex<Child>,
    wanted: Arc<Mutex<Option<Wanted>>>,
}

/// A text that is waited for.
struct Wanted {
    text: String,
    seen: Sender<Instant>,
}

impl Terminal {
    /// It takes so many bytes a second, or as many as come.
    pub(super) fn start(command: &Command, rate: Option<usize>) -> Terminal {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let size = Winsize {
            ws_row: 40,
            ws_col: 160,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&ours, size).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap();
        let open = || {
            let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
            rustix::fs::open(name.as_c_str(), flags, Mode::empty()).unwrap()
        };
        let mut on_terminal = Command::new("perl");
        on_terminal
            .args(["-e", ON_TERMINAL, &libc::TIOCSCTTY.to_string()])
            .arg(command.get_program())
            .args(command.get_args())
            .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .env_remove("CI")
            .current_dir(command.get_current_dir().unwrap())
            .stdin(open())
            .stdout(open())
            .stderr(open());
        let child = on_terminal.spawn().unwrap();
        drop(on_terminal);
        let (ours, wanted) = (Arc::new(File::from(ours)), Arc::<Mutex<Option<Wanted>>>::default());
        let (reader, for_reader) = (Arc::clone(&ours), Arc::clone(&wanted));
        std::thread::spawn(move || read(&reader, &for_reader, rate));
        Terminal {
            ours,
            child: Mutex::new(child),
            wanted,
        }
    }

    /// From now on, this text is looked for.
    fn want(&self, text: &str) -> Receiver<Instant> {
        let (seen, when) = channel();
        let text = text.to_owned();
        *self.wanted.lock().unwrap() = Some(Wanted { text, seen });
        when
    }

    pub(super) fn wait_for(&self, text: &str, patience: Duration) {
        self.want(text).recv_timeout(patience).unwrap();
    }

    /// How long it takes until the answer of a key is read.
    pub(super) fn press(&self, key: &str, answer: &str) -> Duration {
        let answered = self.want(answer);
        let pressed = Instant::now();
        (&*self.ours).write_all(key.as_bytes()).unwrap();
        answered.recv_timeout(Duration::from_secs(10)).unwrap() - pressed
    }

    /// The share of a core that the program takes for so long.
    pub(super) fn load(&self, time: Duration) -> f64 {
        let (began, before) = (Instant::now(), self.ticks());
        std::thread::park_timeout(time);
        let seconds = (self.ticks() - before) as f64 / rustix::param::clock_ticks_per_second() as f64;
        seconds / began.elapsed().as_secs_f64()
    }

    /// Source: proc(5), `/proc/PID/stat`, fields 14 and 15.
    fn ticks(&self) -> u64 {
        let pid = self.child.lock().unwrap().id();
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let fields = stat.rsplit_once(')').unwrap().1.split_whitespace();
        fields.skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum()
    }

    /// Waits until it has ended.
    pub(super) fn wait(self) {
        self.child.lock().unwrap().wait().unwrap();
    }
}

fn read(mut terminal: &File, wanted: &Mutex<Option<Wanted>>, rate: Option<usize>) {
    let (began, mut total) = (Instant::now(), 0);
    // A text may come in two pieces.
    let mut kept = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = terminal.read(&mut buffer) {
        if let Some(rate) = rate {
            total += length;
            let due = Duration::from_secs_f64(total as f64 / rate as f64);
            std::thread::park_timeout(due.saturating_sub(began.elapsed()));
        }
        kept.extend_from_slice(&buffer[..length]);
        let mut wanted = wanted.lock().unwrap();
        let is_here = |it: &Wanted| memchr::memmem::find(&kept, it.text.as_bytes()).is_some();
        if wanted.as_ref().is_some_and(is_here) {
            let _ = wanted.take().unwrap().seen.send(Instant::now());
            kept.clear();
        }
        kept.drain(..kept.len().saturating_sub(100));
    }
}
