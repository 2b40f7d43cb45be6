//! A request: which ports one `port kill` is asked for, how, and by whom.

use std::net::TcpListener;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::census::MARK;
use crate::interrupt::Interrupt;
use crate::it::sandbox::{Ended, Running, Terminal};
use crate::place::{NOBODY, Place, is_unused, until};
use crate::random::Random;
use crate::trace::{OPTIONS, Trace, parse};
use crate::tree::{Consent, Tree, User};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Mode {
    /// `--yes`.
    Yes,
    Dry,
    DryYes,
    /// Neither `--yes` nor a terminal to ask at.
    Unasked,
    /// On a terminal: yes or no to the first question, no to all others.
    Answer(bool),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Asked {
    pub(crate) tree: usize,
    pub(crate) by_udp: bool,
}

/// What is to become of a port.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fate {
    Free,
    Killed,
    WouldKill,
    Refused,
    Survived,
    /// Ended, and started again by somebody else.
    Respawned,
}

#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) mode: Mode,
    pub(crate) asked: Vec<Asked>,
    foreign: bool,
    as_nobody: bool,
    pub(crate) json: bool,
    /// A process that starts the command and listens itself.
    above: Option<(usize, u16)>,
    interrupt: Option<Interrupt>,
    words: Vec<String>,
}

impl Request {
    /// Most of the trees; `permanent` are at the end.
    pub(crate) fn new(place: &Place, trees: &[Tree], above: Option<usize>, random: &mut Random) -> Request {
        let yes_mostly = [
            Mode::Yes,
            Mode::Yes,
            Mode::Yes,
            Mode::Yes,
            Mode::Yes,
            Mode::Yes,
            Mode::Dry,
            Mode::DryYes,
            Mode::Unasked,
        ];
        let mode = if random.chance(10) {
            Mode::Answer(random.chance(70))
        } else {
            random.pick(&yes_mostly)
        };
        let mut words: Vec<String> = Vec::new();
        let mut asked: Vec<Asked> = Vec::new();
        if random.chance(30) {
            let ends = [random.below(trees.len()), random.below(trees.len())].map(|tree| trees[tree].port);
            let range = ends[0].min(ends[1])..=ends[0].max(ends[1]);
            // Nobody else's ports, such as those of other tests, and none on which an earlier round's connection lingers.
            let is_known = |port| place.owns(port) && (trees.iter().any(|tree| tree.port == port) || is_unused(port));
            if range.clone().all(is_known) {
                words.push(format!("{}-{}", range.start(), range.end()));
                let inside = (0..trees.len()).filter(|tree| range.contains(&trees[*tree].port));
                asked.extend(inside.map(|tree| Asked { tree, by_udp: false }));
            }
        }
        for (number, tree) in trees.iter().enumerate() {
            let by_udp = if tree.udp {
                !random.chance(20)
            } else {
                tree.kind != "UDP beside" && random.chance(3)
            };
            let one = Asked { tree: number, by_udp };
            if !asked.contains(&one) && random.chance(85) {
                let udp = if by_udp { "/udp" } else { "" };
                words.insert(random.below(words.len() + 1), format!("{}{udp}", tree.port));
                asked.push(one);
            }
        }
        if asked.is_empty() {
            words.push(trees[0].port.to_string());
            asked.push(Asked { tree: 0, by_udp: false });
        }
        let mut flag = |word: &str, is_given: bool| {
            if is_given {
                words.push(word.to_owned());
            }
            is_given
        };
        flag("--yes", matches!(mode, Mode::Yes | Mode::DryYes));
        flag("--dry-run", matches!(mode, Mode::Dry | Mode::DryYes));
        let foreign = flag("--foreign", random.chance(35));
        flag("--quiet", random.chance(10));
        let json = flag("--format=json", !matches!(mode, Mode::Answer(_)) && random.chance(40));
        let grace = match mode {
            Mode::Answer(_) => "1s",
            _ => random.pick(&["50ms", "100ms", "300ms"]),
        };
        let as_nobody = random.chance(15);
        // Drawn last, so that a round is built the same with it and without.
        let signals = matches!(mode, Mode::Yes | Mode::Answer(true));
        let interrupt = random
            .chance(if signals { 60 } else { 20 })
            .then(|| Interrupt::new(signals, random));
        let grace = if interrupt.is_some() && random.chance(50) {
            "1s"
        } else {
            grace
        };
        words.push(format!("--grace={grace}"));
        Request {
            mode,
            asked,
            foreign,
            as_nobody,
            json,
            above: above.map(|tree| (tree, trees[tree].port)),
            interrupt,
            words,
        }
    }

    /// By how the tree was built, and by nothing else.
    pub(crate) fn fate(&self, asked: Asked, tree: &Tree) -> Fate {
        if tree.udp != asked.by_udp || tree.consent == Consent::Free {
            return Fate::Free;
        }
        // Of the command above, nobody sees it who is asked as another user.
        let is_hidden = self.as_nobody && tree.user != User::Nobody;
        if is_hidden || tree.consent == Consent::Never || (tree.consent == Consent::Foreign && !self.foreign) {
            return Fate::Refused;
        }
        match self.mode {
            Mode::Dry | Mode::DryYes => Fate::WouldKill,
            Mode::Unasked | Mode::Answer(false) => Fate::Refused,
            Mode::Answer(true) if tree.ignores_term => Fate::Survived,
            Mode::Yes | Mode::Answer(true) if tree.comes_again => Fate::Respawned,
            Mode::Yes | Mode::Answer(true) => Fate::Killed,
        }
    }

    /// Runs it under strace(1) to its end.
    pub(crate) fn run(&self, place: &Place) -> (Ended, Trace) {
        let home = place.home(self.as_nobody);
        let log = home.join("strace.log");
        let nobody = NOBODY.to_string();
        let mut line: Vec<String> = Vec::new();
        if self.as_nobody {
            let words = ["setpriv", "--reuid", &nobody, "--regid", &nobody, "--clear-groups"];
            line.extend(words.map(str::to_owned));
        }
        if let Some((_, port)) = self.above {
            line.extend([place.bin("above").display().to_string(), port.to_string()]);
        }
        // A script's job in the background would not hear Ctrl-C before it listens for it.
        line.extend(["env", "--default-signal=INT"].map(str::to_owned));
        line.extend(["strace", "-o", &log.display().to_string()].map(str::to_owned));
        line.extend(OPTIONS.map(str::to_owned));
        let program = place.bin("xtask");
        line.push(program.display().to_string());
        line.extend(["port", "kill", "--color=never"].map(str::to_owned));
        line.extend(self.words.clone());
        let mut command: Command = place.sandbox.other(&line[0]);
        command.args(&line[1..]).env("HOME", &home).env_remove(MARK);
        let over = AtomicBool::new(false);
        let ended = std::thread::scope(|scope| {
            if let Some(interrupt) = self.interrupt {
                let (program, log, over) = (&program, &log, &over);
                scope.spawn(move || interrupt.send(program, log, over));
            }
            let ended = match self.mode {
                Mode::Answer(yes) => answer(&command, yes),
                _ => Running::start(command).wait(),
            };
            over.store(true, Ordering::Relaxed);
            ended
        });
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let _ = std::fs::remove_file(&log);
        (ended, parse(&text))
    }

    pub(crate) fn describe(&self) -> String {
        let user = if self.as_nobody { "nobody" } else { "root" };
        let words = self.words.join(" ");
        let interrupt = match self.interrupt {
            Some(interrupt) => format!("\n{interrupt:?}"),
            None => String::new(),
        };
        format!("{:?} as {user}: port kill {words}{interrupt}", self.mode)
    }

    pub(crate) fn caller(&self) -> &'static str {
        if self.as_nobody { "as nobody" } else { "as root" }
    }
}

/// Answers one question after another.
fn answer(command: &Command, yes: bool) -> Ended {
    let terminal = Terminal::start(command);
    let mut n_answered = 0;
    until(|| {
        if terminal.shown().matches("[y/N]").count() > n_answered {
            n_answered += 1;
            terminal.press(if n_answered == 1 && yes { "y\n" } else { "n\n" });
        }
        terminal.has_ended()
    });
    terminal.wait()
}

/// `above PORT COMMAND…`: listens on the port, and runs the command meanwhile.
pub(crate) fn above(mut words: impl Iterator<Item = String>) -> ExitCode {
    let port = words.next().unwrap_or_default();
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).expect("the port is free");
    let program = words.next().expect("there is a command");
    let status = Command::new(program).args(words).status().expect("it can be run");
    drop(listener);
    ExitCode::from(status.code().and_then(|code| code.try_into().ok()).unwrap_or(255))
}
