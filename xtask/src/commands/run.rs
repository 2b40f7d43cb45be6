//! `run`: a task on this terminal, after what it needs.

use crate::commands::events::Inbox;
use crate::commands::long_wait::{during, looks_at};
use crate::commands::venv::marked::{MarkedEnd, sync_marked};
use crate::commands::{CommandResult, Context, down, exit_after_print, tell, up, watching};
use crate::config;
use crate::diagnostic::{Diagnostic, Diagnostics, Exit, Hint};
use crate::plan::{Plan, Selection, Service, Venv, unknown};
use crate::preflight::needs::needs;
use crate::report::{json, tasks};
use crate::run::foreground;
use crate::run::project::Project;
use crate::run::run_status;
use crate::supervise::State;
use crate::supervise::steps::Running;
use crate::system::observe;
use crate::system::runs::StateDir;
use crate::system::venvs::VenvLooks;
use crate::system::venvs::sync::Syncer;

/// Run a task once, after the services and tasks that it needs
#[derive(clap::Args)]
#[command(after_help = "\
Without a name it lists the tasks. What the task needs is started first, and stopped again afterwards if
nothing ran before. On a running stack, what is missing is started and stays. The exit code is the task's own,
or that of `up` if what it needs does not come up.

Examples:
  devtasks run
  devtasks run migrate
  devtasks run test -- -k login -x

Exit codes:
  2    wrong usage, or devtasks.toml is wrong
  5    the command, its directory or its venv is missing")]
pub(crate) struct Args {
    /// The task
    task: Option<String>,
    /// Arguments for its command
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    arguments: Vec<String>,
}

pub(crate) fn run(args: Args, context: &Context) -> CommandResult {
    let project = Project::find(context.file.as_deref())?;
    match args.task {
        Some(name) => TaskRun::new(&project, &name, context)?.run(&args.arguments),
        None => Ok(exit_after_print(context.print(&list(&project, context)?), Exit::Done)),
    }
}

fn list(project: &Project, context: &Context) -> Result<String, Diagnostics> {
    let everything = Selection {
        everything: true,
        ..Selection::default()
    };
    // Only a task without problems has a command to show.
    let (plan, _) = project.plan(&everything)?;
    let tasks = project.config.services.iter().filter(|it| it.task);
    let tasks = tasks.map(|task| tasks::Task::new(task, plan.services.iter().find(|it| it.name == task.name)));
    let tasks: Vec<_> = tasks.collect();
    Ok(match context.json {
        true => json::line(&tasks::document(&tasks)),
        false => tasks::table(&tasks, context.paint()),
    })
}

/// A task, and what it needs.
struct TaskRun<'a> {
    project: &'a Project,
    name: &'a str,
    /// The services and tasks of its `depends_on`.
    needs: Vec<String>,
    context: Context,
}

impl<'a> TaskRun<'a> {
    fn new(project: &'a Project, name: &'a str, context: &Context) -> Result<Self, Diagnostics> {
        let task = find(project, name)?;
        Ok(TaskRun {
            project,
            name,
            needs: task.depends_on.iter().map(|it| it.service.value.clone()).collect(),
            context: context.for_people(),
        })
    }

    fn run(&self, arguments: &[String]) -> CommandResult {
        let inbox = Inbox::open(watching::last_words(&self.context))?;
        let before = run_status::running_services(&self.project.checkout)?;
        if self.needs.is_empty() || self.all_needs_are_up(&before) {
            return self.in_foreground(arguments, &inbox);
        }
        let brought_up = up::bring_up(self.needs.clone(), self.name, &inbox, &self.context);
        let mut inbox = inbox.next();
        let ended = match brought_up {
            Ok(Exit::Done) => self.in_foreground(arguments, &inbox),
            not_up => not_up,
        };
        // Another command may have started more meanwhile.
        let needed = self.all_needs();
        let now = run_status::running_services(&self.project.checkout)?;
        let mut left = now.iter().filter(|it| !it.state.is_over()).peekable();
        if before.is_empty() && left.peek().is_some() && left.all(|it| needed.contains(&it.service.name)) {
            inbox = inbox.next();
            let stopped = down::everything(&inbox, &self.context);
            return match ended {
                Ok(exit) if exit.code() == 0 => stopped,
                ended => ended,
            };
        }
        ended
    }

    /// Also what they need themselves.
    fn all_needs(&self) -> Vec<String> {
        let mut all = self.needs.clone();
        let mut at = 0;
        while let Some(name) = all.get(at) {
            let service = self.project.config.services.iter().find(|it| it.name == *name);
            let more = service
                .into_iter()
                .flat_map(|it| &it.depends_on)
                .map(|it| it.service.value.clone());
            let new: Vec<String> = more.filter(|name| !all.contains(name)).collect();
            all.extend(new);
            at += 1;
        }
        all
    }

    fn all_needs_are_up(&self, running: &[Running]) -> bool {
        let is_up = |name: &String| {
            let seen = running.iter().find(|it| it.service.name == *name);
            seen.is_some_and(|it| matches!(it.state, State::Running | State::Ready | State::Completed))
        };
        self.all_needs().iter().all(is_up)
    }

    /// The task itself, on this terminal.
    fn in_foreground(&self, arguments: &[String], inbox: &Inbox) -> CommandResult {
        let mut service = self.project.service_beside(self.name)?;
        service.command.append(arguments);
        let words = service.command.words.clone();
        let plan = Plan {
            project: self.project.name.clone(),
            checkout: self.project.checkout.clone(),
            on_exit: self.project.config.project.on_exit,
            log_export: Vec::new(),
            services: vec![service],
        };
        let directory = StateDir::of(&plan.checkout)?;
        let looks = VenvLooks::noted_in(&directory);
        let syncer = Syncer {
            checkout: &plan.checkout,
            notes: directory.venvs(),
            environment: &self.project.calling,
            looks: &looks,
            interrupt: &inbox.interrupt,
        };
        let venvs: Vec<&Venv> = plan.venvs().collect();
        match sync_marked(venvs, &syncer, &self.context) {
            MarkedEnd::Done(_) => {}
            MarkedEnd::Failed(finding) => {
                tell(&self.context.render_finding(&finding));
                return Ok(finding.exit);
            }
            MarkedEnd::Interrupted(state) => {
                return Ok(watching::interrupted(
                    &format!("{state}, and the task was not started"),
                    &self.context,
                ));
            }
        }
        let look = || observe::facts(&plan, &looks, &inbox.interrupt);
        let missing = needs(&plan, &during(looks_at(&plan), &self.context, look));
        let failed = missing.iter().filter(|found| found.exit != Exit::Done);
        missing
            .iter()
            .for_each(|found| tell(&self.context.render_finding(found)));
        match Exit::worst(failed.map(|found| found.exit)) {
            Exit::Done => self.start(&words, &plan.services[0], inbox),
            exit => Ok(exit),
        }
    }

    fn start(&self, words: &[String], service: &Service, inbox: &Inbox) -> CommandResult {
        let command = foreground::command(words, service, &self.project.checkout)?;
        let Inbox {
            receiver, interrupt, ..
        } = inbox;
        if interrupt.was_heard() {
            return Ok(watching::interrupted("the task was not started", &self.context));
        }
        interrupt.supervise();
        let mut child = foreground::start(command, &words[0])?;
        let status = foreground::wait(&mut child, receiver, interrupt);
        Ok(Exit::of_command(status.code, status.signal))
    }
}

fn find<'p>(project: &'p Project, name: &str) -> Result<&'p config::Service, Diagnostics> {
    let services = &project.config.services;
    match services.iter().find(|it| it.name == name) {
        Some(task) if task.task => Ok(task),
        Some(_) => {
            let problem = Diagnostic::new(format!("`{name}` is a service, and `run` runs tasks")).exit(Exit::Usage);
            Err(problem.hint(Hint::run("start it with", format!("up {name}"))).into())
        }
        None => {
            let tasks = services.iter().filter(|it| it.task).map(|it| it.name.as_str());
            Err(unknown("task", name, tasks).into())
        }
    }
}
