//! What is built at a port, and with it who of them may be signalled, and what comes of it.

use std::fmt;

use crate::place::PROTECTED;
use crate::random::Random;

/// What it takes to end those at a port.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Consent {
    /// Nobody holds it.
    Free,
    Yes,
    /// A yes and `--foreign`.
    Foreign,
    Never,
}

/// Whose processes they are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum User {
    Root,
    Nobody,
    /// The wrapper is root's and the server nobody's.
    Both,
}

/// Where the tree's top process stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Lead {
    /// In the soak's own group, as a script's children are.
    Nothing,
    Group,
    Session,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Tag {
    None,
    /// Of a run of this checkout that is over.
    Leftover,
    OtherCheckout,
    OtherProject,
}

#[derive(Debug, Clone)]
pub(crate) struct Tree {
    pub(crate) kind: &'static str,
    pub(crate) port: u16,
    pub(crate) udp: bool,
    pub(crate) address: &'static str,
    /// For `sh -c`. `TARGET` is a service that may be signalled, `SPARED` one that may not, `MATE` one that may if the
    /// top leads its group, `PROTECTED` one by a name that nobody signals, each with its mark. `LISTEN` are the options
    /// of whoever holds the port.
    pub(crate) script: &'static str,
    pub(crate) top_is_target: bool,
    /// The top ends by itself once the rest is there.
    pub(crate) top_ends: bool,
    pub(crate) lead: Lead,
    pub(crate) user: User,
    pub(crate) tag: Tag,
    pub(crate) consent: Consent,
    /// Whoever is ended is started again by somebody who may not be signalled.
    pub(crate) comes_again: bool,
    /// So many lines say that all are there.
    pub(crate) says: usize,
    pub(crate) suspended: bool,
    pub(crate) ignores_term: bool,
    pub(crate) is_slow: bool,
    pub(crate) has_client: bool,
    pub(crate) protected: &'static str,
    /// How it binds, besides.
    pub(crate) binds: &'static str,
}

struct Kind {
    name: &'static str,
    script: &'static str,
    top_is_target: bool,
    says: usize,
    consent: Consent,
}

const fn kind(name: &'static str, script: &'static str, top_is_target: bool, says: usize, consent: Consent) -> Kind {
    Kind {
        name,
        script,
        top_is_target,
        says,
        consent,
    }
}

const KINDS: &[Kind] = &[
    kind("plain", "exec TARGET LISTEN", true, 1, Consent::Yes),
    kind("plain", "exec TARGET LISTEN", true, 1, Consent::Yes),
    kind("wrapper", "TARGET LISTEN; true", true, 1, Consent::Yes),
    kind(
        "wrapper in a wrapper",
        "VAR=1 sh -c 'TARGET LISTEN; true'; true",
        true,
        1,
        Consent::Yes,
    ),
    kind(
        "timeout(1)",
        "timeout 1000 sh -c 'TARGET LISTEN; true'; true",
        true,
        1,
        Consent::Yes,
    ),
    kind(
        "master, two workers",
        "exec TARGET LISTEN --fork --fork",
        true,
        3,
        Consent::Yes,
    ),
    kind(
        "wrapper, master, worker",
        "TARGET LISTEN --fork; true",
        true,
        2,
        Consent::Yes,
    ),
    kind("reloader", "exec TARGET LISTEN --reload", true, 1, Consent::Yes),
    kind(
        "wrapper, reloader",
        "TARGET LISTEN --reload; true",
        true,
        1,
        Consent::Yes,
    ),
    kind("orphan", "TARGET LISTEN --orphan", true, 1, Consent::Yes),
    kind(
        "orphan, sibling in its group",
        "SPARED & TARGET LISTEN --orphan",
        false,
        2,
        Consent::Yes,
    ),
    kind(
        "orphans, master and worker",
        "TARGET LISTEN --orphan --fork",
        true,
        2,
        Consent::Yes,
    ),
    kind("daemon", "TARGET LISTEN --setsid; SPARED", false, 2, Consent::Yes),
    kind(
        "with a child",
        "TARGET --announce up & exec TARGET LISTEN",
        true,
        2,
        Consent::Yes,
    ),
    kind(
        "mate in its group",
        "(MATE & true); exec TARGET LISTEN",
        true,
        2,
        Consent::Yes,
    ),
    kind(
        "script with a sibling",
        "SPARED & TARGET LISTEN & wait",
        false,
        2,
        Consent::Yes,
    ),
    kind(
        "script with siblings and a wrapper",
        "SPARED & SPARED & TARGETS sh -c 'TARGET LISTEN; true' & wait",
        false,
        3,
        Consent::Yes,
    ),
    kind("script in a file", "exec sh \"$FILE\" LISTEN", false, 1, Consent::Yes),
    kind(
        "share a port",
        "SPARED & TARGET LISTEN --reuseport & TARGET LISTEN --reuseport & wait",
        false,
        3,
        Consent::Yes,
    ),
    kind("bound only", "exec TARGET LISTEN --bind-only", true, 1, Consent::Yes),
    kind(
        "bound only, without SO_REUSEADDR",
        "exec TARGET LISTEN --bind-only --no-reuseaddr",
        true,
        1,
        Consent::Yes,
    ),
    kind(
        "UDP",
        "exec TARGET --announce up --udp 127.0.0.1:PORT",
        true,
        1,
        Consent::Yes,
    ),
    kind(
        "UDP beside",
        "exec SPARED --udp 127.0.0.1:PORT",
        false,
        1,
        Consent::Free,
    ),
    kind("loop", "while :; do TARGET LISTEN; done", false, 1, Consent::Yes),
    kind(
        "below a protected one",
        "exec \"$D/conmon\" -c 'TARGET LISTEN; SPARED'",
        false,
        1,
        Consent::Yes,
    ),
    kind("protected", "exec PROTECTED LISTEN", false, 1, Consent::Never),
    kind("protected, wrapped", "PROTECTED LISTEN; true", false, 1, Consent::Never),
    kind(
        "shares with a protected one",
        "PROTECTED LISTEN --reuseport & SPARED LISTEN --reuseport & wait",
        false,
        2,
        Consent::Never,
    ),
    kind(
        "above a protected one",
        "PROTECTED --announce up & exec SPARED LISTEN",
        false,
        2,
        Consent::Never,
    ),
    kind(
        "end of a connection",
        "exec SPARED --connect 127.0.0.1:PORT 127.0.0.1:SERVER",
        false,
        1,
        Consent::Never,
    ),
    kind("free", "", false, 0, Consent::Free),
];

impl Tree {
    pub(crate) fn new(port: u16, random: &mut Random) -> Tree {
        let kind = &KINDS[random.below(KINDS.len())];
        let is = |words: &[&str]| words.iter().any(|word| kind.name.contains(word));
        let holds = kind.script.contains("LISTEN");
        let lead = random.pick(&[Lead::Nothing, Lead::Group, Lead::Session]);
        let mut user = random.pick(&[User::Root, User::Root, User::Root, User::Root, User::Nobody]);
        // A wrapper that gives root up.
        if kind.name == "wrapper" && random.chance(15) {
            user = User::Both;
        }
        let mut tag = random.pick(&[
            Tag::None,
            Tag::None,
            Tag::None,
            Tag::None,
            Tag::None,
            Tag::Leftover,
            Tag::OtherCheckout,
            Tag::OtherProject,
        ]);
        let mut consent = kind.consent;
        match (consent, tag) {
            (Consent::Yes, Tag::OtherCheckout | Tag::OtherProject) => consent = Consent::Foreign,
            (Consent::Never | Consent::Free, _) => tag = Tag::None,
            _ => {}
        }
        let is_alone = consent != Consent::Never && !is(&["UDP", "free"]);
        let ignores_term = is_alone && holds && random.chance(10);
        // The group that timeout(1) makes is orphaned when the shell above it ends, and the kernel hangs up whoever is
        // still suspended in it: being deaf to SIGTERM is of no use then.
        let may_be_suspended = is_alone && !(ignores_term && is(&["timeout"]));
        let address = if is(&["connection", "UDP", "free"]) {
            "127.0.0.1"
        } else {
            random.pick(&["127.0.0.1", "127.0.0.1", "0.0.0.0", "[::1]", "[::]"])
        };
        Tree {
            kind: kind.name,
            port,
            udp: kind.name == "UDP",
            address,
            script: kind.script,
            top_is_target: kind.top_is_target,
            top_ends: is(&["orphan"]),
            lead,
            user,
            tag,
            consent,
            comes_again: kind.name == "loop",
            says: kind.says,
            suspended: random.chance(10) && may_be_suspended,
            ignores_term,
            is_slow: !ignores_term && is_alone && holds && random.chance(10),
            has_client: holds && !is(&["bound", "share"]) && random.chance(35),
            protected: random.pick(PROTECTED),
            binds: if is_alone && !is(&["share", "bound"]) && random.chance(10) {
                " --reuseport"
            } else {
                ""
            },
        }
    }

    /// What nobody else than the place's permanent processes holds: a stack that runs, the one above the command.
    pub(crate) fn never(kind: &'static str, port: u16) -> Tree {
        let mut tree = Tree::new(port, &mut Random::new(0, 0));
        (tree.kind, tree.consent, tree.script) = (kind, Consent::Never, "");
        (tree.udp, tree.user, tree.tag, tree.comes_again) = (false, User::Root, Tag::None, false);
        (tree.says, tree.has_client, tree.suspended) = (0, false, false);
        (tree.ignores_term, tree.address) = (false, "127.0.0.1");
        tree
    }

    /// Whether its top process leads a group in which all may be signalled with it.
    pub(crate) fn leads(&self) -> bool {
        self.lead != Lead::Nothing && self.top_is_target
    }

    /// Where a client reaches it.
    pub(crate) fn reached_at(&self) -> String {
        let host = match self.address {
            "0.0.0.0" => "127.0.0.1",
            "[::]" => "[::1]",
            other => other,
        };
        format!("{host}:{}", self.port)
    }

    /// Of the service that holds the port.
    pub(crate) fn listen(&self) -> String {
        let mut words = format!(
            "--announce up --hang --listen {}:{}{}",
            self.address, self.port, self.binds
        );
        if self.ignores_term {
            words += " --ignore-term";
        }
        if self.is_slow {
            words += " --slow-term 150";
        }
        words
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, to: &mut fmt::Formatter) -> fmt::Result {
        let Tree {
            kind,
            port,
            lead,
            user,
            tag,
            consent,
            ..
        } = self;
        write!(
            to,
            "{port} {kind}: {}, leads {lead:?}, user {user:?}, tag {tag:?}, {consent:?}",
            self.address
        )?;
        let marks = [
            (self.suspended, ", suspended"),
            (self.ignores_term, ", ignores SIGTERM"),
            (self.is_slow, ", slow"),
            (self.has_client, ", has a client"),
        ];
        marks
            .iter()
            .filter(|(is_so, _)| *is_so)
            .try_for_each(|(_, words)| to.write_str(words))
    }
}
