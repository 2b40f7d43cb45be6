//! The project around us: its `devtasks.toml`, its directory, and the environment that the command was called in.

mod place;

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use super::reservations::{BaseTaken, CheckoutRef, CompetingCheckout, Moves, ReservationUndo, Reservations};
use crate::config::{self, Config, dotenv};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Exit, Level, Place};
use crate::plan::{self, Environment, Origin, Plan, PlanInputs, Port, Selection, Service, without_cargo};
use crate::ports::{Endpoint, Finding, Subject};
use crate::system::{files, problem, venvs};
pub(crate) use place::{ProjectPath, directory};

/// Of `devtasks.toml` and env files, in bytes.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// A project that was found and read.
#[derive(Debug)]
pub(crate) struct Project {
    /// Its directory, canonical.
    pub(crate) checkout: PathBuf,
    pub(crate) config: Config,
    file: PathBuf,
    calling: Environment,
    /// What was noted since there is a [`ReservationGuard`].
    noted: RefCell<Option<ReservationUndo>>,
}

/// What is noted while it lives is taken back in the end, unless it was kept.
pub(crate) struct ReservationGuard<'a> {
    project: &'a Project,
}

/// A plan, and what is wrong with services that are not in it.
type Planned = (Plan, Vec<Diagnostic>);

/// Can a service have this one for a key?
type CanHave<'a> = &'a dyn Fn(&str, &str, Endpoint) -> bool;

/// What becomes of the ports that this checkout has had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReservationMode {
    /// They stay, and what is new is noted.
    Save,
    /// They are forgotten first.
    ResetAndSave,
    /// As with [`ReservationMode::Save`], but nothing is written.
    ReadOnly,
    /// As with [`ReservationMode::ResetAndSave`], but nothing is written.
    ResetOnly,
}

/// A plan whose ports are noted.
pub(crate) struct ReservedPlan {
    pub(crate) plan: Plan,
    /// Ports that have moved, because stacks elsewhere have their numbers.
    pub(crate) yielded: Vec<ReassignedPort>,
    pub(crate) moves: Moves,
    pub(crate) displaced: Vec<BaseTaken>,
    /// The file of all reservations made no sense, and lies here.
    pub(crate) broken: Option<PathBuf>,
}

/// A port that left its number to another checkout.
pub(crate) struct ReassignedPort {
    pub(crate) service: String,
    /// As it was.
    pub(crate) port: Port,
    pub(crate) rival: CompetingCheckout,
}

/// A plan with ports that have moved, not noted yet. Other checkouts wait meanwhile.
pub(crate) struct PendingReassignment<'a> {
    pub(crate) plan: Plan,
    project: &'a Project,
    reservations: Reservations<'a>,
}

impl Project {
    /// Reads `file` or, without one, the `devtasks.toml` of the current directory or the nearest above it.
    ///
    /// # Errors
    /// There is none, it cannot be read, or everything that is wrong in it.
    pub(crate) fn find(file: Option<&Path>) -> Result<Project, Diagnostics> {
        let ProjectPath { file, shown, directory } = ProjectPath::find(file)?;
        let bytes = files::read_regular(&file, MAX_FILE_BYTES)
            .map_err(|error| problem("read", &shown, &error).exit(Exit::Usage))?;
        let text = String::from_utf8(bytes).map_err(|_| not_utf8(&shown))?;
        let config = config::read(&shown, &text)?;
        Ok(Project {
            checkout: directory,
            config,
            file,
            calling: calling(),
            noted: RefCell::default(),
        })
    }

    /// All services and tasks of the file, in its order.
    pub(crate) fn service_names(&self) -> impl Iterator<Item = &str> {
        self.config.services.iter().map(|service| service.name.as_str())
    }

    /// Lines of env files that other readers take differently.
    pub(crate) fn ambiguities(&self, plan: &Plan) -> Vec<Finding> {
        let mut files = vec![self.checkout.join(".env")];
        files.extend(
            plan.services
                .iter()
                .flat_map(|service| &service.env_files)
                .map(|file| file.path.clone()),
        );
        files.sort();
        files.dedup();
        let of_file = |path: &PathBuf| {
            let bytes = files::read_regular(path, MAX_FILE_BYTES).unwrap_or_default();
            dotenv::ambiguities(path.strip_prefix(&self.checkout).unwrap_or(path), &bytes)
        };
        files
            .iter()
            .flat_map(of_file)
            .map(|(place, what)| ambiguous(&place, what))
            .collect()
    }

    /// As it is called in reports.
    pub(crate) fn name(&self) -> String {
        plan::project_name(&self.config, &self.checkout)
    }

    /// The plan for what was asked; see [`plan::plan`]. Nothing is changed.
    pub(crate) fn plan(&self, asked: &Selection) -> Result<Planned, Vec<Diagnostic>> {
        let reservations = Reservations::read(self.asker()).map_err(|problem| vec![problem])?;
        self.plan_with(asked, &reservations)
    }

    /// The same, where everything of it has to be right.
    pub(crate) fn look(&self, asked: &Selection) -> Result<Plan, Vec<Diagnostic>> {
        complete(self.plan(asked)?)
    }

    /// The same, by what `up` makes of the reservations. What `may_move` and a stack elsewhere has, be it just
    /// starting, gets another number at once: of several that begin together, each has its own before it looks for it.
    ///
    pub(crate) fn reserve(
        &self,
        asked: &Selection,
        ports: ReservationMode,
        may_move: &dyn Fn(&Service, &Port) -> bool,
        can_have: CanHave<'_>,
    ) -> Result<ReservedPlan, Vec<Diagnostic>> {
        let reservations = self.reservations(asked, ports)?;
        let mut plan = complete(self.plan_with(asked, &reservations)?)?;
        let mut yielded = reassigned_port(&plan, &reservations, may_move);
        let mut is_settled = yielded.is_empty();
        while !is_settled {
            for one in &yielded {
                reservations.move_on(&one.service, &one.port.key, can_have);
            }
            plan = complete(self.plan_with(asked, &reservations)?)?;
            let n = yielded.len();
            yielded.retain(|one| one.has_moved(&plan));
            is_settled = yielded.len() == n;
            if !is_settled {
                reservations.discard_moves();
            }
        }
        let (moves, displaced) = (reservations.moves(), reservations.displaced());
        let broken = self.note(reservations).map_err(|problem| vec![problem])?;
        Ok(ReservedPlan {
            plan,
            yielded,
            moves,
            displaced,
            broken,
        })
    }

    /// A plan in which ports that are taken, by service and key, have other numbers; one for which there is none has
    /// its own. `before` has moved already, and does not move again. `can_have` tells whether a service can have one
    /// for a key.
    pub(crate) fn move_on(
        &self,
        asked: &Selection,
        taken: &[(&str, &str)],
        before: &Moves,
        ports: ReservationMode,
        can_have: CanHave<'_>,
    ) -> Result<PendingReassignment<'_>, Vec<Diagnostic>> {
        let reservations = self.reservations(asked, ports)?.with(before);
        self.plan_with(asked, &reservations)?;
        for (service, key) in taken {
            reservations.move_on(service, key, can_have);
        }
        let plan = complete(self.plan_with(asked, &reservations)?)?;
        Ok(PendingReassignment {
            plan,
            project: self,
            reservations,
        })
    }

    /// Does everything follow the port, where it has another number? Nothing is noted, and no number is chosen.
    pub(crate) fn could_move(&self, asked: &Selection, service: &str, key: &str) -> bool {
        let Ok(reservations) = Reservations::read(self.asker()) else {
            return false;
        };
        if self.plan_with(asked, &reservations).is_err() {
            return false;
        }
        reservations.move_anywhere(service, key);
        let planned = self.plan_with(asked, &reservations);
        planned.is_ok_and(|(plan, _)| follows(&plan, service, key))
    }

    fn reservations(&self, asked: &Selection, ports: ReservationMode) -> Result<Reservations<'_>, Vec<Diagnostic>> {
        let reservations = match ports {
            ReservationMode::Save | ReservationMode::ResetAndSave => Reservations::lock(self.asker()),
            ReservationMode::ReadOnly | ReservationMode::ResetOnly => Reservations::read(self.asker()),
        };
        let mut reservations = reservations.map_err(|problem| vec![problem])?;
        match ports {
            ReservationMode::Save | ReservationMode::ReadOnly => {}
            // What is not started may run on where it is, and others are told that number.
            ReservationMode::ResetAndSave | ReservationMode::ResetOnly => {
                let (plan, _) = self.plan_with(asked, &reservations)?;
                plan.services
                    .iter()
                    .for_each(|service| reservations.forget(&service.name));
            }
        }
        Ok(reservations)
    }

    fn plan_with(&self, asked: &Selection, reservations: &Reservations<'_>) -> Result<Planned, Vec<Diagnostic>> {
        let read = |path: &Path| match files::read_regular(path, MAX_FILE_BYTES) {
            Ok(bytes) => Some(Ok(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => Some(Err(unreadable(path, &error))),
        };
        let outside = PlanInputs {
            checkout: &self.checkout,
            calling: &self.calling,
            read: &read,
            nearest_venv: &venvs::nearest,
            allocate: &|written| reservations.allocate(written),
        };
        plan::plan(&self.config, asked, &outside)
    }

    fn asker(&self) -> CheckoutRef<'_> {
        CheckoutRef {
            checkout: &self.checkout,
            file: &self.file,
            project: self.name(),
        }
    }

    fn note(&self, reservations: Reservations<'_>) -> Result<Option<PathBuf>, Diagnostic> {
        let services = self.service_names().collect::<Vec<_>>();
        reservations.note(&services, &mut self.noted.borrow_mut())
    }

    /// For who notes ports before it is known whether anything can be started on them.
    pub(crate) fn claim(&self) -> ReservationGuard<'_> {
        self.noted.take();
        ReservationGuard { project: self }
    }
}

impl ReservationGuard<'_> {
    /// Something is started on these ports.
    pub(crate) fn keep(self) {
        self.project.noted.take();
    }
}

impl Drop for ReservationGuard<'_> {
    fn drop(&mut self) {
        if let Some(change) = self.project.noted.take() {
            // Where nothing can be written, what was noted stays: the next `up` begins with it.
            let _ = change.take_back();
        }
    }
}

fn reassigned_port(
    plan: &Plan,
    reservations: &Reservations<'_>,
    may_move: &dyn Fn(&Service, &Port) -> bool,
) -> Vec<ReassignedPort> {
    let ports = plan
        .services
        .iter()
        .flat_map(|service| service.ports.iter().map(move |port| (service, port)));
    let movable = ports.filter(|(service, port)| may_move(service, port));
    let yielded = movable.filter_map(|(service, port)| {
        Some(ReassignedPort {
            service: service.name.clone(),
            port: port.clone(),
            rival: reservations.rival(port)?,
        })
    });
    yielded.collect()
}

impl ReassignedPort {
    /// It has not where its command does not follow: the start will show whether the number can be had.
    fn has_moved(&self, plan: &Plan) -> bool {
        let now = plan.port(&self.service, &self.port.key).map(|(_, port)| port.number);
        now != Some(self.port.number) && follows(plan, &self.service, &self.port.key)
    }
}

/// It has moved, and its service does not say the declared number by itself.
fn follows(plan: &Plan, service: &str, key: &str) -> bool {
    plan.port(service, key)
        .is_some_and(|(service, port)| match port.origin {
            Origin::Moved { from } => service.names(from).is_none(),
            Origin::Declared | Origin::Auto => false,
        })
}

impl PendingReassignment<'_> {
    /// All that have moved, earlier ones too.
    pub(crate) fn moves(&self) -> Moves {
        self.reservations.moves()
    }

    /// From now on every plan of this checkout has these numbers.
    pub(crate) fn keep(self) -> Result<Plan, Diagnostic> {
        self.project.note(self.reservations)?;
        Ok(self.plan)
    }
}

fn complete((plan, problems): Planned) -> Result<Plan, Vec<Diagnostic>> {
    if problems.is_empty() { Ok(plan) } else { Err(problems) }
}

/// An env file that is there.
fn unreadable(path: &Path, error: &std::io::Error) -> Diagnostic {
    let problem = problem("read", path, error).exit(Exit::Missing);
    match files::is_pipe(path) {
        // Source: developer.1password.com/docs/environments/local-env-file, "mounted as a UNIX named pipe".
        true => problem.hint(
            "write its variables into an ordinary file; or set `env_file = []` in [project], and let the tool that \
             serves the pipe start this one, as `op run -- …` of 1Password does",
        ),
        false => problem,
    }
}

fn ambiguous(place: &Place, message: String) -> Finding {
    Diagnostic::new(message)
        .code(Code::EnvAmbiguous)
        .level(Level::Warn)
        .exit(Exit::Done)
        .at(place)
        .about(Subject::default())
}

fn calling() -> Environment {
    let program = std::env::current_exe().ok();
    without_cargo(std::env::vars_os().collect(), program.as_deref())
}

fn not_utf8(file: &Path) -> Diagnostic {
    Diagnostic::new(format!("`{}` is not UTF-8 text", file.display()))
        .hint("save it as UTF-8")
        .exit(Exit::Usage)
}
